// Knows that a run can be cut after any event and comes to the same end. Unaware of processes.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Testing

/// Time in which every pause is over at once.
private struct ImpatientClock: Clock {
  let minimumResolution = Duration.zero
  var now: ContinuousClock.Instant { ContinuousClock.now }
  func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {}
}

/// Attempts whose ends follow from what they are asked alone, whichever engine asks.
private struct ForeseenAttempts: AttemptRunner {
  /// Whether what another engine has begun is lost, or comes to its end all the same.
  var losesOthers = false
  /// Whether `flaky` has failed already, as it does once.
  var hasFailed = false

  func run(
    _ order: AttemptOrder, control: AttemptControl, reporter: any AttemptReporter
  ) async -> AttemptResult {
    if order.recovery != nil {
      if losesOthers { return AttemptResult(failed: .orphaned, "its engine died") }
    } else {
      await reporter.starting(
        AttemptStart(
          folder: "attempts/\(order.task.id)/\(order.attempt)", worktree: nil, start: nil,
          program: "foreseen", isRepair: order.purpose == .repair, step: order.info))
    }
    return result(order)
  }

  private func result(_ order: AttemptOrder) -> AttemptResult {
    var result = AttemptResult()
    result.usage = AttemptResult.Usage(tokens: nil, cost: Cost(usd: 1, source: .reported))
    let isFirst = !hasFailed && order.previous?.cause != .exitCode
    switch order.task.id.text {
    case "broken": result.cause = .agentError
    case "flaky" where isFirst: result.cause = .exitCode
    case "mended" where order.purpose != .repair: result.cause = .rejected
    default: break
    }
    if result.cause != nil { return result }
    result.verdict = .changed
    result.text = text(order)
    let digits = String(order.index, radix: 16)
    result.commit = ObjectID(String(repeating: digits.last ?? "0", count: 40))
    return result
  }

  private func text(_ order: AttemptOrder) -> String {
    switch order.step.role {
    case .vote: #"{"vote": 2}"#
    case .review:
      order.step.round == 1
        ? #"{"verdict": "revise", "notes": "more"}"# : #"{"verdict": "approve"}"#
    case .division: #"{"items": [{"prompt": "one"}, {"prompt": "two"}, {"prompt": "three"}]}"#
    case .judgement, .decision: #"{"choice": 1}"#
    default: "\(order.task.id) \(order.step.role) \(order.step.member) \(order.step.round)"
    }
  }
}

private struct Site {
  let space = TestSpace()
  let plan: Plan
  let run: RunID
  let start: RunStart

  init(_ tasks: String) throws {
    let text = """
      { concurrency: 3,
        agents: { a: { runner: "claude" }, b: { runner: "codex" }, c: { runner: "vibe" } },
        defaults: { agent: "a", retry: { attempts: 2 } }, tasks: [\(tasks)] }
      """
    let plan = try PlanDecoder { _ in .failure(PromptFileError("no files")) }
      .decode(Array(text.utf8)).get()
    self.plan = plan
    run = try #require(RunID("r1"))
    start = RunStart(
      plan: "foreseen", planFile: nil, base: nil, version: "0", concurrency: 3, pid: 1,
      tasks: plan.tasks.map { task in
        RunStart.Task(
          id: task.id, needs: task.needs.map { plan.tasks[$0].id }, agent: nil, runner: "claude")
      })
  }

  func engine(
    _ journal: JournalWriter, _ runner: ForeseenAttempts = ForeseenAttempts(),
    inbox: Inbox<EngineInput> = Inbox()
  ) -> Engine {
    Engine(
      run: run, plan: plan, graph: TaskGraph(plan), runner: runner, journal: journal, inbox: inbox,
      time: EngineTime(
        now: { Timestamp(milliseconds: 0) }, clock: ImpatientClock(), seed: 1),
      wrote: {})
  }

  /// The lines of a journal.
  func lines(_ path: String) throws -> [[UInt8]] {
    try FileBytes.read(path).split(separator: UInt8(ascii: "\n")).map(Array.init)
  }

