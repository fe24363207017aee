// Knows how an agent's program is run once, read and judged by what it says of itself.
// Unaware of what its work is worth and of what its answer is for.

import Foundation
import RopewalkCore
import RopewalkWire

/// One start of an agent's program, from its spec to its own account of how it ended.
struct AgentCall {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let agent: ResolvedAgent
  let folder: AttemptFolder
  let control: AttemptControl
  /// What keeps its writes in; nil for none.
  var fence: AttemptFence?

  /// Around its processes, where the system can limit them all together.
  private var group: ControlGroup? {
    let name = folder.path.split(separator: "/").suffix(2).joined(separator: "-")
    return site.confinement.group("ropewalk-\(site.folder.run)-\(name)", for: limits)
  }

  private var limits: TaskLimits { site.plan.limits(of: order.task, by: agent.agent) }

  /// The beginning of what it wrote to stderr.
  private var firstWords: String {
    Self.text((try? FileBytes.piece(of: folder.stderr, at: 0)).flatMap(\.self))
  }

  private static func text(_ bytes: [UInt8]?) -> String {
    String(decoding: bytes ?? [], as: UTF8.self)
  }

  /// How it ended: without a verdict, which only its work can give.
  struct Ended {
    var result: AttemptResult
    var outcome = AgentOutcome()
  }

  func spec(_ invocation: Invocation, directory: String) -> AttemptSpec {
    let task = order.task
    var spec = AttemptSpec(
      program: agent.program, arguments: invocation.arguments, name: agent.name,
      environment: invocation.environment.merging(order.marks(site.folder.run)) { $1 },
      unset: invocation.unset, directory: directory,
      stdin: invocation.stdin == nil ? nil : folder.prompt,
      timeout: task.timeout?.milliseconds, idleTimeout: task.idleTimeout?.milliseconds,
      grace: task.grace.milliseconds, orphanGrace: site.attendant.orphanGrace,
      openFiles: Int(Spawner.inheritedOpenFiles))
    fence?.confine(&spec)
    site.confinement.limit(&spec, limits, in: group)
    return spec
  }

  /// Runs what the folder says. What it used is in the user's book when this returns.
  ///
  /// - Parameters:
  ///   - prompt: as it was sent.
  ///   - earlier: what the runs before used of the session that this one takes up again.
  ///   - spent: what the attempt had used before; told with the live figures alone.
  ///   - reporter: nil when nobody is to be told what it says.
  /// - Throws: when nothing could be started; what has run always has a result with its usage.
  func run(
    _ invocation: Invocation, _ spec: AttemptSpec, prompt: String,
    resuming earlier: AttemptResult.Usage? = nil, spent: AttemptResult.Usage? = nil,
    reporter: (any AttemptReporter)?
  ) async throws -> Ended {
    await control.untilResumed()
    await site.starting.pass(agent.spec, control)
    if control.reason != nil { return Ended(result: AttemptResult(failed: .cancelled, "")) }
    try group?.make(limits)
    let attended: Attended
    do {
      attended = try await site.attendant.start(folder)
    } catch {
      group?.remove()
      throw error
    }
    return await take(
      .running(attended), invocation, spec, prompt: prompt,
      resuming: earlier, spent: spent, reporter: reporter)
  }

  /// What there is to read of a program.
  enum Source {
    case running(Attended)
    case ended(Attended.End)
  }

  /// Reads a program to its end, also one that another engine has started.
  ///
  /// - Parameter skipping: so many of the agent's events are in the journal already.
  func take(
    _ source: Source, _ invocation: Invocation, _ spec: AttemptSpec, prompt: String,
    resuming earlier: AttemptResult.Usage?, spent: AttemptResult.Usage? = nil, skipping: Int = 0,
    reporter: (any AttemptReporter)?
  ) async -> Ended {
    let report = AgentReport(
      reporter: reporter, prices: site.prices, askedModel: agent.agent.model, spent: spent)
    let stream = AgentStream(
      path: folder.stdout, decoder: AgentOutputDecoder(agent.rules, resuming: earlier),
      report: report, skipping: skipping)
    var ended: Ended
    do {
      let (end, outcome) = try await read(source, stream, invocation)
      ended = Ended(result: judge(end, outcome, spec), outcome: outcome)
    } catch {
      // It has run, whatever became of what it said.
      ended = Ended(result: AttemptResult(failed: .lost, "its output was lost: \(error)"))
      ended.result.usage = .unknown
    }
    ended.result.notes += site.confinement.remarks(on: limits)
    ended.result.blame(
      limits, lastWords: Self.text(try? folder.stderrTail()), counted: group?.metLimits() ?? [])
    // A group that cannot be removed is empty all the same.
    if let group { try? await offPool { group.remove() } }
    await settle(&ended, prompt: prompt, isRecovered: order.recovery != nil)
    return ended
  }

  private func read(
    _ source: Source, _ stream: AgentStream, _ invocation: Invocation
  ) async throws -> (Attended.End, AgentOutcome) {
    let afterTerminal = AfterTerminal()
    var stream = stream
    let end = try await site.watcher.watching(folder.stdout) { watch in
      async let ended = ended(source, watch)
      try await stream.read(watch) { isDone in
        guard isDone, case .running(let attended) = source else { return afterTerminal.cancel() }
        afterTerminal.begin(attended, control)
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
    guard let written = invocation.resultFile else { return nil }
    let path = fence?.outside(written) ?? written
    do throws(SystemError) {
      return try FileBytes.read(path, limit: 64 << 20)
    } catch {
      // A CLI that failed early has written none, and one of that size is none of its own.
      if error.errno == ENOENT || error.errno == EFBIG { return nil }
      throw error
    }
  }

  /// Waits for the tree's end; what a killed attendant left behind is ended here.
  private func ended(_ source: Source, _ watch: FileWatcher.Watch) async -> Attended.End {
    let end =
      switch source {
      case .running(let attended):
        await attended.ended(by: control, marks: order.marks(site.folder.run))
      case .ended(let end): end
      }
    watch.finish()
    return end
  }

  // MARK: - What it came to

  private func judge(
    _ end: Attended.End, _ outcome: AgentOutcome, _ spec: AttemptSpec
  ) -> AttemptResult {
    var result: AttemptResult
    switch end {
    case .lost(let what): result = AttemptResult(failed: .lost, what)
    case .recorded(let record):
      if let failure = Judgement.failure(of: record, spec: spec, cancelled: control.reason)
        ?? Judgement.wrapperFailure(of: record, spec: spec, firstWords: firstWords)
      {
        result = failure
      } else {
        result = Self.account(of: outcome)
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

  private static func account(of outcome: AgentOutcome) -> AttemptResult {
    var result = AttemptResult()
    result.cause = outcome.ok ? nil : outcome.cause ?? .agentError
    if result.cause == .incomplete { result.verdict = .incomplete }
    return result
  }

  /// Prices what was used, where the CLI does not say its cost, and writes it down.
  private func settle(_ ended: inout Ended, prompt: String, isRecovered: Bool) async {
    guard let usage = ended.result.usage else { return }
    let sizes = (promptBytes: prompt.utf8.count, answerBytes: ended.outcome.text?.utf8.count ?? 0)
    let priced = site.prices.completing(
      usage, model: ended.outcome.model ?? agent.agent.model,
      sizes: site.estimatesCosts ? sizes : nil)
    ended.result.usage = priced
    let problem = await site.spending.add(
      priced, model: ended.outcome.model, by: agent.agent, for: order, onlyOnce: isRecovered)
    if let problem { ended.result.notes.append(problem) }
  }
}
