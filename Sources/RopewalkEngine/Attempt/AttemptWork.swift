// Knows the steps of one attempt from its worktree to its result. Unaware of other attempts.

import Foundation
import RopewalkCore
import RopewalkWire

/// One attempt under way: start the agent, read it, judge it, commit, verify, publish.
struct AttemptWork {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let place: TaskPlace
  let control: AttemptControl
  let reporter: any AttemptReporter

  let agent: ResolvedAgent

  private var id: TaskID { order.task.id }
  private var folder: AttemptFolder {
    AttemptFolder(path: site.folder.absolute(RunFolder.attempt(id, order.attempt)))
  }

  /// - Throws: when nothing could be started; what has run always has a result with its usage.
  func run() async throws -> AttemptResult {
    let prompt = try await PromptWork(
      site: site, order: order, agent: agent, worktree: place.path, hasSession: session != nil,
      control: control
    ).prompt(announce: announce)
    if let spent = prompt.spent { await reporter.agent(.usage(spent)) }
    var result: AttemptResult
    do {
      result = try await work(prompt)
    } catch {
      guard prompt.spent != nil else { throw error }
      result = ProcessAttempts.failure(error)
    }
    result.notes = prompt.notes + result.notes
    if let spent = prompt.spent {
      result.agentUsage = result.usage
      result.usage = result.usage.map { spent.adding($0) } ?? spent
    }
    return result
  }

  /// Tells what is about to be started, before it is.
  private func announce() async throws {
    // A summary for the prompt may take minutes; the others need not wait for it.
    order.startGroup?.leave()
    try await site.announce(
      order, program: agent.program, worktree: place.worktree, start: place.start, to: reporter)
  }

  private var session: String? { site.session(of: order) }

  /// Goes on with what another engine has begun: awaits its end, or takes the end that it came to meanwhile.
  ///
  /// - Throws: when what it was told cannot be read.
  func recover(_ found: AttemptRecovery.Found) async throws -> AttemptResult {
    guard let spec = found.spec else { throw WorktreeError.worktreeGone(path: folder.path) }
    // A prompt that was given as an argument is in the spec; its size is of no account.
    let prompt = (try? FileBytes.read(folder.prompt, limit: 64 << 20)) ?? []
    let text = String(decoding: prompt, as: UTF8.self)
    let invocation = try agent.invocation(
      prompt: text, worktree: place.path, attempt: folder.path, session: session)
    var call = AgentCall(
      site: site, order: order, agent: agent, folder: folder, control: control)
    call.fence = try await AttemptFence.raise(
      site, order, agent: agent, worktree: place.worktree, directory: place.path, folder: folder,
      prompt: invocation.promptFile != nil)
    return try await EscapeCheck(
      site: site, order: order, place: place, folder: folder, fence: call.fence
    ).watching { check in
      var ended = await call.take(
        found.source, invocation, spec, prompt: text,
        resuming: session == nil ? nil : order.sessionUsage, skipping: found.toldEvents,
        reporter: reporter)
      if ended.result.cause == .lost || ended.result.cause == .cancelled, control.reason == nil {
        // It did not fail: nobody was there any more.
        ended.result.cause = .orphaned
        ended.result.verdict = nil
      }
      return await finish(ended, call, check)
    }
  }

  private func work(_ prompt: AttemptPrompt) async throws -> AttemptResult {
    var call = AgentCall(
      site: site, order: order, agent: agent, folder: folder, control: control)
    let invocation = try agent.invocation(
      prompt: prompt.text, worktree: place.path, attempt: folder.path, session: session)
    call.fence = try await AttemptFence.raise(
      site, order, agent: agent, worktree: place.worktree, directory: place.path, folder: folder,
      prompt: invocation.promptFile != nil)
    let spec = call.spec(invocation, directory: place.path)
    try folder.create(spec, prompt: invocation.stdin ?? invocation.promptFile)
    await order.startGroup?.arrive()
    if control.reason != nil { return AttemptResult(failed: .cancelled, "") }
    if !prompt.isAnnounced { try await announce() }
    return try await EscapeCheck(
      site: site, order: order, place: place, folder: folder, fence: call.fence
    ).watching {
      check in
      var ended = try await call.run(
        invocation, spec, prompt: prompt.text,
        resuming: session == nil ? nil : order.sessionUsage, spent: prompt.spent,
        reporter: reporter)
      ended.result.notes = invocation.warnings + ended.result.notes
      return await finish(ended, call, check)
    }
  }

  /// From what the program said of itself to what its work is worth.
  private func finish(
    _ ended: AgentCall.Ended, _ call: AgentCall, _ check: EscapeCheck
  ) async -> AttemptResult {
    var result = ended.result
    if let fence = call.fence { await takeOver(from: fence, &result) }
    await check.look(&result)
    await keep(&result, ended.outcome, check)
    await call.fence?.lower()
    return result
  }

  // MARK: - The work