  /// Goes on after these lines; returns the run as the whole journal then tells it.
  func goOn(
    after lines: some Collection<[UInt8]>, _ runner: ForeseenAttempts, _ revival: Revival,
    _ name: String
  ) async throws -> RunReport {
    let path = space("journal-\(name)")
    try FileBytes.create(path, lines.flatMap { $0 + [UInt8(ascii: "\n")] })
    var replay = RunReplay(plan: plan, graph: TaskGraph(plan), choice: nil, seed: 1)
    #expect(try JournalReader.read(path) { replay.apply($0) } == .clean)
    #expect(replay.misfit == nil, "\(name): \(replay.misfit.map(\.description) ?? "")")
    var runner = runner
    runner.hasFailed = lines.contains { line in
      let text = String(decoding: line, as: UTF8.self)
      return text.contains(#""kind":"attemptFinished""#) && text.contains(#""cause":"exitCode""#)
    }
    let journal = try JournalWriter(continuing: path, torn: 0)
    defer { journal.close() }
    let told = try await engine(journal, runner).goOn(
      with: replay, reviving: revival, RunResumed(version: "0", pid: 2, open: []))
    var rebuilt = RunReport()
    #expect(try JournalReader.read(path) { rebuilt.apply($0) } == .clean)
    #expect(rebuilt.json.text == told.json.text)
    return rebuilt
  }
}

extension RunReport {
  /// What must be the same however often a run was interrupted.
  fileprivate var essence: [String] {
    ["\(state) \(Wording.cost(spending) ?? "")"]
      + tasks.map { task in
        let parts = task.contributions.map {
          "\($0.step.role) \($0.step.member) \($0.step.round) \($0.result.text ?? "-")"
        }
        let end = "\(task.id) \(task.state) \(task.cause?.rawValue ?? "") \(task.isPartial)"
        return "\(end) \(task.outcome?.text ?? "") \(parts) \(task.decision?.json.text ?? "")"
      }
  }
}

@Suite("A run that goes on", .timeLimit(.minutes(10)))
struct ResumptionTests {
  private static let plans = [
    "{ id: 'a', prompt: 'x' }, { id: 'b', prompt: 'x', needs: ['a'] }, { id: 'c', prompt: 'x', needs: ['a'] }, { id: 'd', prompt: 'x', needs: ['b', 'c'] }",
    "{ id: 'flaky', prompt: 'x' }, { id: 'mended', prompt: 'x', verify: ['true'] }, { id: 'broken', prompt: 'x' }, { id: 'after', prompt: 'x', needs: ['broken'] }, { id: 'last', prompt: 'x', needs: ['flaky', 'broken'], when: 'always' }",
    "{ id: 'chain', prompt: 'x', strategy: { multi: ['a', 'b', 'c'], rounds: 2 } }, { id: 'next', prompt: 'x', needs: ['chain'] }",
    "{ id: 'talk', prompt: 'x', expect: 'answer', strategy: { debate: ['a', 'b', 'c'], rounds: 1, decide: 'majority' } }",
    "{ id: 'many', prompt: 'x', strategy: { split: { by: 'a', pool: ['b', 'c'] } } }, { id: 'best', prompt: 'x', strategy: { candidates: ['a', 'b'], pick: { judge: 'c' } } }",
    "{ id: 'wide', prompt: 'x', strategy: { parallel: ['a', { strategy: { multi: ['b', 'c'] } }] } }, { id: 'broken', prompt: 'x', onError: 'halt' }, { id: 'flaky', prompt: 'x', needs: ['wide', 'broken'] }",
  ]

  private func undisturbed(_ site: Site) async throws -> (RunReport, [[UInt8]]) {
    let path = site.space("whole")
    let journal = try JournalWriter(creating: path)
    defer { journal.close() }
    let report = try await site.engine(journal).carryOut(site.start)
    return (report, try site.lines(path))
  }

