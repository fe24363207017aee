import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

@Suite("the events of strategies", .timeLimit(.minutes(10)))
struct StrategyEventTests {
  /// Two who do as whatever strategy asks of them, and one who approves or chooses.
  private static let members =
    ["a", "b"].map { name in
      Member.debater(name, "echo \(name) >\(name); echo \(name)", votes: "VOTE: 1")
    } + [
      Member(
        "c",
        #"if asked 'Divide it'; then echo '["x", "y"]'; elif asked 'VERDICT'; then echo 'VERDICT: approve'; else echo 'CHOICE: 2'; fi"#
      )
    ]

  /// Each strategy with what its file says of its events; an attempt's start and end are one word here.
  private static let stories: [(String, [String])] = [
    ("{ multi: ['a', 'c'], rounds: 1 }", ["work", "review"]),
    ("{ parallel: ['a', 'b'] }", ["work", "work"]),
    (
      "{ debate: ['a', 'b'], rounds: 2 }",
      [
        "proposal", "proposal", "proposal a 0", "proposal b 0",
        "round 1 of 2", "critique", "critique", "proposal a 1", "proposal b 1",
        "round 2 of 2", "critique", "critique", "proposal a 2", "proposal b 2",
        "vote", "vote", "decision a",
      ]
    ),
    (
      "{ debate: ['a', 'b'], rounds: 0, moderator: 'c' }",
      ["proposal", "proposal", "proposal a 0", "proposal b 0", "decision", "decision b"]
    ),
    ("{ split: { by: 'c', pool: ['a', 'b'] } }", ["division", "item", "item"]),
    ("{ candidates: ['a', 'b'] }", ["candidate", "candidate", "decision a"]),
    (
      "{ candidates: ['a', 'b'], pick: { judge: 'c' } }",
      ["candidate", "candidate", "judgement", "decision b"]
    ),
    (
      "{ multi: [{ debate: ['a', 'b'], rounds: 0 }, 'b'] }",
      [
        "proposal", "proposal", "proposal a 0", "proposal b 0", "vote", "vote", "decision a",
        "work",
      ]
    ),
  ]

  @Test("a strategy's events come in the order that its file states", arguments: stories)
  func order(strategy: String, story: [String]) async throws {
    // One step at a time, so that there is but one order.
    let end = try await StrategyCase.run(
      strategy, Self.members, task: [("verify", ["true"])], top: [("concurrency", 1)])
    #expect(end.run.exit == 0)
    let roles = Set(StepRole.allCases.map(\.rawValue))
    let expected = (story + ["conclusion"]).flatMap { word in
      roles.contains(word) ? ["started \(word)", "finished"] : [word]
    }
    #expect(end.story == ["taskQueued", "taskStarted"] + expected + ["taskFinished"])
  }

  @Test("proposals are told in the members' order, whoever is first to make one")
  func proposals() async throws {
    let rope = try await Rope.make()
    let pipe = try rope.pipe("later")
    let end = try await StrategyCase.run(
      "{ debate: ['a', 'b'], rounds: 0 }",
      [
        .debater("a", "read x <'\(pipe)'; echo first", votes: "VOTE: 2"),
        // Its answer is on the way before the other one begins to make its own.
        .debater("b", "echo >'\(pipe)'; echo second", votes: "VOTE: 2"),
      ], in: rope)
    #expect(end.run.exit == 0)
    let told = end.story.filter { $0.hasPrefix("proposal") || $0.hasPrefix("decision") }
    #expect(told == ["proposal a 0", "proposal b 0", "decision b"])
    #expect(end.lines.prefix(2).map { $0.prefix(1) } == ["a", "b"])
  }

  @Test(
    "a strategy within a strategy works where it stands, and its result is merged with the others'")
  func nested() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: [{ multi: ['a', 'b'] }, 'd'] }",
      [
        Member("a", "echo 1 >chain; echo first"), Member("b", "echo 2 >>chain; echo second"),
        Member("d", "test ! -e chain && echo d >d; echo beside"),
      ])
    #expect(end.run.exit == 0)
    #expect(try await end.files() == ["chain", "d"])
    #expect(try await end.text("chain") == "1\n2")
    #expect(end.status["output"]?.string == "## multi\n\nsecond\n\n## d\n\nbeside")
    #expect(
      Set(end.lines) == [
        "a a work 1 changed: first", "b b work 1 changed: second", "d d work 1 changed: beside",
      ])
  }
}