  private func takeOver(from fence: AttemptFence, _ result: inout AttemptResult) async {
    guard let worktree = place.worktree,
      let refusal = await fence.takeOver(
        from: worktree, start: place.start, into: site.worktrees)
    else { return }
    result.notes.append(refusal)
  }

  /// Commits what the agent left and ties it: a success by its branch, the rest by a snapshot.
  private func keep(
    _ result: inout AttemptResult, _ outcome: AgentOutcome, _ check: EscapeCheck
  ) async {
    do {
      if result.cause != nil { result.stderrTail = try stderrTail() }
      guard let worktree = place.worktree else {
        return result.weigh(
          order.step.expect, changed: false, verified: nil, declared: outcome.declaredNoChange)
      }
      if result.cause == nil { try await publish(worktree, &result, outcome, check) }
      if result.cause != nil { try await snapshot(worktree, &result) }
    } catch {
      // What the agent said and used stays known, whatever became of its work.
      if result.cause == nil {
        let cause = ProcessAttempts.failure(error).cause
        result.verdict = nil
        result.cause =
          error is WorktreeError ? .worktreeGone : cause == .couldNotStart ? .lost : cause
        result.message = "\(error)"
      } else {
        result.notes.append("\(error)")
      }
    }
  }

  /// Commits, verifies, weighs, and makes the branch when the result is good.
  private func publish(
    _ worktree: Worktree, _ result: inout AttemptResult, _ outcome: AgentOutcome,
    _ check: EscapeCheck
  ) async throws {
    if let tied = try await tiedBefore() {
      return try await take(tied, &result, declared: outcome.declaredNoChange)
    }
    let collected = try await site.worktrees.collect(
      worktree, message: message(result), base: place.start, date: date)
    result.notes += collected.oddities
    result.tree = collected.tree
    result.changedFiles = collected.changed ? collected.fileCount : nil
    var verified: Bool?
    if order.step.verifies, !order.task.verify.isEmpty {
      verified = try await VerificationWork(
        site: site, order: order, control: control, reporter: reporter, agent: agent,
        fence: check.fence
      ).run(worktree, tree: collected.tree, &result)
      await check.look(&result)
    }
    result.weigh(
      order.step.expect, changed: collected.changed, verified: verified,
      declared: outcome.declaredNoChange)
    guard result.cause == nil, order.step.publishes || collected.commit != place.start else {
      return
    }
    result.ref = try await site.tie(collected.commit, of: order)
    result.commit = collected.commit
  }

  /// What the engine that began it has tied of a member's work already: those after it may have worked on since.
  private func tiedBefore() async throws -> ObjectID? {
    guard order.recovery != nil, !order.step.publishes else { return nil }
    return try await site.worktrees.commit(at: site.contributionRef(of: order))
  }

  private func take(
    _ commit: ObjectID, _ result: inout AttemptResult, declared: String?
  ) async throws {
    let changed = try await site.worktrees.changedFiles(from: place.start, to: commit)
    result.tree = try await site.worktrees.tree(of: commit)
    result.changedFiles = changed > 0 ? changed : nil
    // Only what had passed was tied.
    let verified = order.step.verifies && !order.task.verify.isEmpty ? true : nil
    result.weigh(order.step.expect, changed: changed > 0, verified: verified, declared: declared)
    (result.commit, result.ref) = (commit, site.contributionRef(of: order))
  }

  /// Ties what a failed attempt left, if it left anything.
  private func snapshot(_ worktree: Worktree, _ result: inout AttemptResult) async throws {
    let ref = order.snapshotRef(site.folder.run)
    guard
      let kept = try await site.worktrees.keepSnapshot(
        worktree, ref: ref, message: message(result), base: place.start, date: date)
    else { return }
    result.notes += kept.oddities.filter { !result.notes.contains($0) }
    result.tree = kept.tree
    result.changedFiles = kept.fileCount
    result.commit = kept.commit
    result.ref = ref
  }

  /// When the agent ended: made again after a crash, the commit is the same one.
  private var date: CommitDate? {
    // Without a record the present time does as well as any.
    guard let record = try? folder.endRecord() else { return nil }
    return CommitDate(seconds: record.startedAt / 1000 + Int(record.seconds))
  }

  private func message(_ result: AttemptResult) -> String {
    let firstLine = order.task.prompt.source.split(whereSeparator: \.isNewline).first ?? ""
    let title = result.cause == nil ? "" : " (attempt \(order.attempt), not completed)"
    return """
      \(id)\(title): \(String(firstLine).safeLine.cut(to: 60))

      Ropewalk-Run: \(site.folder.run)
      Ropewalk-Task: \(id)
      Ropewalk-Attempt: \(order.attempt)
      """
  }

  private func stderrTail() throws -> String? {
    let tail = try folder.stderrTail()
    return tail.isEmpty ? nil : String(decoding: tail, as: UTF8.self)
  }
}