  @Test(
    "fault 44: cut after any event, with what was under way taken over, it comes to the same end",
    arguments: plans.indices)
  func adopted(plan: Int) async throws {
    let site = try Site(Self.plans[plan])
    let (report, lines) = try await undisturbed(site)
    for count in 1..<lines.count {
      let again = try await site.goOn(
        after: lines.prefix(count), ForeseenAttempts(), .interrupted, "\(count)")
      #expect(again.essence == report.essence, "cut after \(count) of \(lines.count) events")
    }
  }

  @Test(
    "fault 44: cut after any event, with what was under way lost, it comes to the same end",
    arguments: plans.indices)
  func lost(plan: Int) async throws {
    let site = try Site(Self.plans[plan])
    let (report, lines) = try await undisturbed(site)
    for count in 1..<lines.count {
      let again = try await site.goOn(
        after: lines.prefix(count), ForeseenAttempts(losesOthers: true), .interrupted, "\(count)")
      #expect(again.essence == report.essence, "cut after \(count) of \(lines.count) events")
    }
  }

  @Test(
    "a run that was cut twice comes to the same end, wherever the second cut is",
    arguments: plans.indices)
  func twice(plan: Int) async throws {
    let site = try Site(Self.plans[plan])
    let (report, lines) = try await undisturbed(site)
    let first = lines.count / 2
    _ = try await site.goOn(
      after: lines.prefix(first), ForeseenAttempts(losesOthers: true), .interrupted, "first")
    let longer = try site.lines(site.space("journal-first"))
    for count in first + 1..<longer.count {
      let again = try await site.goOn(
        after: longer.prefix(count), ForeseenAttempts(losesOthers: true), .interrupted, "\(count)")
      #expect(again.essence == report.essence, "cut after \(count) of \(longer.count) events")
    }
  }

  @Test("what has completed is not asked for again")
  func onlyOnce() async throws {
    let site = try Site(Self.plans[0])
    let (_, lines) = try await undisturbed(site)
    for count in 1..<lines.count {
      let path = site.space("journal-once-\(count)")
      _ = try await site.goOn(
        after: lines.prefix(count), ForeseenAttempts(losesOthers: true), .interrupted,
        "once-\(count)")
      var done: Set<TaskID> = []
      _ = try JournalReader.read(path) { event in
        guard let task = event.subject.task else { return }
        if case .attemptStarted = event.payload { #expect(!done.contains(task)) }
        if case .taskFinished = event.payload { done.insert(task) }
      }
    }
  }

  @Test("a run that was cancelled goes on where it was ended, and its chain at its step")
  func cancelled() async throws {
    let site = try Site(Self.plans[2])
    let (report, lines) = try await undisturbed(site)
    let reviewed = try #require(
      lines.firstIndex { String(decoding: $0, as: UTF8.self).contains("revise") })
    let ended = try await site.goOn(
      after: lines.prefix(reviewed + 1), ForeseenAttempts(losesOthers: true), .end, "ended")
    #expect(ended.state == .cancelled)
    let again = try await site.goOn(
      after: try site.lines(site.space("journal-ended")), ForeseenAttempts(), .interrupted, "again")
    #expect(again.essence == report.essence)
  }

  @Test("trying again takes up what failed and what was skipped because of it, and nothing else")
  func retry() async throws {
    let site = try Site(Self.plans[1])
    let (_, lines) = try await undisturbed(site)
    let path = site.space("journal-retry")
    let again = try await site.goOn(after: lines, ForeseenAttempts(), .retry(nil), "retry")
    var asked: [String] = []
    _ = try JournalReader.read(path) { event in
      if event.seq > lines.count, case .attemptStarted = event.payload {
        asked.append(event.subject.task?.text ?? "")
      }
    }
    #expect(asked == ["broken", "broken"])
    #expect(again.count(.skipped) == 1 && again.count(.failed) == 1)
    #expect(again[try #require(TaskID("broken"))]?.attempts == 4)
  }
}
