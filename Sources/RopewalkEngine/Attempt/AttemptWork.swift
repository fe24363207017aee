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

  private var id: TaskID { order.task.id }
  private var folderName: String { RunFolder.attempt(id, order.attempt) }
  private var folder: AttemptFolder { AttemptFolder(path: site.folder.absolute(folderName)) }

  /// Marks by which every process of the attempt is known.
  private var marks: [String: String] {
    [
      "ROPEWALK_RUN": site.folder.run.text, "ROPEWALK_TASK": id.text,
      "ROPEWALK_ATTEMPT": String(order.attempt),
    ]
  }

  func run() async throws -> AttemptResult {
    guard let agent = site.agents[id] else {
      preconditionFailure("the task `\(id)` has no agent")
    }
    let invocation = try agent.invocation(
      prompt: prompt(agent), worktree: place.path, attempt: folder.path, session: session)
    let spec = spec(agent, invocation)
    try folder.create(spec, prompt: invocation.stdin ?? invocation.promptFile)
    if control.reason != nil { return AttemptResult(failed: .cancelled, "") }
    await reporter.starting(
      AttemptStart(
        folder: folderName, worktree: place.worktree?.path, start: place.start,
        program: spec.program, isRepair: order.purpose == .repair))
    let (end, outcome) = try await attend(agent, invocation, spec)
    var result = judge(end, outcome, spec)
    result.notes = invocation.warnings + result.notes
    try await keep(&result, outcome)
    return result
  }

  // MARK: - The agent

  private var session: String? {
    guard order.purpose == .repair, site.agents[id]?.spec.canResume == true else { return nil }
    return order.previous?.sessionID
  }

  private func prompt(_ agent: ResolvedAgent) -> String {
    if order.purpose == .repair {
      return PromptText.repair(
        task: renderedPrompt, failure: order.previous?.message ?? "",
        tail: order.previous?.stderrTail ?? "", hasSession: session != nil)
    }
    return PromptText.complete(renderedPrompt, role: agent.role, expectation: order.task.expect)
  }

  private var renderedPrompt: String {
    order.task.prompt.render { name in
      switch name {
      case .taskID: id.text
      case .run: site.folder.run.text
      case .worktree: place.path
      case .variable(let variable): site.plan.value(ofVariable: variable, in: order.task) ?? ""
      case .needOutput(let need): order.mentioned[need]?.output ?? ""
      case .needBranch(let need): order.mentioned[need]?.branch ?? ""
      }
    }
  }

  private func spec(_ agent: ResolvedAgent, _ invocation: Invocation) -> AttemptSpec {
    AttemptSpec(
      program: agent.program, arguments: invocation.arguments, name: agent.name,
      environment: invocation.environment.merging(marks) { $1 }, unset: invocation.unset,
      directory: place.path, stdin: invocation.stdin == nil ? nil : folder.prompt,
      timeout: order.task.timeout?.milliseconds, idleTimeout: order.task.idleTimeout?.milliseconds,
      grace: order.task.grace.milliseconds, openFiles: Int(Spawner.inheritedOpenFiles))
  }

  /// Starts the agent, reads it to its end, and takes the tree's end.
  private func attend(
    _ agent: ResolvedAgent, _ invocation: Invocation, _ spec: AttemptSpec
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
    let end = await ended(attended)
    watch.finish()
    return end
  }

  private func ended(_ attended: Attended) async -> Attended.End {
    let end = await control.onCancel(
      { attended.end(hard: $0.isHard) }, during: { await attended.ended() })
    if case .lost = end { _ = await OrphanTree(marks: marks).end() }
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
      return weigh(&result, changed: false, outcome, verified: nil)
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
    let verified =
      order.task.verify.isEmpty ? nil : try await verify(worktree, collected, &result)
    weigh(&result, changed: collected.changed, outcome, verified: verified)
    guard result.cause == nil else { return }
    let branch = "ropewalk/\(site.folder.run)/\(id)"
    try await site.worktrees.publish(branch: branch, commit: collected.commit, expecting: nil)
    result.commit = collected.commit
    result.ref = "refs/heads/" + branch
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

  private func weigh(
    _ result: inout AttemptResult, changed: Bool, _ outcome: AgentOutcome, verified: Bool?
  ) {
    guard result.cause == nil else { return }
    let verdict = Verdict.of(
      expectation: order.task.expect, changed: changed, hasAnswer: outcome.text != nil,
      verified: verified, declaredNoChange: outcome.declaredNoChange != nil)
    result.verdict = verdict
    switch verdict {
    case .verified, .changed, .answered: break
    case .unchanged: result.message = outcome.declaredNoChange
    case .empty:
      result.cause = .empty
      result.message =
        order.task.expect == .answer
        ? "it reported success but gave no answer"
        : "it reported success but changed no file"
    case .rejected: result.cause = .rejected
    case .incomplete: result.cause = .incomplete
    case .escaped: result.cause = .escaped
    }
  }

  private func message(_ result: AttemptResult) -> String {
    let firstLine = renderedPrompt.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    let title = result.cause == nil ? "" : " (attempt \(order.attempt), not completed)"
    return """
      \(id)\(title): \(firstLine.safeLine.cut(to: 60))

      Ropewalk-Run: \(site.folder.run)
      Ropewalk-Task: \(id)
      Ropewalk-Attempt: \(order.attempt)
      """
  }

  private func stderrTail() throws -> String? {
    let tail = try folder.stderrTail()
    return tail.isEmpty ? nil : String(decoding: tail, as: UTF8.self)
  }

  // MARK: - The verification

  /// Runs the task's commands in its worktree, on exactly the tree that was collected.
  private func verify(
    _ worktree: Worktree, _ collected: Collected, _ result: inout AttemptResult
  ) async throws -> Bool {
    for (index, command) in order.task.verify.enumerated() {
      let check = try await verification(command, number: index + 1, collected)
      await reporter.verified(check)
      if !check.passed {
        result.message = "`\(check.command)` failed: \(check.message ?? "")"
        result.stderrTail = check.tail
        return false
      }
    }
    guard try await site.worktrees.isTree(worktree, collected.tree) else {
      result.notes.append("the verification changed files; the result is the tree before it")
      return true
    }
    return true
  }

  private func verification(
    _ command: VerifyCommand, number: Int, _ collected: Collected
  ) async throws -> Verification {
    let folder = AttemptFolder(
      path: site.folder.absolute(RunFolder.verification(id, order.attempt, number)))
    let spec = AttemptSpec(
      program: command.program(
        ProgramSearch(environment: site.attendant.environment, directory: place.path)),
      arguments: command.arguments, environment: marks, directory: place.path,
      timeout: order.task.timeout?.milliseconds, grace: order.task.grace.milliseconds,
      openFiles: Int(Spawner.inheritedOpenFiles))
    try folder.create(spec, prompt: nil)
    let attended = try await site.attendant.start(folder)
    return try VerificationReading(folder: folder, spec: spec).read(
      await ended(attended), command: command.text, tree: collected.tree, cancelled: control.reason)
  }
}
