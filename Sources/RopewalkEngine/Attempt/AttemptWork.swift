// Knows the steps of one attempt from its worktree to its result. Unaware of other attempts.

import Foundation
import RopewalkCore
import RopewalkWire
import Synchronization

/// One attempt under way: start the agent, read it, judge it, commit, verify, publish.
struct AttemptWork {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let place: TaskPlace
  let control: AttemptControl
  let reporter: any AttemptReporter

  let agent: ResolvedAgent

  private var id: TaskID { order.task.id }
  private var folderName: String { RunFolder.attempt(id, order.attempt) }
  private var folder: AttemptFolder { AttemptFolder(path: site.folder.absolute(folderName)) }

  func run() async throws -> AttemptResult {
    let invocation = try agent.invocation(
      prompt: try await prompt(), worktree: place.path, attempt: folder.path, session: session)
    let spec = spec(invocation)
    try folder.create(spec, prompt: invocation.stdin ?? invocation.promptFile)
    if control.reason != nil { return AttemptResult(failed: .cancelled, "") }
    await reporter.starting(
      AttemptStart(
        folder: folderName, worktree: place.worktree?.path, start: place.start,
        program: spec.program, isRepair: order.purpose == .repair, step: order.info))
    let (end, outcome) = try await attend(invocation, spec)
    var result = judge(end, outcome, spec)
    result.notes = invocation.warnings + result.notes
    try await keep(&result, outcome)
    return result
  }

  // MARK: - The agent

  private var session: String? {
    guard order.purpose == .repair, agent.spec.canResume else { return nil }
    return order.previous?.sessionID
  }

  private func prompt() async throws -> String {
    let rendered = try await PromptRendering(site: site, order: order, worktree: place.path).text()
    if order.purpose == .repair {
      return PromptText.repair(
        task: rendered, failure: order.previous?.message ?? "",
        tail: order.previous?.stderrTail ?? "", hasSession: session != nil)
    }
    return PromptText.complete(rendered, role: agent.role, expectation: order.step.expect)
  }

  private func spec(_ invocation: Invocation) -> AttemptSpec {
    AttemptSpec(
      program: agent.program, arguments: invocation.arguments, name: agent.name,
      environment: invocation.environment.merging(order.marks(site.folder.run)) { $1 },
      unset: invocation.unset, directory: place.path,
      stdin: invocation.stdin == nil ? nil : folder.prompt,
      timeout: order.task.timeout?.milliseconds, idleTimeout: order.task.idleTimeout?.milliseconds,
      grace: order.task.grace.milliseconds, openFiles: Int(Spawner.inheritedOpenFiles))
  }

  /// Starts the agent, reads it to its end, and takes the tree's end.
  private func attend(
    _ invocation: Invocation, _ spec: AttemptSpec
  ) async throws -> (Attended.End, AgentOutcome) {
    let attended = try await site.attendant.start(folder)
    let afterTerminal = AfterTerminal()
    var stream = AgentStream(
      path: folder.stdout,
      decoder: AgentOutputDecoder(agent.rules, resuming: session == nil ? nil : order.sessionUsage))
    let end = try await site.watcher.watching(folder.stdout) { watch in
      async let ended = ended(attended, watch)
      try await stream.read(watch, reporter) { isDone in
        if isDone { afterTerminal.begin(attended) } else { afterTerminal.cancel() }
      }
      return await ended
    }
    afterTerminal.cancel()
    var decoder = stream.decoder
    let stderr = try FileBytes.tail(folder.stderr, count: 64 << 10)
    let outcome = decoder.finish(
      end.program(endedAfterResult: afterTerminal.hasEnded),
      stderr: stderr, resultFile: try resultFile(invocation))
    return (end, outcome)
  }

