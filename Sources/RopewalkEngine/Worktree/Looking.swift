// Knows how commits are shown and listed. Unaware of worktrees: nothing is checked out.

import Foundation
import RopewalkCore

extension WorktreeStore {
  /// What changed between two commits, as `git diff --stat --patch` shows it; no filter, driver or pager of the
  /// user's is run.
  ///
  /// - Parameter limit: more bytes than this are cut off at the end of a line.
  package func diff(
    from: ObjectID, to: ObjectID, limit: Int
  ) async throws -> (text: String, isCut: Bool) {
    let answer = try await git.run(
      [
        "diff", "--no-color", "--no-ext-diff", "--no-textconv", "--stat", "--patch", from.text,
        to.text, "--",
      ], in: store)
    guard answer.output.count > limit else {
      return (String(decoding: answer.output, as: UTF8.self), false)
    }
    let kept = answer.output.prefix(limit)
    let end = kept.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? kept.endIndex
    return (String(decoding: kept[..<end], as: UTF8.self), true)
  }

  /// How many files differ between two commits; a renamed one counts twice.
  package func changedFiles(from: ObjectID, to: ObjectID) async throws -> Int {
    let answer = try await git.run(
      ["diff-tree", "-r", "-z", "--name-only", "--no-renames", from.text, to.text, "--"], in: store)
    return answer.fields.count
  }

  /// The paths of a commit's files that match a glob as git understands it (`**` included), in git's order.
  package func paths(in commit: ObjectID, matching glob: String) async throws -> [String] {
    let empty = try await git.run(["hash-object", "-t", "tree", "/dev/null"], in: store).text
    let answer = try await git.run(
      [
        "diff-tree", "-r", "-z", "--name-only", "--no-renames", empty, commit.text, "--",
        ":(top,glob)" + glob,
      ], in: store)
    return answer.fields
  }
}
