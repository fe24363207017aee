// Knows what was found in a worktree when it was collected.
// Unaware of how it is found.

import Foundation
import RopewalkCore

/// What an agent left in its worktree, made into one commit.
package struct Collected: Sendable, Hashable {
  /// Descends from the base and has exactly the collected files; the base itself where nothing differs.
  package let commit: ObjectID
  package let tree: ObjectID
  /// Whether the files differ from the base's.
  package let changed: Bool
  /// How many commits the agent left on its HEAD beyond the base.
  package let agentCommits: Int
  /// The changed paths, at most `Collected.fileLimit`; bytes that are not UTF-8 show as U+FFFD.
  package let files: [String]
  package let fileCount: Int
  /// What was out of the ordinary, as sentences for the report.
  package let oddities: [String]
  /// Whether the worktree holds work that is not in the commit and must be kept.
  package let keepsWorktree: Bool

  package static let fileLimit = 1000
}

/// An operation of git that was left half done, by the file or folder that shows it.
enum HalfDone: String, CaseIterable {
  case merge = "MERGE_HEAD"
  case rebase = "rebase-merge"
  case patches = "rebase-apply"
  case pick = "CHERRY_PICK_HEAD"
  case revert = "REVERT_HEAD"
  case bisect = "BISECT_LOG"
  case sequence = "sequencer"

  var words: String {
    switch self {
    case .merge: "a merge"
    case .rebase, .patches: "a rebase"
    case .pick: "a cherry-pick"
    case .revert: "a revert"
    case .bisect: "a bisection"
    case .sequence: "a series of cherry-picks or reverts"
    }
  }
}

extension Worktree {
  /// What HEAD holds: an object name, or `ref: NAME`.
  var head: String? {
    SmallFile.read(gitDirectory + "/HEAD")?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The commits that HEAD has been at, oldest first, as its log tells.
  var headLog: [ObjectID] {
    // Room for tens of thousands of moves of HEAD.
    let log = SmallFile.read(gitDirectory + "/logs/HEAD", limit: 8 << 20) ?? ""
    return log.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 2)
      return fields.count == 3 ? ObjectID(String(fields[1])) : nil
    }
  }
}
