import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Testing

/// An engine over scripted attempts, with a real journal in a folder of its own.
private struct Rig {
  let space: TestSpace
  let clock = ManualClock()
  let attempts = ScriptedAttempts()
  let inbox = Inbox<EngineInput>()
  let engine: Engine
  let start: RunStart
  let journal: String

  /// - Parameter ticker: ticks after each write to the journal.
  init(
    _ tasks: KeyValuePairs<String, [String]>, ticker: Ticker = Ticker(),
    change: (inout PlanTask, String) -> Void = { _, _ in }
  ) throws {
    space = TestSpace()
    journal = space.path + "/journal.jsonl"
    let planned = try tasks.map { name, needs in
      var task = PlanTask(
        id: try #require(TaskID(name)), prompt: PromptTemplate(literal: "do"),
        needs: needs.compactMap { need in tasks.firstIndex { $0.key == need } }, runnerName: "stub")
      change(&task, name)
      return task
    }
    let plan = Plan(tasks: planned)
    engine = Engine(
      run: try #require(RunID("r1")), plan: plan, graph: TaskGraph(plan), runner: attempts,
      journal: try JournalWriter(creating: journal), inbox: inbox,
      time: EngineTime(now: { Timestamp(milliseconds: 0) }, clock: clock, seed: 1),
      wrote: { ticker.tick() })
    start = RunStart(
      plan: "rig", planFile: nil, base: nil, version: "0", concurrency: 5, pid: 1,
      tasks: planned.map { task in
        RunStart.Task(
          id: task.id, needs: task.needs.map { planned[$0].id }, agent: nil, runner: "stub")
      })
  }

  /// The report folded from the journal's file alone.
  func rebuilt() throws -> (report: RunReport, kinds: [String]) {
    var report = RunReport()
    var kinds: [String] = []
    let end = try JournalReader.read(journal) { event in
      report.apply(event)
      kinds.append(event.kind)
    }
    #expect(end == .clean)
    return (report, kinds)
  }
}

@Suite("The engine's loop", .timeLimit(.minutes(10)))
struct EngineTests {
  @Test("what is asked of a run reaches its attempts, is written first, and adds up in the report")
  func pauses() async throws {
    let rig = try Rig(["a": [], "b": []])
    async let report = rig.engine.carryOut(rig.start)
    var orders = rig.attempts.orders.makeAsyncIterator()
    var pauses = rig.attempts.pauses.makeAsyncIterator()
    for _ in 0..<2 { #expect(await orders.next() != nil) }
    let a = try #require(TaskID("a"))
    rig.inbox.send(.pause([a], drain: false))
    #expect(await pauses.next() == "a1 pause")
    var (rebuilt, _) = try rig.rebuilt()
    #expect(rebuilt.tasks.map(\.state) == [.paused, .running])
    #expect(rebuilt.state == .running)
    rig.inbox.send(.prioritise(a, 3))
    rig.inbox.send(.pause(nil, drain: false))
    #expect(await pauses.next() == "b1 pause")
    rebuilt = try rig.rebuilt().report
    #expect(rebuilt.tasks.map(\.state) == [.paused, .paused])
    #expect(rebuilt.state == .paused)
    rig.inbox.send(.resumeRun)
    #expect(await pauses.next() == "b1 resume")
    rebuilt = try rig.rebuilt().report
    #expect(rebuilt.tasks.map(\.state) == [.paused, .running])
    #expect(rebuilt.state == .running)
    await withCheckedContinuation { done in
      rig.inbox.send(.resume([a]))
      rig.inbox.send(.carriedOut { done.resume() })
    }
    #expect(await pauses.next() == "a1 resume")
    rig.attempts.end("a1")
    rig.attempts.end("b1")
    #expect(try await report.state == .completed)
    let kinds = try rig.rebuilt().kinds
    #expect(
      kinds.filter { ["paused", "resumed", "priorityChanged"].contains($0) }
        == ["paused", "priorityChanged", "paused", "resumed", "paused", "resumed"])
  }

