// Knows where a user keeps instructions for agents. Unaware of what they say.

import Foundation
import RopewalkCore

/// A user's own instructions: `$XDG_CONFIG_HOME/ropewalk/instructions.json`.
package struct InstructionFile: Sendable {
  private let path: String?

  package init(environment: [String: String]) {
    let home = environment["HOME"].map { $0 + "/.config" }
    path = (environment["XDG_CONFIG_HOME"] ?? home).map { $0 + "/ropewalk/instructions.json" }
  }

  /// The built-in instructions with the user's own above them.
  ///
  /// - Throws: `PlanRefusal` when the file is refused; `SystemError` when it cannot be read.
  package func instructions() throws -> AgentInstructions {
    var instructions = AgentInstructions.builtIn()
    guard let path, FileManager.default.fileExists(atPath: path) else { return instructions }
    let text = try FileBytes.read(path, limit: 1 << 20)
    do throws(PlanErrors) {
      try instructions.add(text)
    } catch {
      throw PlanRefusal(file: path, errors: error)
    }
    return instructions
  }
}
