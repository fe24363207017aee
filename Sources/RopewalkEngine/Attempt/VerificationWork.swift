// Knows how a task's commands are run on a result. Unaware of who made the result.

import Foundation
import RopewalkCore
import RopewalkWire

/// Runs the task's verification commands in a worktree, on exactly the tree that it holds.
struct VerificationWork {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let control: AttemptControl
  let reporter: any AttemptReporter
  /// Who made the result; nil where it was merged of several.
  var agent: ResolvedAgent?
  /// What kept its writes in, and keeps those of what it wrote in as well.
  var fence: AttemptFence?

  /// Whether all passed; the first that fails is told in `result`, and the rest is not run.
  func run(
    _ worktree: Worktree, tree: ObjectID, _ result: inout AttemptResult
  ) async throws -> Bool {
    for (index, command) in order.task.verify.enumerated() {
      let check = try await run(command, number: index + 1, worktree, tree)
      await reporter.verified(check)
      if !check.passed {
        result.message = "`\(check.command)` failed: \(check.message ?? "")"
        result.stderrTail = check.tail
        return false
      }
    }
    guard try await site.worktrees.isTree(worktree, tree) else {
      result.notes.append("the verification changed files; the result is the tree before it")
      return true
    }
    return true
  }

  private func run(
    _ command: VerifyCommand, number: Int, _ worktree: Worktree, _ tree: ObjectID
  ) async throws -> Verification {
    let folder = AttemptFolder(
      path: site.folder.absolute(
        RunFolder.verification(order.task.id, order.attempt, number)))
    let marks = order.marks(site.folder.run)
    var spec = AttemptSpec(
      program: command.program(
        ProgramSearch(environment: site.attendant.environment, directory: worktree.path)),
      arguments: command.arguments, environment: marks, directory: worktree.path,
      timeout: order.task.timeout?.milliseconds, grace: order.task.grace.milliseconds,
      orphanGrace: site.attendant.orphanGrace, openFiles: Int(Spawner.inheritedOpenFiles))
    let fence = try await raised(worktree, folder)
    (fence ?? self.fence)?.confine(&spec)
    let limits = site.plan.limits(of: order.task, by: agent?.agent)
    let group = site.confinement.group(
      "ropewalk-\(site.folder.run)-\(order.task.id)-\(order.attempt)-verify-\(number)", for: limits)
    site.confinement.limit(&spec, limits, in: group)
    try folder.create(spec, prompt: nil)
    await control.untilResumed()
    try group?.make(limits)
    defer { group?.remove() }
    let attended = try await site.attendant.start(folder)
    let end = await attended.ended(by: control, marks: marks)
    await fence?.lower()
    return try VerificationReading(folder: folder, spec: spec).read(
      end, command: command.text, tree: tree, cancelled: control.reason)
  }

  /// A fence of its own, where there was none for the agent although the plan asks for one: for a merged result.
  private func raised(
    _ worktree: Worktree, _ folder: AttemptFolder
  ) async throws -> AttemptFence? {
    guard fence == nil, agent == nil else { return nil }
    return try await AttemptFence.raise(
      site, order, agent: nil, worktree: worktree, directory: worktree.path, folder: folder)
  }
}
