import Testing

@testable import RopewalkCore

@Suite("Schedules whose agents are limited")
struct ScheduleLimitsTests {
  /// Two agents of two accounts; `MORE` stands in the plan, `DEV` in the first agent.
  private func bench(
    _ tasks: String, more: String = "", dev: String = "", family: Bool = false
  ) throws -> PlanBench {
    try PlanBench(
      """
      {\(more) agents: {dev: {runner: 'claude'\(dev)}, rev: {runner: 'codex'}}, tasks: [\(tasks)]}
      """
    ) { choice, plan in
      for agent in plan.agents {
        choice.accounts[agent] = AgentAccount(agent.runner)
        choice.fallbacks[agent] = FallbackTable.candidates(for: agent, in: plan) { _ in
          family ? ["opencode"] : []
        }
      }
      choice.accounts[AgentRole(name: "dev", runner: "opencode")] = AgentAccount("opencode")
    }
  }

  private static let three = """
    {id: 'a', prompt: 'x', agent: 'dev'}, {id: 'b', prompt: 'x', agent: 'dev'},
    {id: 'c', prompt: 'x', agent: 'rev'}
    """

  @Test("a limited task loses no try and waits for its agent; others go on; then all say so once")
  func waits() throws {
    var bench = try bench(Self.three, more: "concurrency: 2,")
    #expect(bench.start() == ["a1 by dev/claude", "b1 by dev/claude"])
    #expect(
      bench.end("a1", .rateLimited, retryAfter: .seconds(60)) == [
        "claude sleeps 60", "c1 by rev/codex",
      ])
    #expect(bench.end("c1") == ["c completed"])
    #expect(bench.end("b1") == ["b completed", "waits: limited until 60"])
    bench.pass(.seconds(60))
    #expect(bench.wake("claude") == ["a2 by dev/claude"])
    // The plan gives it a single try, and it still has it.
    #expect(
      bench.end("a2", .rateLimited) == ["claude sleeps 60", "waits: limited until 120"])
    bench.pass(.seconds(60))
    #expect(bench.wake("claude") == ["a3 by dev/claude"])
    #expect(bench.end("a3") == ["claude is free", "a completed", "run completed"])
  }

  @Test("a limited task keeps its place in the line")
  func place() throws {
    var bench = try bench(
      """
      {id: 'a', prompt: 'x', agent: 'rev'}, {id: 'b', prompt: 'x', agent: 'dev'},
      {id: 'c', prompt: 'x', agent: 'dev', needs: ['a']}
      """, more: "concurrency: 2,")
    #expect(bench.start() == ["a1 by rev/codex", "b1 by dev/claude"])
    bench.pass(.seconds(30))
    #expect(bench.end("b1", .rateLimited, retryAfter: .seconds(9)) == ["claude sleeps 9"])
    #expect(bench.end("a1") == ["a completed", "waits: limited until 39"])
    #expect(bench.wake("claude") == ["b2 by dev/claude", "c1 by dev/claude"])
  }

  @Test("whom the plan names takes over at once, also what waits; nobody who sleeps does")
  func explicitFallback() throws {
    var bench = try bench(Self.three, more: "concurrency: 1,", dev: ", fallback: ['rev']")
    #expect(bench.start() == ["a1 by dev/claude"])
    #expect(
      bench.end("a1", .rateLimited, retryAfter: .seconds(60)) == [
        "claude sleeps 60", "a falls back to rev/codex: it failed",
        "b falls back to rev/codex: `dev` is limited", "a2 by rev/codex",
      ])
    #expect(
      bench.end("a2", .rateLimited, retryAfter: .seconds(90)) == [
        "codex sleeps 90", "waits: limited until 90",
      ])
    #expect(bench.wake("codex") == ["a3 by rev/codex"])
  }

  @Test("another runner of the family takes over only from one that sleeps for long")
  func family() throws {
    let task = "{id: 'a', prompt: 'x', agent: 'dev'}"
    var short = try bench(task, family: true)
    _ = short.start()
    #expect(
      short.end("a1", .rateLimited, retryAfter: .seconds(600)) == [
        "claude sleeps 600", "waits: limited until 600",
      ])
    var long = try bench(task, family: true)
    _ = long.start()
    #expect(
      long.end("a1", .rateLimited, retryAfter: .seconds(601)) == [
        "claude sleeps 601", "a falls back to dev/opencode: it failed", "a2 by dev/opencode",
      ])
  }

  @Test("an urgent task may wake a sleeper once; when it is limited again, all sleep on")
  func urgent() throws {
    var bench = try bench(
      """
      {id: 'a', prompt: 'x', agent: 'dev'}, {id: 'b', prompt: 'x', agent: 'dev', needs: ['n']},
      {id: 'n', prompt: 'x', agent: 'rev'},
      {id: 'u', prompt: 'x', agent: 'dev', needs: ['n'], priority: 100},
      {id: 'v', prompt: 'x', agent: 'dev', needs: ['n'], priority: 100}
      """)
    _ = bench.start()
    _ = bench.end("a1", .rateLimited, retryAfter: .seconds(3600))
    #expect(bench.end("n1") == ["n completed", "u1 by dev/claude"])
    #expect(
      bench.end("u1", .rateLimited, retryAfter: .seconds(3600)) == [
        "claude sleeps 3600", "waits: limited until 3600",
      ])
    bench.pass(.seconds(3600))
    #expect(
      bench.wake("claude") == [
        "u2 by dev/claude", "v1 by dev/claude", "a2 by dev/claude", "b1 by dev/claude",
      ])
    var good = try self.bench(
      """
      {id: 'a', prompt: 'x', agent: 'dev'}, {id: 'n', prompt: 'x', agent: 'rev'},
      {id: 'u', prompt: 'x', agent: 'dev', needs: ['n'], priority: 100}
      """)
    _ = good.start()
    _ = good.end("a1", .rateLimited, retryAfter: .seconds(3600))
    _ = good.end("n1")
    #expect(good.end("u1") == ["claude is free", "u completed", "a2 by dev/claude"])
  }

  @Test("what another run was told holds here too, from before the first start")
  func otherRuns() throws {
    var bench = try bench(Self.three)
    #expect(bench.hear("claude", for: .seconds(40)) == ["claude sleeps 40"])
    #expect(bench.start() == ["c1 by rev/codex"])
    #expect(bench.end("c1") == ["c completed", "waits: limited until 40"])
    #expect(bench.hear("claude", for: .seconds(30)) == [])
    #expect(
      bench.hear("claude", for: .seconds(70)) == ["claude sleeps 70", "waits: limited until 70"])
    #expect(bench.wake("claude") == ["a1 by dev/claude", "b1 by dev/claude"])
  }

  @Test("a task that names nobody goes to one who is awake, else it waits")
  func unassigned() throws {
    var bench = try bench("{id: 'a', prompt: 'x'}, {id: 'b', prompt: 'x'}")
    _ = bench.hear("claude", for: .seconds(40))
    #expect(bench.start() == ["a1 by rev/codex", "b1 by rev/codex"])
    var none = try self.bench("{id: 'a', prompt: 'x'}")
    _ = none.hear("claude", for: .seconds(40))
    _ = none.hear("codex", for: .seconds(30))
    #expect(none.start() == ["waits: limited until 30"])
    #expect(none.wake("codex") == ["a1 by rev/codex"])
  }

  @Test("with `onLimit: fail` what could only wait fails at once, with the cause")
  func fails() throws {
    var bench = try bench(Self.three, more: "concurrency: 1, onLimit: 'fail',")
    #expect(bench.start() == ["a1 by dev/claude"])
    #expect(
      bench.end("a1", .rateLimited, retryAfter: .seconds(60)) == [
        "claude sleeps 60", "a failed", "c1 by rev/codex", "b failed rateLimited",
      ])
    #expect(bench.end("c1") == ["c completed", "run partial"])
    var none = try self.bench("{id: 'a', prompt: 'x'}", more: "onLimit: 'fail',")
    _ = none.hear("claude", for: .seconds(40))
    _ = none.hear("codex", for: .seconds(30))
    #expect(none.start() == ["a failed rateLimited", "run failed"])
  }

  @Test("a repair waits too while its agent sleeps, and goes on as a repair")
  func repair() throws {
    var bench = try bench(
      "{id: 'a', prompt: 'x', agent: 'dev', verify: ['true']}, {id: 'b', prompt: 'x', agent: 'dev'}"
    )
    _ = bench.start()
    _ = bench.end("b1", .rateLimited, retryAfter: .seconds(60))
    #expect(bench.end("a1", .rejected) == ["waits: limited until 60"])
    #expect(bench.wake("claude") == ["a2 by dev/claude", "b2 by dev/claude"])
    #expect(bench.repairs == ["a2"])
  }

  @Test("limits of accounts that nobody here uses are nobody's affair")
  func strangers() throws {
    var bench = try bench("{id: 'a', prompt: 'x', agent: 'dev'}")
    #expect(bench.hear("vibe", for: .seconds(40)) == [])
  }

  @Test("a member of a strategy that is limited waits, and the others go on")
  func strategy() throws {
    var bench = try bench(
      "{id: 'a', prompt: 'x', strategy: {parallel: ['dev', 'rev']}}, {id: 'b', prompt: 'x', agent: 'rev'}",
      more: "concurrency: 2,")
    #expect(bench.start() == ["a1 by dev/claude", "a2 by rev/codex"])
    #expect(
      bench.end("a1", .rateLimited, retryAfter: .seconds(60)) == [
        "claude sleeps 60", "b1 by rev/codex",
      ])
    #expect(bench.end("b1") == ["b completed"])
    #expect(bench.end("a2") == ["waits: limited until 60"])
    #expect(bench.wake("claude") == ["a3 by dev/claude"])
  }
}