  @Test("a run goes from its first task to its last, and the journal alone tells all of it")
  func wholeRun() async throws {
    let rig = try Rig(["a": [], "b": ["a"]])
    async let report = rig.engine.carryOut(rig.start)
    var orders = rig.attempts.orders.makeAsyncIterator()
    #expect(await orders.next()?.task.id.text == "a")
    var result = AttemptResult.good
    result.text = "made it"
    rig.attempts.end("a1", result)
    let second = await orders.next()
    #expect(second?.needs.map(\.output) == ["made it"])
    rig.attempts.end("b1")
    let told = try await report
    let (rebuilt, kinds) = try rig.rebuilt()
    #expect(told.state == .completed)
    #expect(rebuilt.json.text == told.json.text)
    #expect(
      kinds == [
        "runStarted", "taskQueued", "taskStarted", "attemptStarted", "attemptFinished",
        "taskFinished", "taskQueued", "taskStarted", "attemptStarted", "attemptFinished",
        "taskFinished", "runFinished",
      ])
  }

  @Test("a retry waits by the engine's clock and by nothing else")
  func retry() async throws {
    let rig = try Rig(["a": []]) { task, _ in
      task.retry = RetryPolicy(attempts: 2, backoff: .seconds(200), jitter: 0)
    }
    async let report = rig.engine.carryOut(rig.start)
    var orders = rig.attempts.orders.makeAsyncIterator()
    var sleeps = rig.clock.sleeps.makeAsyncIterator()
    _ = await orders.next()
    rig.attempts.end("a1", .bad())
    #expect(await sleeps.next() == .seconds(200))
    rig.clock.advance(by: .seconds(200))
    let second = await orders.next()
    #expect(second?.attempt == 2)
    #expect(second?.previous?.cause == .exitCode)
    rig.attempts.end("a2")
    #expect(try await report.state == .completed)
    #expect(try rig.rebuilt().kinds.contains("attemptRetried"))
  }

  @Test("a cancelled run asks its attempts to end and waits for them")
  func cancel() async throws {
    let rig = try Rig(["a": [], "b": ["a"]])
    async let report = rig.engine.carryOut(rig.start)
    var orders = rig.attempts.orders.makeAsyncIterator()
    _ = await orders.next()
    rig.inbox.send(.cancel(nil, .interrupted))
    let told = try await report
    #expect(told.state == .cancelled)
    #expect(told.tasks.map(\.state) == [.cancelled, .cancelled])
    #expect(try rig.rebuilt().report.json.text == told.json.text)
  }

  @Test("a run that is cancelled between two attempts does not wait for the pause to pass")
  func cancelDuringBackoff() async throws {
    let rig = try Rig(["a": []]) { task, _ in
      task.retry = RetryPolicy(attempts: 2, backoff: .seconds(200), jitter: 0)
    }
    async let report = rig.engine.carryOut(rig.start)
    var sleeps = rig.clock.sleeps.makeAsyncIterator()
    rig.attempts.end("a1", .bad())
    _ = await sleeps.next()
    rig.inbox.send(.cancel(nil, .interrupted))
    #expect(try await report.state == .cancelled)
  }

  @Test("an attempt begins only when the journal has it")
  func writtenFirst() async throws {
    let rig = try Rig(["a": []])
    async let report = rig.engine.carryOut(rig.start)
    var orders = rig.attempts.orders.makeAsyncIterator()
    _ = await orders.next()
    var kinds: [String] = []
    _ = try JournalReader.read(rig.journal) { kinds.append($0.kind) }
    #expect(kinds == ["runStarted", "taskQueued", "taskStarted", "attemptStarted"])
    rig.attempts.end("a1")
    _ = try await report
  }

  @Test("a rate limit is an event of its own, with the pause that was asked for")
  func rateLimit() async throws {
    let rig = try Rig(["a": []])
    var limited = AttemptResult.bad(.rateLimited)
    limited.retryAfter = .seconds(90)
    rig.attempts.end("a1", limited)
    let report = try await rig.engine.carryOut(rig.start)
    #expect(report.state == .failed)
    #expect(report.tasks[0].last?.retryAfter == .seconds(90))
    #expect(try rig.rebuilt().kinds.contains("rateLimited"))
  }

  @Test("observers see all events in one order, each at its own pace; a busy one holds up nobody")
  func observers() async throws {
    let ticker = Ticker()
    let rig = try Rig(["a": [], "b": ["a"]], ticker: ticker)
    let (first, second) = (ticker.ticks(), ticker.ticks())
    rig.attempts.end("a1")
    rig.attempts.end("b1")
    async let report = rig.engine.carryOut(rig.start)
    // The first reads along; the second begins to look only when all is over.
    var seen: [[Int]] = [[], []]
    let follower = JournalFollower(path: rig.journal)
    _ = try await follower.follow(first) { seen[0].append($0.event.seq) }
    #expect(try await report.state == .completed)
    ticker.finish()
    _ = try await follower.follow(second) { seen[1].append($0.event.seq) }
    #expect(seen[0] == seen[1])
    #expect(seen[0] == Array(1...seen[0].count))
    var late = 0
    for await _ in ticker.ticks() { late += 1 }
    #expect(late == 0)
  }

  @Test("many tasks at once lose no event and no number")
  func width() async throws {
    let names = (0..<300).map { "t\($0)" }
    let space = TestSpace()
    let tasks = try names.map { name in
      PlanTask(
        id: try #require(TaskID(name)), prompt: PromptTemplate(literal: "do"), runnerName: "stub")
    }
    let plan = Plan(concurrency: 64, tasks: tasks)
    let attempts = ScriptedAttempts()
    for name in names { attempts.end(name + "1", name.hasSuffix("7") ? .bad() : .good) }
    let journal = space.path + "/journal.jsonl"
    let engine = Engine(
      run: try #require(RunID("r1")), plan: plan, graph: TaskGraph(plan), runner: attempts,
      journal: try JournalWriter(creating: journal), inbox: Inbox(), time: .real(), wrote: {})
    let report = try await engine.carryOut(
      RunStart(
        plan: "wide", planFile: nil, base: nil, version: "0", concurrency: 64, pid: 1,
        tasks: tasks.map { RunStart.Task(id: $0.id, needs: [], agent: nil, runner: "stub") }))
    #expect(report.count(.completed) == 270)
    #expect(report.count(.failed) == 30)
    var count = 0
    #expect(try JournalReader.read(journal) { _ in count += 1 } == .clean)
    #expect(count == report.lastSeq)
  }
}
