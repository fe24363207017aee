// Knows that a user may keep instructions for agents. Unaware of what they say.

import RopewalkCore

/// A user's own instructions: `$XDG_CONFIG_HOME/ropewalk/instructions.json`.
package struct InstructionFile: Sendable {
  private let environment: [String: String]

  package init(environment: [String: String]) { self.environment = environment }

  /// The built-in instructions with the user's own above them.
  ///
  /// - Throws: `UserFileErrors` for a file that is refused; `SystemError` for one that cannot be read.
  package func instructions() throws -> AgentInstructions {
    var instructions = AgentInstructions.builtIn()
    guard let (path, text) = try UserFile.instructions.read(environment) else {
      return instructions
    }
    do throws(PlanErrors) {
      try instructions.add(text)
    } catch {
      throw UserFileErrors(file: .instructions, path: path, errors: error)
    }
    return instructions
  }
}