  /// The CLI's result file; nil when it has none, or left none.
  private func resultFile(_ invocation: Invocation) throws(SystemError) -> [UInt8]? {
    guard let path = invocation.resultFile else { return nil }
    do throws(SystemError) {
      return try FileBytes.read(path, limit: 64 << 20)
    } catch {
      // A CLI that failed early has written none, and one of that size is none of its own.
      if error.errno == ENOENT || error.errno == EFBIG { return nil }
      throw error
    }
  }

  /// Waits for the tree's end; what a killed attendant left behind is ended here.
  private func ended(_ attended: Attended, _ watch: FileWatcher.Watch) async -> Attended.End {
    let end = await attended.ended(by: control, marks: order.marks(site.folder.run))
    watch.finish()
    return end
  }

  // MARK: - The judgement

  private func judge(
    _ end: Attended.End, _ outcome: AgentOutcome, _ spec: AttemptSpec
  ) -> AttemptResult {
    var result: AttemptResult
    switch end {
    case .lost(let what): result = AttemptResult(failed: .lost, what)
    case .recorded(let record):
      if let failure = Judgement.failure(of: record, spec: spec, cancelled: control.reason) {
        result = failure
      } else {
        result = Self.account(outcome)
        result.message = Judgement.words(for: outcome, record)
      }
      result.record(record)
    }
    if result.cause != .couldNotStart { result.record(outcome) }
    if let until = outcome.rateLimitedUntil {
      // Whatever a CLI claims, no pause is longer than a day.
      let moment = min(max(0, until), 1 << 40)
      let seconds = min(max(0, moment - site.now().milliseconds / 1000), 86_400)
      result.retryAfter = .seconds(seconds)
    }
    return result
  }

  private static func account(_ outcome: AgentOutcome) -> AttemptResult {
    var result = AttemptResult()
    result.cause = outcome.ok ? nil : outcome.cause ?? .agentError
    if result.cause == .incomplete { result.verdict = .incomplete }
    return result
  }

  // MARK: - The work

  /// Commits what the agent left and ties it: a success by its branch, the rest by a snapshot.
  private func keep(_ result: inout AttemptResult, _ outcome: AgentOutcome) async throws {
    if result.cause != nil { result.stderrTail = try stderrTail() }
    guard let worktree = place.worktree else {
      return result.weigh(
        order.step.expect, changed: false, verified: nil, declared: outcome.declaredNoChange)
    }
    do {
      if result.cause == nil { try await publish(worktree, &result, outcome) }
      if result.cause != nil { try await snapshot(worktree, &result) }
    } catch let error as WorktreeError {
      if result.cause == nil {
        result.cause = .worktreeGone
        result.message = "\(error)"
      } else {
        result.notes.append("\(error)")
      }
    }
  }

  /// Commits, verifies, weighs, and makes the branch when the result is good.
  private func publish(
    _ worktree: Worktree, _ result: inout AttemptResult, _ outcome: AgentOutcome
  ) async throws {
    let collected = try await site.worktrees.collect(
      worktree, message: message(result), base: place.start)
    result.notes += collected.oddities
    result.tree = collected.tree
    result.changedFiles = collected.changed ? collected.fileCount : nil
    var verified: Bool?
    if order.step.verifies, !order.task.verify.isEmpty {
      verified = try await VerificationWork(
        site: site, order: order, control: control, reporter: reporter
      ).run(worktree, tree: collected.tree, &result)
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

  /// Ties what a failed attempt left, if it left anything.
  private func snapshot(_ worktree: Worktree, _ result: inout AttemptResult) async throws {
    let ref = "refs/ropewalk/snapshots/\(site.folder.run)/\(id)/\(order.attempt)"
    guard
      let kept = try await site.worktrees.keepSnapshot(
        worktree, ref: ref, message: message(result), base: place.start)
    else { return }
    result.notes += kept.oddities.filter { !result.notes.contains($0) }
    result.tree = kept.tree
    result.changedFiles = kept.fileCount
    result.commit = kept.commit
    result.ref = ref
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
