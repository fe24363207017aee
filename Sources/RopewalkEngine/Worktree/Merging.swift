// Knows how the results of several tasks become the commit that another task starts from.
// Unaware of worktrees: nothing is checked out.

import Foundation
import RopewalkCore

/// What became of a merge.
package enum MergeResult: Sendable, Hashable {
  case commit(ObjectID)
  /// The results of two, by the names that they were given with, do not fit together; paths are in git's order.
  case conflict(files: [String], between: (String, String))

  package static func == (left: MergeResult, right: MergeResult) -> Bool {
    switch (left, right) {
    case (.commit(let a), .commit(let b)): a == b
    case (.conflict(let a, let first), .conflict(let b, let second)): a == b && first == second
    case (.commit, .conflict), (.conflict, .commit): false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .commit(let commit): hasher.combine(commit)
    case .conflict(let files, let between):
      hasher.combine(files)
      hasher.combine(between.0)
      hasher.combine(between.1)
    }
  }
}

extension WorktreeStore {
  /// Merges the results of `needs`, in their order, without a checkout.
  ///
  /// A result that another one contains is left out; without any the answer is `base`, and a single one is the
  /// answer itself. Otherwise each is merged into those before it, one merge commit each.
  ///
  /// - Throws: `GitError`; `CancellationError` after the git call at hand.
  package func merge(
    needs: [(String, ObjectID)], base: ObjectID
  ) async throws -> MergeResult {
    let needs = try await independent(needs, base: base)
    guard var merged = needs.first?.1 else { return .commit(base) }
    for (index, need) in needs.enumerated().dropFirst() {
      try Task.checkCancellation()
      switch try await mergeTrees(merged, need.1) {
      case .tree(let tree):
        let names = needs[...index].map { "`\($0.0)`" }.joined(separator: ", ")
        merged = try await makeCommit(
          tree: tree, parents: [merged, need.1], message: "Merge the results of \(names)",
          date: try await latestDate([merged, need.1]))
      case .conflict(let files):
        for earlier in needs[..<index] {
          if case .conflict = try await mergeTrees(earlier.1, need.1) {
            return .conflict(files: files, between: (earlier.0, need.0))
          }
        }
        // Only together do the earlier ones clash with it; the nearest is told.
        return .conflict(files: files, between: (needs[index - 1].0, need.0))
      }
    }
    try Task.checkCancellation()
    return .commit(merged)
  }

  private func independent(
    _ needs: [(String, ObjectID)], base: ObjectID
  ) async throws -> [(String, ObjectID)] {
    var seen: Set = [base]
    let distinct = needs.filter { seen.insert($0.1).inserted }
    guard distinct.count > 1 else { return distinct }
    let answer = try await git.run(
      ["merge-base", "--independent"] + distinct.map(\.1.text), in: store)
    let wanted = Set(answer.text.split(separator: "\n").map(String.init))
    return distinct.filter { wanted.contains($0.1.text) }
  }

  /// That of the youngest: a merge that is made again after a crash is the same commit.
  private func latestDate(_ commits: [ObjectID]) async throws -> CommitDate? {
    let answer = try await git.run(
      ["show", "--no-patch", "--no-show-signature", "--format=%ct"] + commits.map(\.text), in: store
    )
    return answer.text.split(separator: "\n").compactMap { Int($0) }.max()
      .map { CommitDate(seconds: $0) }
  }

  private enum TreeMerge {
    case tree(ObjectID)
    case conflict([String])
  }

  private func mergeTrees(_ left: ObjectID, _ right: ObjectID) async throws -> TreeMerge {
    let answer = try await git.run(
      ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", left.text, right.text],
      in: store, accepting: [0, 1])
    let fields = answer.fields
    guard let tree = fields.first.flatMap(ObjectID.init) else {
      throw GitError(kind: .failed, command: "git merge-tree", says: answer.errors)
    }
    return answer.status == 0 ? .tree(tree) : .conflict(Array(fields.dropFirst()))
  }
}
