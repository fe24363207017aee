// Knows every way in which a worktree can be unfit, and the words for each.
// Unaware of git's own complaints.

import Foundation
import RopewalkCore

/// What is wrong with a worktree, its place or its branch. Nothing of the user's was touched.
package enum WorktreeError: Error, Equatable, CustomStringConvertible {
  /// A folder that is needed cannot be had; the second is the system's error number.
  case unusable(path: String, code: Int32)
  /// Something that is not a folder stands where a folder is needed.
  case notAFolder(path: String)
  case pathTaken(path: String)
  case badName(String)
  case tooLong(path: String, bytes: Int, limit: Int)
  /// The worktree was removed, moved, or replaced by something else.
  case worktreeGone(path: String)
  /// What git knows about the worktree was rewritten: running git there could run anything.
  case rewritten(path: String)
  /// The repository itself was removed or moved.
  case repositoryGone(path: String)
  /// A branch or ref is not where it was expected; the commits are texts or "absent".
  case refMoved(ref: String, expected: String, found: String)
  case checkedOut(branch: String, at: String)
  /// Names that cannot be used, each with its reason as a sentence.
  case names([String])

  package var description: String {
    switch self {
    case .unusable(let path, let code):
      "cannot use `\(path)`: \(String(cString: strerror(code)).lowercased())\(Self.help(code))"
    case .notAFolder(let path):
      "`\(path)` is not a folder; ropewalk keeps its worktrees there: move it away"
    case .pathTaken(let path):
      "`\(path)` exists already and is left as it is; move it away or start another run"
    case .badName(let name):
      "`\(name)` cannot name a worktree's folder"
    case .tooLong(let path, let bytes, let limit):
      "`\(path)` has \(bytes) bytes where the system takes \(limit)"
    case .worktreeGone(let path):
      "the worktree `\(path)` is gone: it was removed, moved or replaced while in use"
    case .rewritten(let path):
      "`\(path)` was rewritten while the worktree was in use; git is not run there any more"
    case .repositoryGone(let path):
      "the repository `\(path)` is gone: it was removed or moved, or its disk is not mounted"
    case .refMoved(let ref, let expected, let found):
      "`\(ref)` is at \(found), not at \(expected): someone else moved it, and it is left there"
    case .checkedOut(let branch, let place):
      "the branch `\(branch)` is checked out in `\(place)`; switch that checkout to another branch"
    case .names(let reasons):
      reasons.joined(separator: "\n")
    }
  }

  private static func help(_ code: Int32) -> String {
    switch code {
    case ENOSPC, EDQUOT: "; free space or inodes on that disk"
    case EACCES, EPERM, EROFS: "; ropewalk must be able to write there"
    default: ""
    }
  }
}
