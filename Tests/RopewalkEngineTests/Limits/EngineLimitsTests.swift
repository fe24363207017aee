import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Synchronization
import Testing

/// An engine whose one agent has an account, over scripted attempts and a clock that stands still.
private struct Rig {
  let space = TestSpace()
  let clock = ManualClock()
  let attempts = ScriptedAttempts()
  let inbox = Inbox<EngineInput>()
  let engine: Engine
  let start: RunStart
  let journal: String
  let book: LimitBook
  let sharing: LimitSharing

  init(
    _ names: [String], host: (@Sendable () -> HostReading)? = nil,
    change: (inout Plan) -> Void = { _ in }
  ) throws {
    journal = space("journal.jsonl")
    book = try #require(LimitBook(environment: ["XDG_STATE_HOME": space("state")]))
    let dev = AgentRole(name: "dev", runner: "claude")
    var plan = Plan(
      agents: [dev],
      tasks: try names.map { name in
        PlanTask(
          id: try #require(TaskID(name)), prompt: PromptTemplate(literal: "do"), agentName: "dev",
          runnerName: "claude")
      })
    change(&plan)
    var choice = AgentChoice(plan)
    choice.accounts[dev] = AgentAccount("claude")
    let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_795_233_600_000) }
    sharing = LimitSharing(book, now: now)
    engine = Engine(
      run: try #require(RunID("r1")), plan: plan, graph: TaskGraph(plan), runner: attempts,
      journal: try JournalWriter(creating: journal), inbox: inbox,
      time: EngineTime(now: now, clock: clock, seed: 1), choice: choice,
      limits: sharing, host: host, wrote: {})
    start = RunStart(
      plan: "rig", planFile: nil, base: nil, version: "0", concurrency: 5, pid: 1,
      tasks: plan.tasks.map { task in
        RunStart.Task(id: task.id, needs: [], agent: "dev", runner: "claude")
      })
  }

  func events() throws -> [RunEvent] {
    var events: [RunEvent] = []
    #expect(try JournalReader.read(journal) { events.append($0) } == .clean)
    return events
  }
}

@Suite("The engine and providers' limits", .timeLimit(.minutes(10)))
struct EngineLimitsTests {
  private func limited(_ seconds: Int) -> AttemptResult {
    var limited = AttemptResult.bad(.rateLimited)
    limited.retryAfter = .seconds(seconds)
    return limited
  }

  @Test("a limited agent sleeps as long as it was asked to, is awake then, and the book follows")
  func sleeps() async throws {
    let rig = try Rig(["a"])
    rig.attempts.end("a1", limited(90))
    async let report = rig.engine.carryOut(rig.start)
    var sleeps = rig.clock.sleeps.makeAsyncIterator()
    // In pieces, between which the wall clock is looked at.
    #expect(await sleeps.next() == .seconds(60))
    rig.clock.advance(by: .seconds(60))
    #expect(await sleeps.next() == .seconds(30))
    #expect(try rig.events().map(\.kind).contains("waiting"))
    await rig.sharing.settled()
    #expect(try rig.book.read().map(\.account.description) == ["claude"])
    var orders = rig.attempts.orders.makeAsyncIterator()
    _ = await orders.next()
    rig.clock.advance(by: .seconds(30))
    _ = await orders.next()
    rig.attempts.end("a2")
    #expect(try await report.state == .completed)
    #expect(try rig.book.read() == [])
    let events = try rig.events()
    guard
      case .rateLimited(let asked, let until)? = events.first(where: { $0.kind == "rateLimited" })?
        .payload
    else {
      Issue.record("no event says that the agent is limited")
      return
    }
    #expect(asked == 90)
    let first = try #require(events.first)
    #expect(until == first.time.adding(.seconds(90)))
    #expect(events.count { $0.kind == "waiting" } == 1)
    #expect(events.count { $0.kind == "attemptRetried" } == 0)
  }

  @Test("what stands in the book from before keeps the first task waiting")
  func before() async throws {
    let rig = try Rig(["a"])
    let since = Timestamp(milliseconds: 1_795_233_590_000)
    _ = rig.book.note(
      SharedLimit(
        account: AgentAccount("claude"), since: since, until: since.adding(.seconds(50)), strikes: 2
      ),
      at: since)
    async let report = rig.engine.carryOut(rig.start)
    var sleeps = rig.clock.sleeps.makeAsyncIterator()
    let rest = try #require(await sleeps.next())
    #expect(rest > .seconds(39) && rest <= .seconds(40))
    #expect(!(try rig.events().map(\.kind).contains("attemptStarted")))
    rig.attempts.end("a1")
    rig.clock.advance(by: .seconds(40))
    #expect(try await report.state == .completed)
  }

  @Test("a cancelled run waits for no limit")
  func cancelled() async throws {
    let rig = try Rig(["a"])
    rig.attempts.end("a1", limited(90))
    async let report = rig.engine.carryOut(rig.start)
    var sleeps = rig.clock.sleeps.makeAsyncIterator()
    _ = await sleeps.next()
    rig.inbox.send(.cancel(nil, .interrupted))
    #expect(try await report.state == .cancelled)
  }

  @Test("a machine without room is looked at again every few seconds, until it has some")
  func host() async throws {
    let machine = Machine()
    let rig = try Rig(
      ["a"], host: { machine.reading }, change: { $0.admission = Admission(memory: 1 << 30) })
    rig.attempts.end("a1")
    async let report = rig.engine.carryOut(rig.start)
    var sleeps = rig.clock.sleeps.makeAsyncIterator()
    for _ in 0..<3 {
      #expect(await sleeps.next() == Admission.interval)
      rig.clock.advance(by: Admission.interval)
    }
    #expect(await sleeps.next() == Admission.interval)
    machine.hasRoom.withLock { $0 = true }
    rig.clock.advance(by: Admission.interval)
    #expect(try await report.state == .completed)
    let waits = try rig.events().compactMap { event -> Waiting? in
      if case .waiting(let waiting) = event.payload { waiting } else { nil }
    }
    #expect(
      waits == [Waiting(.memory, "512 MiB of memory are available, and 1 GiB are to be left")])
  }
}

/// A machine that has room when a test says so.
private final class Machine: Sendable {
  let hasRoom = Mutex(false)

  var reading: HostReading {
    let available = hasRoom.withLock { $0 } ? 2 << 30 : 1 << 29
    return HostReading(availableMemory: available, memory: 4 << 30)
  }
}
