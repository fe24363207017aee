// Knows how the results of a strategy's members become the task's. Unaware of the strategy.

import Foundation
import RopewalkCore
import RopewalkWire

/// Makes one result of several, verifies it and ties it; no agent is asked.
struct MergeWork {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let parts: [Step.Part]
  let start: ObjectID
  let control: AttemptControl
  let reporter: any AttemptReporter
  /// Makes the step's worktree hold a commit.
  let checkOut: (ObjectID) async throws -> TaskPlace

  func run() async throws -> AttemptResult {
    try await site.announce(
      order, program: site.worktrees.git.executable, worktree: nil, start: start, to: reporter)
    let merged: ObjectID
    switch try await site.worktrees.merge(
      needs: parts.map { ($0.label, $0.commit) }, base: start)
    {
    case .commit(let commit): merged = commit
    case .conflict(let files, let between):
      throw MergeConflict(what: "the results of", files: files, between.0, between.1)
    }
    return try await result(of: merged)
  }

  private func result(of merged: ObjectID) async throws -> AttemptResult {
    var result = AttemptResult()
    result.text = order.step.answer
    result.tree = try await site.worktrees.tree(of: merged)
    let changed = try await site.worktrees.changedFiles(from: start, to: merged)
    if changed > 0 { result.changedFiles = changed }
    let verified = try await verify(merged, &result)
    result.weigh(order.step.expect, changed: changed > 0, verified: verified, declared: nil)
    if result.cause == nil {
      result.ref = try await site.tie(merged, of: order)
      result.commit = merged
    } else if merged != start {
      let ref = order.snapshotRef(site.folder.run)
      try await site.worktrees.tie(ref: ref, to: merged)
      (result.ref, result.commit) = (ref, merged)
    }
    return result
  }

  /// Nil when nothing was asked for; the worktree is made only for it.
  private func verify(_ merged: ObjectID, _ result: inout AttemptResult) async throws -> Bool? {
    guard order.step.verifies, !order.task.verify.isEmpty, let tree = result.tree else {
      return nil
    }
    let place = try await checkOut(merged)
    guard let worktree = place.worktree else { return nil }
    return try await VerificationWork(
      site: site, order: order, control: control, reporter: reporter
    ).run(worktree, tree: tree, &result)
  }
}

/// Results that do not merge.
struct MergeConflict: Error, CustomStringConvertible {
  var what: String
  var files: [String]
  var first: String
  var second: String

  init(what: String, files: [String], _ first: String, _ second: String) {
    self.what = what
    self.files = files
    self.first = first
    self.second = second
  }

  var description: String {
    let shown = files.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
    let more = files.count > 5 ? " and \(files.count - 5) more" : ""
    return "\(what) `\(first)` and `\(second)` do not merge: both changed \(shown)\(more)"
  }
}
