// Knows how the files that a task's `context` names are had. Unaware of how they are told.

import RopewalkCore

/// A file that a task's `context` names and that cannot be told.
package struct ContextFileError: Error, Sendable, Equatable, CustomStringConvertible {
  package var path: String
  package var reason: String

  package var description: String {
    "the file `\(path)`, which the task's `context` names, cannot be told: \(reason)"
  }
}

package enum ContextFiles {
  /// What the limit on the whole prompt is for; this one only keeps memory bounded.
  package static let maximumBytes = 10 << 20

  /// Reads the files, in the order given.
  ///
  /// - Parameter mayBeGone: whether a file that is missing is told in a note instead of refused.
  /// - Throws: `ContextFileError` for the first one that is missing, binary, too large, or reached
  ///   through a link out of the worktree.
  package static func read(
    _ paths: [String], in worktree: String, mayBeGone: Bool = false
  ) throws(ContextFileError) -> (files: [PromptParts.Quote], notes: [String]) {
    var quotes: [PromptParts.Quote] = []
    var notes: [String] = []
    for path in paths {
      do throws(InnerFile.Refusal) {
        let text = try InnerFile.text(path, in: worktree, limit: maximumBytes)
        // Git, too, takes a file with a NUL byte for binary.
        if text.utf8.contains(0) { throw .notText }
        quotes.append(PromptParts.Quote(path, text))
      } catch {
        guard mayBeGone, error.isAbsence else {
          throw ContextFileError(path: path, reason: error.reason(folder: "the worktree"))
        }
        notes.append("the file `\(path)` is gone and was not told")
      }
    }
    return (quotes, notes)
  }
}
