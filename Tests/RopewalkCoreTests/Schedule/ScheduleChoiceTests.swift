import Testing

@testable import RopewalkCore

@Suite("Agents that are chosen, and those who take over")
struct ScheduleChoiceTests {
  @Test("a task that names nobody goes to an idle agent; nobody carries more than three")
  func load() throws {
    let tasks = (1...8).map { "{id: 't\(Character(UnicodeScalar(96 + UInt8($0))))', prompt: 'x'}" }
    var bench = try PlanBench(
      """
      {concurrency: 20, agents: {x: {runner: 'x'}, y: {runner: 'y'}}, tasks: [\(tasks.joined(separator: ","))]}
      """)
    #expect(
      bench.start() == [
        "ta1 by x", "tb1 by y", "tc1 by x", "td1 by y", "te1 by x", "tf1 by y",
      ])
    #expect(bench.end("td1") == ["td completed", "tg1 by y"])
  }

  @Test("capabilities decide before load, and who did the need is preferred")
  func capabilities() throws {
    var bench = try PlanBench(
      """
      {agents: {x: {runner: 'x', capabilities: ['swift']}, y: {runner: 'y'}, z: {runner: 'z', capabilities: ['swift']}},
       tasks: [{id: 'a', prompt: 'x', capabilities: ['swift']}, {id: 'b', prompt: 'x', agent: 'z'},
               {id: 'c', prompt: 'x', needs: ['b'], capabilities: ['swift']}]}
      """)
    #expect(bench.start() == ["b1 by z", "a1 by x"] || bench.live["a"] == [1])
    _ = bench.end("a1")
    #expect(bench.end("b1") == ["b completed", "c1 by z"])
  }

  @Test("what waits longest comes first, whatever its priority, once it has waited long enough")
  func ageing() throws {
    var bench = try PlanBench(
      """
      {concurrency: 1, tasks: [{id: 'a', prompt: 'x', runner: 'r'}, {id: 'b', prompt: 'x', runner: 'r'},
        {id: 'c', prompt: 'x', runner: 'r', needs: ['a'], priority: 2}]}
      """)
    #expect(bench.start() == ["a1 by r"])
    bench.pass(.seconds(121))
    #expect(bench.end("a1") == ["a completed", "b1 by r"])
  }

  // MARK: - Fallback

  private static let family = """
    {agents: {dev: {runner: 'claude'}}, tasks: [{id: 'a', prompt: 'x', retry: {attempts: 1}, MORE}]}
    """

  private func bench(_ more: String = "", missing: String? = nil) throws -> PlanBench {
    try PlanBench(Self.family.replacing("MORE", with: more)) { choice, plan in
      let dev = plan.agents[0]
      choice.fallbacks[dev] = FallbackTable.candidates(for: dev, in: plan) { _ in
        ["opencode", "codex"]
      }
      if let missing { choice.fallbacks.isMissing(dev, because: missing) }
    }
  }

  @Test(
    "an agent that cannot be started, is not logged in or is limited is replaced at once",
    arguments: [FailureCause.couldNotStart, .notLoggedIn, .rateLimited, .providerError])
  func fallback(cause: FailureCause) throws {
    var bench = try bench()
    #expect(bench.start() == ["a1 by dev/claude"])
    #expect(
      bench.end("a1", cause) == ["a falls back to dev/opencode: it failed", "a2 by dev/opencode"])
    #expect(
      bench.end("a2", cause) == ["a falls back to dev/codex: it failed", "a3 by dev/codex"])
    #expect(bench.end("a3", cause) == ["a failed", "run failed"])
  }

  @Test("a failure of the task itself is nobody else's, until it has repeated itself")
  func repeated() throws {
    var once = try bench()
    _ = once.start()
    #expect(once.end("a1", .exitCode) == ["a failed", "run failed"])
    var twice = try PlanBench(
      Self.family.replacing("attempts: 1", with: "attempts: 2").replacing("MORE", with: "")
    ) { choice, plan in
      choice.fallbacks[plan.agents[0]] = [AgentRole(name: "dev", runner: "codex")]
    }
    _ = twice.start()
    #expect(twice.end("a1", .exitCode) == ["retry a2"])
    #expect(twice.due("a") == ["a2 by dev/claude"])
    #expect(
      twice.end("a2", .exitCode) == ["a falls back to dev/codex: it failed", "a3 by dev/codex"])
    #expect(twice.end("a3") == ["a completed", "run completed"])
  }

  @Test("a missing program is replaced before anything starts, and that is told")
  func missing() throws {
    var bench = try bench(missing: "`claude` was not found")
    #expect(
      bench.start() == [
        "a falls back to dev/opencode: `claude` was not found", "a1 by dev/opencode",
      ])
  }

  @Test("an agent of an isolated family has nobody to take over, and fails at once")
  func isolated() throws {
    var bench = try PlanBench(
      "{agents: {s: {runner: 'command', command: ['x']}}, tasks: [{id: 'a', prompt: 'x'}]}")
    _ = bench.start()
    #expect(bench.end("a1", .notLoggedIn) == ["a failed", "run failed"])
  }

  @Test("who takes over is whom the agent names, else its family, never itself")
  func candidates() throws {
    let bench = try PlanBench(
      """
      {agents: {a: {runner: 'claude', role: 'R', model: 'opus', fallback: ['b', 'b', 'codex']}, b: {runner: 'vibe', model: 'm'}},
       tasks: [{id: 't', prompt: 'x', agent: 'a'}]}
      """)
    let (a, b) = (bench.plan.agents[0], bench.plan.agents[1])
    let named = FallbackTable.candidates(for: a, in: bench.plan) { _ in ["opencode"] }
    #expect(named.map(\.name) == ["b", "a"])
    #expect(named.map(\.runner) == ["vibe", "codex"])
    #expect(named.map(\.model) == ["m", nil])
    #expect(named.map(\.role) == ["R", "R"])
    let family = FallbackTable.candidates(for: b, in: bench.plan) { _ in ["opencode"] }
    #expect(family.map(\.runner) == ["opencode"])
  }

  @Test("the work of a failed attempt is handed over where the plan says so, else set aside")
  func partialWork() throws {
    var over = try bench("partialWork: 'handOver'")
    _ = over.start()
    _ = over.end("a1", .rateLimited, commit: "7")
    #expect(over.start(of: "a2") == "7")
    var aside = try bench()
    _ = aside.start()
    _ = aside.end("a1", .rateLimited, commit: "7")
    #expect(aside.start(of: "a2") == nil)
  }

  @Test("a strategy's `onError: retry` tries its members again, whatever the task says")
  func strategyRetry() throws {
    var bench = try PlanBench(
      """
      {agents: {x: {runner: 'x'}, y: {runner: 'y'}},
       tasks: [{id: 'a', prompt: 'x', strategy: {parallel: ['x', 'y'], onError: 'retry'}}]}
      """)
    #expect(bench.start() == ["a1 by x", "a2 by y"])
    #expect(bench.end("a1", .exitCode) == ["retry a3"])
    #expect(bench.due("a") == ["a3 by x"])
    #expect(bench.end("a3", .exitCode) == ["retry a4"])
    _ = bench.due("a")
    #expect(bench.end("a4", .exitCode) == [])
    #expect(bench.end("a2") == ["a failed exitCode", "run failed"])
  }
}
