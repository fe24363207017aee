import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

/// What a budget does to a run, from the plan to the exit status.
@Suite("budgets of runs", .timeLimit(.minutes(10)))
struct BudgetRunTests {
  private static let prices = """
    { "date": "2026-11-21", "currency": "USD",
      "models": [{ "match": "penny-1", "input": 1000, "output": 1000 }] }
    """

  /// Agents that say at their end which model they used and how many tokens: a thousand of them cost a dollar.
  private func plan(
    _ budget: String, tasks: Int, tokens: Int, more: String = ""
  ) -> RopePlan {
    let line =
      #"{\"done\":true,\"text\":\"ok\",\"model\":\"penny-1\",\"in\":\#(tokens / 2),\"out\":\#(tokens - tokens / 2)}"#
    let list = (1...tasks).map { #"{ id: "t\#($0)", prompt: "x", expect: "answer" }"# }
    return RopePlan(
      text: """
        { concurrency: 20, budget: \(budget),
          agents: { dev: { runner: "command", command: ["printf", "%s\\n", "\(line)"],
            output: { format: "jsonl", text: "text", model: "model", exitIsTerminal: true,
                      tokens: [{ input: "in", output: "out" }] }\(more) } },
          tasks: [\(list.joined(separator: ", "))] }
        """)
  }

  private func run(_ plan: RopePlan, _ change: (inout Rope.Options) -> Void = { _ in })
    async throws -> RopeRun
  {
    let rope = try await Rope.make()
    try Files.write(Self.prices, to: rope.space("config/ropewalk/prices.json"))
    return try await rope.run(
      plan,
      .init {
        $0.environment = ["XDG_CONFIG_HOME": rope.space("config")]
        change(&$0)
      })
  }

  /// The total after each attempt, by the journal alone.
  private func totals(_ run: RopeRun) -> [Double] {
    var spending = Spending()
    return run.events.compactMap { event in
      guard case .attemptFinished(let result) = event.payload, let usage = result.usage else {
        return nil
      }
      spending.add(usage)
      return spending.knownUSD
    }
  }

  @Test("scenario: the cost of an attempt is its tokens by the price of its model")
  func priced() async throws {
    let run = try await run(plan("{ usd: 10 }", tasks: 1, tokens: 300))
    #expect(run.exit == 0)
    #expect(run["t1"]?.last?.usage?.cost == Cost(usd: 0.3, source: .priced))
    #expect(run["t1"]?.last?.usage?.tokens == TokenCounts(input: 150, output: 150))
  }

  @Test("twenty agents at once, their usage told only at the end: the total never passes the limit")
  func twenty() async throws {
    let run = try await run(
      plan("{ usd: 2, perAttempt: { usd: 0.4 }, onExceeded: \"stop\" }", tasks: 20, tokens: 350))
    #expect(run.exit == 4)
    let totals = totals(run)
    #expect(totals.allSatisfy { $0 <= 2.000_001 })
    #expect(totals.count == 5)
    // At no moment could those under way have passed it together.
    var (spent, live) = (0.0, 0)
    for event in run.events {
      switch event.payload {
      case .attemptStarted:
        live += 1
        #expect(spent + 0.4 * Double(live) <= 2.000_001)
      case .attemptFinished(let result):
        live -= 1
        spent += result.usage?.cost.usd ?? 0
      default: break
      }
    }
    #expect(run.report.count(.completed) == 5)
    #expect(run.report.count(.skipped) == 15)
    #expect(run["t20"]?.cause == .overBudget)
    #expect(run.report.state == .partial)
  }

  @Test("scenario: over budget where nobody can be asked, the run stops with exit status 4")
  func nobodyToAsk() async throws {
    let run = try await run(plan("{ usd: 0.5 }", tasks: 3, tokens: 500)) { $0.isJSON = false }
    #expect(run.exit == 4)
    #expect(run.count("budgetExceeded") == 2)
    #expect(
      run.stderr.contains(
        "budget: the plan's budget of $0.50 is used up: $0.50 used: nothing more is started"))
  }

  @Test("scenario: over budget with `warn`, as under MCP, the run is warned and goes on")
  func warn() async throws {
    let run = try await run(
      plan("{ usd: 0.5, onExceeded: \"warn\" }", tasks: 3, tokens: 500))
    #expect(run.exit == 0)
    #expect(run.count("budgetWarned") > 0)
    #expect(run.report.count(.completed) == 3)
  }

  @Test(
    "scenario: over budget in the terminal, the user is asked, and the answer counts",
    .needs("script"))
  func asked() async throws {
    for (answer, exit) in [("y", Int32(0)), ("n", 4)] {
      let rope = try await Rope.make()
      try Files.write(Self.prices, to: rope.space("config/ropewalk/prices.json"))
      try Files.write(
        plan("{ usd: 0.5 }", tasks: 2, tokens: 500).text, to: rope.space("plan.json5"))
      // The answer is typed when the question is there: `script` gives the program a terminal of its own.
      let answers = try rope.pipe("answers")
      let shown = rope.space("shown")
      async let typed: String = rope.repository.sh(
        """
        exec 3>'\(answers)'
        until grep -q 'y or n' '\(shown)' 2>/dev/null; do read -t 0.05 x <>'\(try rope.pipe("tick"))' || true; done
        echo \(answer) >&3
        """)
      let result = try await rope.command(
        [],
        .init {
          $0.environment = ["XDG_CONFIG_HOME": rope.space("config"), "SHELL": "/bin/sh"]
          $0.wrapper = [
            "sh", "-c",
            "script -qefc '\(Rope.program) run \(rope.space("plan.json5"))' '\(shown)' <'\(answers)'",
          ]
        })
      _ = try await typed
      #expect(result.exit == exit)
    }
  }

  @Test(
    "an attempt that says what it uses is ended when it passes its limit", arguments: [true, false])
  func passing(stops: Bool) async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      RopePlan(
        text: """
          { budget: { usd: 5, perAttempt: { usd: 1 }, onExceeded: "\(stops ? "stop" : "warn")" },
            agents: { dev: { runner: "command", output: { format: "jsonl", text: "text", cost: "usd", exitIsTerminal: true },
              command: ["sh", "-c", "echo half >half; echo '{\\"usd\\":1.5}'; \(stops ? "sleep 1d" : "true"); echo '{\\"text\\":\\"ok\\"}'"] } },
            tasks: [{ id: "task", prompt: "x" }] }
          """), .init { $0.wrote = ["half": "half\n"] })
    #expect(run.exit == (stops ? 4 : 0))
    #expect(run.task?.cause == (stops ? .overBudget : nil))
    #expect(run.count("budgetExceeded") == 1)
  }

  @Test("a limit of time ends what runs, and nothing more starts")
  func wallTime() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { budget: { wallTime: "1s", onExceeded: "stop" },
            agents: { dev: { runner: "command", command: ["sleep", "1d"] } },
            tasks: [{ id: "task", prompt: "x" }, { id: "next", needs: ["task"], prompt: "x" }] }
          """))
    #expect(run.exit == 4)
    #expect(run.task?.state == .cancelled)
    #expect(run.task?.cause == .overBudget)
    #expect(run["next"]?.state == .cancelled)
  }
}
