// Knows where a project keeps its standards for agents. Unaware of what they say.

import RopewalkCore

/// A project's standards, from the file in which agents look for them.
package enum ProjectContext {
  /// In the order of preference.
  package static let files = ["AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md"]
  /// A longer file is no list of standards.
  package static let maximumBytes = 256 << 10

  /// The first of the files that is there; nil when none is. One that is there and cannot be read (too
  /// long, binary, a link out of the folder) counts as missing, with a note that says so.
  ///
  /// - Parameter root: the top of a worktree.
  package static func read(root: String) -> (project: PromptParts.Quote?, notes: [String]) {
    var notes: [String] = []
    for file in files {
      do throws(InnerFile.Refusal) {
        let text = try InnerFile.text(file, in: root, limit: maximumBytes)
        if text.allSatisfy(\.isWhitespace) { continue }
        return (PromptParts.Quote(file, text), notes)
      } catch {
        if error.isAbsence { continue }
        notes.append(
          "the project's `\(file)` was not told: \(error.reason(folder: "the repository"))")
      }
    }
    return (nil, notes)
  }
}
