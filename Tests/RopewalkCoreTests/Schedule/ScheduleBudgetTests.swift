import Testing

@testable import RopewalkCore

@Suite("Budgets in the schedule")
struct ScheduleBudgetTests {
  private func plan(_ budget: String, tasks: Int = 3, agent: String = "", task: String = "")
    -> String
  {
    let list = (0..<tasks).map { index in
      let id = Character(UnicodeScalar(97 + UInt8(index)))
      return "{id: '\(id)', prompt: 'x'\(task)}"
    }
    return
      "{concurrency: 20, budget: \(budget), agents: {x: {runner: 'x'\(agent)}}, tasks: [\(list.joined(separator: ","))]}"
  }

  @Test("with nothing known the first attempt has the budget to itself, then as many run as fit")
  func reservation() throws {
    var bench = try PlanBench(plan("{usd: 4, onExceeded: 'stop'}", tasks: 5))
    #expect(bench.start() == ["a1 by x"])
    #expect(bench.end("a1", usd: 1) == ["a completed", "b1 by x", "c1 by x"])
    #expect(bench.end("b1", usd: 1) == ["b completed"])
    #expect(
      bench.end("c1", usd: 1)
        == ["warn: $3.00 of the plan's budget of $4.00 are used", "c completed", "d1 by x"]
        || bench.live["d"] == [1])
  }

  @Test("with `perAttempt` several start at once, and never more than could be paid")
  func perAttempt() throws {
    var bench = try PlanBench(plan("{usd: 2.5, perAttempt: {usd: 1}, onExceeded: 'stop'}"))
    #expect(bench.start() == ["a1 by x", "b1 by x"])
    #expect(bench.end("a1", usd: 0.2) == ["a completed", "c1 by x"])
    _ = bench.end("b1", usd: 1)
    #expect(bench.end("c1", usd: 1).last == "run completed")
  }

  @Test("`stop` starts nothing more, and what never ran is skipped for that reason")
  func stop() throws {
    var bench = try PlanBench(plan("{usd: 1, onExceeded: 'stop'}"))
    _ = bench.start()
    #expect(
      bench.end("a1", usd: 1) == [
        "warn: the plan's budget of $1.00 is reached: $1.00 used", "a completed",
        "stopped: the plan's budget of $1.00 is used up: $1.00 used", "b skipped overBudget",
        "c skipped overBudget", "run partial",
      ])
  }

  @Test("`ask` waits for an answer: yes lifts the limit, no stops")
  func ask() throws {
    for (answer, expected) in [
      (true, ["lifted: the plan's budget of $1.00 is used up: $1.00 used", "b1 by x", "c1 by x"]),
      (
        false,
        [
          "stopped: the plan's budget of $1.00 is used up: $1.00 used", "b skipped overBudget",
          "c skipped overBudget", "run partial",
        ]
      ),
    ] {
      var bench = try PlanBench(plan("{usd: 1}"))
      _ = bench.start()
      #expect(
        bench.end("a1", usd: 1) == [
          "warn: the plan's budget of $1.00 is reached: $1.00 used", "a completed",
          "asked: the plan's budget of $1.00 is used up: $1.00 used",
        ])
      #expect(bench.answer(answer) == expected)
      #expect(bench.answer(answer) == [])
    }
  }

  @Test("`warn` tells and goes on")
  func warn() throws {
    var bench = try PlanBench(plan("{usd: 1, onExceeded: 'warn'}", tasks: 2))
    _ = bench.start()
    #expect(
      bench.end("a1", usd: 1) == [
        "warn: the plan's budget of $1.00 is reached: $1.00 used", "a completed",
        "lifted: the plan's budget of $1.00 is used up: $1.00 used", "b1 by x",
      ])
  }

  @Test("a running attempt that passes its limit is ended, once")
  func running() throws {
    var bench = try PlanBench(plan("{usd: 5, perAttempt: {usd: 1}, onExceeded: 'stop'}", tasks: 1))
    _ = bench.start()
    #expect(bench.used("a1", usd: 0.9) == [])
    #expect(
      bench.used("a1", usd: 1.1) == [
        "stopped: the attempt used $1.10, more than the $1.00 that the plan's budget gives one attempt",
        "end a1 overBudget",
      ])
    #expect(bench.used("a1", usd: 1.2) == [])
    #expect(bench.schedule.excess(of: 0, attempt: 1) != nil)
    #expect(bench.end("a1", .overBudget, usd: 1.2) == ["a failed", "run failed"])
  }

  @Test("limits of attempts, of tasks and of agents hold beside the plan's")
  func scopes() throws {
    var attempts = try PlanBench(plan("{attempts: 2, onExceeded: 'stop'}"))
    #expect(attempts.start() == ["a1 by x", "b1 by x"])
    _ = attempts.end("a1", usd: 1)
    #expect(attempts.end("b1", usd: 1).contains("c skipped overBudget"))
    var task = try PlanBench(
      plan("{onExceeded: 'stop'}", tasks: 1, task: ", budget: {attempts: 1}, retry: {attempts: 3}"))
    _ = task.start()
    #expect(task.end("a1", .exitCode, usd: 1) == ["retry a2"])
    #expect(
      task.due("a") == [
        "stopped: task `a`'s budget of 1 attempt is used up: 1 attempt used", "a failed overBudget",
        "run failed",
      ])
    var agent = try PlanBench(
      plan("{onExceeded: 'stop'}", tasks: 2, agent: ", budget: {attempts: 1}"))
    #expect(agent.start() == ["a1 by x"])
    #expect(agent.end("a1").contains("b skipped overBudget"))
  }

  @Test("time that is over ends what runs, of the plan or of one task")
  func wallTime() throws {
    var whole = try PlanBench(plan("{wallTime: '1h', onExceeded: 'stop'}", tasks: 1))
    #expect(whole.start() == ["timer plan 3600.0", "a1 by x"])
    #expect(
      whole.timeIsOver(.plan) == [
        "stopped: the plan's budget of 1 h 0 m is used up: 1 h 0 m used", "end a1 overBudget",
      ])
    #expect(whole.end("a1", .cancelled) == ["a cancelled overBudget", "run cancelled"])
    var one = try PlanBench(
      plan("{onExceeded: 'stop'}", tasks: 2, task: ", budget: {wallTime: '60s'}"))
    #expect(
      one.start() == ["timer task(0) 60.0", "a1 by x", "timer task(1) 60.0", "b1 by x"])
    #expect(one.timeIsOver(.task(1)).last == "end b1 overBudget")
    #expect(one.end("b1", .cancelled) == ["b cancelled overBudget"])
    #expect(one.end("a1") == ["a completed", "run partial"])
  }

  @Test("time that is over for what has long ended is nobody's concern")
  func wallTimeOfTheEnded() throws {
    for (agent, task, scope) in [
      ("", ", budget: {wallTime: '60s'}", BudgetScope.task(0)),
      (", budget: {wallTime: '60s'}", "", .agent("x")),
    ] {
      var bench = try PlanBench(
        plan(
          "{attempts: 9}", tasks: 1, agent: agent,
          task: task + "}, {id: 'b', agent: 'y', prompt: 'x'"
        )
        .replacing("agents: {", with: "defaults: {agent: 'x'}, agents: {y: {runner: 'x'}, "))
      _ = bench.start()
      #expect(bench.end("a1") == ["a completed"])
      #expect(bench.timeIsOver(scope) == [])
      #expect(bench.end("b1") == ["b completed", "run completed"])
    }
  }

  @Test("a repair that waits for the budget is a repair when it starts, and no new try")
  func waitingRepair() throws {
    var bench = try PlanBench(plan("{usd: 10, onExceeded: 'stop'}", task: ", verify: ['true']"))
    _ = bench.start()
    #expect(bench.end("a1", usd: 1) == ["a completed", "b1 by x", "c1 by x"])
    #expect(
      bench.end("b1", .rejected, usd: 7)
        == ["warn: $8.00 of the plan's budget of $10.00 are used"])
    #expect(bench.end("c1", usd: 0.5) == ["c completed", "b2 by x"])
    #expect(bench.repairs == ["b2"])
    #expect(bench.end("b2", .rejected, usd: 0.5) == ["b failed", "run partial"])
  }

  @Test("an attempt whose cost nobody knows is told, and refused where the plan says so")
  func unknown() throws {
    var warned = try PlanBench(plan("{usd: 5, perAttempt: {usd: 2}, onExceeded: 'stop'}", tasks: 4))
    #expect(warned.start() == ["a1 by x", "b1 by x"])
    #expect(
      warned.end("a1") == [
        "warn: agent `x` does not say what it cost; $2.00 are counted for each of its attempts",
        "a completed",
      ])
    var refused = try PlanBench(
      plan("{usd: 5, unknownCost: 'refuse', onExceeded: 'stop'}", tasks: 2))
    _ = refused.start()
    #expect(refused.end("a1").contains("b skipped overBudget"))
  }

  /// Usage is reported only at the end of an attempt, as most CLIs do it.
  @Test(
    "twenty agents at once never pass the limit together, whatever each costs", arguments: 0..<50)
  func twenty(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var bench = try PlanBench(
      plan("{usd: 6, perAttempt: {usd: 1}, onExceeded: 'stop'}", tasks: 20))
    _ = bench.start()
    var total = 0.0
    while let name = bench.live.flatMap({ id, numbers in numbers.map { "\(id)\($0)" } }).sorted()
      .randomElement(using: &random)
    {
      let running = bench.live.values.reduce(0) { $0 + $1.count }
      #expect(total + Double(running) <= 6.000_001)
      let cost = Double.random(in: 0.1...1, using: &random)
      total += cost
      _ = bench.end(name, usd: cost)
    }
    #expect(total <= 6)
  }
}
