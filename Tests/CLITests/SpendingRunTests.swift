// Knows what becomes of the figures that agents report, from the attempt to the user's book.
// Unaware of how they are read.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("what runs cost", .timeLimit(.minutes(10)))
struct SpendingRunTests {
  /// An agent that says its tokens and not their cost.
  private static let counting: [(String, JSON)] = [
    ("model", "own-1"),
    (
      "output",
      [
        "format": "jsonl", "text": "answer",
        "tokens": [["take": "sum", "input": "in", "output": "out"]],
      ]
    ),
  ]

  private let script =
    #"echo '{"in":1000000,"out":0}'; echo '{"in":0,"out":500000,"answer":"ok"}'"#

  @Test("two runs add up in the book")
  func book() async throws {
    let rope = try await Rope.make()
    for _ in 1...2 { #expect(try await rope.run(.claude([])).exit == 0) }
    let said = try await rope.command(["budget", "--json"])
    let today = try #require(try said.json["today"])
    #expect(today["attempts"]?.int == 2)
    #expect(today["cost"]?["usd"]?.double == 0.5)
    #expect(today["cost"]?["source"]?.string == "reported")
    #expect(today["tokens"]?["input"]?.int == 200)
    let models = try await rope.command(["budget", "--by", "model", "--json"])
    #expect(
      try models.json["groups"]?.elements.map { $0["name"]?.string } == ["claude-stub-1"])
  }

  @Test("what never ran is not in the book, and what says no cost is there as unknown")
  func unknown() async throws {
    let rope = try await Rope.make()
    let missing = try await rope.run(
      .sh("echo ok", task: [("context", ["files": ["none.md"]])]))
    #expect(missing.exit == 1)
    _ = try await rope.run(.sh("echo ok"))
    let today = try #require(try await rope.command(["budget", "--json"]).json["today"])
    #expect(today["attempts"]?.int == 1)
    #expect(today["unknownAttempts"]?.int == 1)
  }

  @Test("tokens without a cost are priced, at the end and while the agent works, and said to be")
  func priced() async throws {
    let rope = try await Rope.make()
    try rope.space.write(
      "{ date: '2026-11-01', models: [{ match: 'own-1', input: 2, output: 10 }] }",
      to: "config/ropewalk/prices.json")
    let run = try await rope.run(.sh(script, agent: Self.counting))
    #expect(run.exit == 0)
    #expect(run.last?.usage?.cost == Cost(usd: 7, source: .priced))
    let lines = try run.said.output.split(separator: 10).map { try JSONDocument(Array($0)).root }
    let live = lines.filter { $0["kind"]?.string == "agentUsage" }
      .map { $0["cost"].flatMap(Cost.init) }
    #expect(live == [Cost(usd: 2, source: .priced), Cost(usd: 7, source: .priced)])
  }

  @Test("where the plan wants it, a cost that nobody knows is guessed from sizes, and said to be")
  func estimated() async throws {
    let rope = try await Rope.make()
    try rope.space.write(
      "{ date: '2026-11-01', models: [{ match: 'own-1', input: 3000, output: 3000 }] }",
      to: "config/ropewalk/prices.json")
    let budget: (String, JSON) = ("budget", ["usd": 5, "unknownCost": "estimate"])
    let run = try await rope.run(.sh("echo six", agent: [("model", "own-1")], top: [budget]))
    // `do it` and `six` are three tokens of $0.003 each.
    #expect(run.last?.usage?.cost == Cost(usd: 0.009, source: .estimated))
  }

  @Test("a model without a price leaves the cost unknown")
  func noPrice() async throws {
    let run = try await rw(script, agent: Self.counting)
    #expect(run.last?.usage?.cost == .unknown)
    #expect(run.last?.usage?.tokens == TokenCounts(input: 1_000_000, output: 500_000))
  }

  @Test(
    "of a session that is taken up again, what its first prompt's summary cost is not taken off")
  func sessionAfterSummary() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: #"""
          { agents: { say: { runner: "command", command: ["seq", "1000", "3000"] },
                      dev: { runner: "claude" } },
            tasks: [ { id: "a", agent: "say", prompt: "x" },
                     { id: "b", agent: "dev", needs: ["a"], prompt: "Serve.",
                       context: { needs: true, limit: 500, over: { summarise: "dev" } },
                       verify: ["printf 'stub: write twice 1\nstub: result ok\n'; test -e twice"] } ] }
          """#))
    #expect(run.exit == 0)
    let ended = run.events.compactMap { event -> AttemptResult? in
      if event.subject.task?.text == "b", case .attemptFinished(let result) = event.payload {
        result
      } else {
        nil
      }
    }
    // The stand-in says $0.25 for its session each time: the second run added nothing to it.
    #expect(ended.map(\.usage?.cost.usd) == [0.5, 0])
    #expect(ended.map(\.agentUsage?.cost.usd) == [0.25, nil])
  }

  @Test("a book that cannot be written is told once and fails nothing")
  func brokenBook() async throws {
    let rope = try await Rope.make()
    let file = try rope.space.write("", to: "file")
    let run = try await rope.run(
      .tasks([("a", "echo 1"), ("b", "echo 2")], needs: ["b": ["a"]]),
      .init { $0.environment["XDG_STATE_HOME"] = file })
    #expect(run.exit == 0)
    let notes = run.report.tasks.compactMap(\.last).flatMap(\.notes)
    #expect(notes.count == 1)
    #expect(notes.first?.hasPrefix("the spending of this attempt is not written down: ") == true)
  }

  @Test(
    "a user's own file that is wrong is told by name and line, before anything starts",
    arguments: [
      ("prices", "badPrices", "{ date: '2026-11-01',\n  models: 1 }"),
      ("instructions", "badInstructions", "{\n  claude: 1 }"),
      ("classifier", "badClassifier", "{ otherwise: 'chore',\n  types: 1 }"),
    ])
  func refusedFile(_ name: String, _ code: String, _ text: String) async throws {
    let rope = try await Rope.make()
    let path = try rope.space.write(text, to: "config/ropewalk/\(name).json")
    let run = try await rope.run(.sh("echo ok", task: [("strategy", "auto")]))
    #expect(run.exit == 5)
    #expect(run.folder == nil)
    #expect(run.said.error?["code"]?.string == code)
    #expect(run.said.error?["path"]?.string?.hasPrefix("\(path):2") == true)
  }
}
