import RopewalkCore
import Testing

@Suite("The choice of an agent")
struct AgentSelectionTests {
  private static func profile(
    _ prompt: String = "Add it.", _ capabilities: [String] = []
  ) -> TaskProfile {
    TaskClassifier.builtIn().classify(prompt: prompt, capabilities: capabilities)
  }

  private static func agent(
    _ name: String, _ capabilities: Set<String> = [], weight: Double = 1, maxTasks: Int = 3
  ) -> AgentSelection.Candidate {
    .init(
      name: name, runner: "claude", capabilities: capabilities, weight: weight, maxTasks: maxTasks)
  }

  private static func chosen(_ answer: AgentSelection.Answer) throws -> Assignment {
    guard case .assigned(let assignment) = answer else {
      throw NotAssigned(answer: answer)
    }
    return assignment
  }

  private struct NotAssigned: Error {
    var answer: AgentSelection.Answer
  }

  @Test("of equals the one of more weight is taken, then the first in the plan")
  func ties() throws {
    let light = AgentSelection([Self.agent("a"), Self.agent("b")])
    let heavy = AgentSelection([Self.agent("a"), Self.agent("b", weight: 2)])
    let assignment = try Self.chosen(light.choose(for: Self.profile()))
    #expect(assignment.agent == "a")
    #expect(assignment.secondary == ["b"])
    #expect(assignment.confidence == 0.5)
    #expect(try Self.chosen(heavy.choose(for: Self.profile())).agent == "b")
  }

  @Test("an idle agent comes before a busy one, and the reason says so")
  func idle() throws {
    var moment = AgentSelection.Moment()
    moment.load = ["a": 1]
    let selection = AgentSelection([Self.agent("a", weight: 9), Self.agent("b")])
    let assignment = try Self.chosen(selection.choose(for: Self.profile(), moment))
    #expect(assignment.agent == "b")
    // 10 for being idle and 6 for three free slots; 2.5 and 1.5 for what nobody knows.
    #expect(assignment.ranking.map(\.score.total) == [20, 8])
    #expect(assignment.confidence == 1)
    #expect(assignment.justification == "of 2 that suit, it scores 20.0: it is idle")
  }

  @Test("history, speed and what it did before speak for an agent")
  func points() throws {
    var moment = AgentSelection.Moment()
    for _ in 0..<8 {
      moment.history.add(agent: "a", runner: "claude", success: true, seconds: 20)
      moment.history.add(agent: "b", runner: "claude", success: true, seconds: 10)
      moment.history.add(agent: "c", runner: "codex", success: true, seconds: 1)
    }
    moment.affinity = ["c"]
    let selection = AgentSelection([Self.agent("a"), Self.agent("b"), Self.agent("c")])
    let assignment = try Self.chosen(selection.choose(for: Self.profile(), moment))
    #expect(assignment.ranking.map(\.agent) == ["b", "c", "a"])
    #expect(
      assignment.justification
        == "of 3 that suit, it scores 23.5: it is idle and succeeded in 8 of 8 attempts before")
    #expect(abs(assignment.confidence - 0.525) < 1e-9)
    #expect(assignment.ranking.map(\.score.speed).max() == 3)
    #expect(assignment.ranking.first { $0.agent == "a" }?.score.speed == 1.5)
    // Under another runner it is another agent.
    #expect(assignment.ranking.first { $0.agent == "c" }?.score.success == 2.5)
    #expect(assignment.ranking.first { $0.agent == "c" }?.score.affinity == 3)
  }

  @Test("an agent without a capability that the task demands is never chosen")
  func capabilities() throws {
    let selection = AgentSelection([
      Self.agent("a", ["swift"], weight: 9), Self.agent("b", ["swift", "gpu"]),
    ])
    let assignment = try Self.chosen(selection.choose(for: Self.profile("Add it.", ["gpu"])))
    #expect(assignment.agent == "b")
    #expect(
      assignment.justification == "it is the only agent that can: it is idle and has `gpu`")
    #expect(
      selection.choose(for: Self.profile("Add it.", ["gpu", "rust"]))
        == .impossible("no agent has `rust`"))
    #expect(
      AgentSelection([Self.agent("a", ["x"]), Self.agent("b", ["y"])])
        .choose(for: Self.profile("Add it.", ["x", "y"]))
        == .impossible("no one agent has all of `x`, `y`"))
    #expect(
      AgentSelection([]).choose(for: Self.profile()) == .impossible("the plan defines no agents"))
  }

  @Test("what the words suggest is asked for only as far as somebody has it")
  func wishes() throws {
    let selection = AgentSelection([
      Self.agent("any", weight: 9), Self.agent("swifter", ["swift"]),
      Self.agent("reviewer", ["review"]),
    ])
    let choose = { try Self.chosen(selection.choose(for: Self.profile($0))).agent }
    #expect(try choose("Review a.swift") == "reviewer")
    #expect(try choose("Fix a.swift") == "swifter")
    #expect(try choose("Fix a.py") == "any")
    let answer = selection.choose(for: Self.profile("Fix a.swift", ["swift"]))
    #expect(
      try Self.chosen(answer).justification
        == "it is the only agent that can: it is idle and has `swift`")
    #expect(
      try Self.chosen(selection.choose(for: Self.profile("Fix a.swift"))).secondary
        == ["any", "reviewer"])
  }

  @Test("who is full or asleep is passed over, and when all are, the task waits")
  func wait() throws {
    let selection = AgentSelection([Self.agent("a", maxTasks: 1), Self.agent("b")])
    var moment = AgentSelection.Moment()
    moment.load = ["a": 1]
    #expect(try Self.chosen(selection.choose(for: Self.profile(), moment)).agent == "b")
    moment.asleep = ["b"]
    #expect(
      selection.choose(for: Self.profile(), moment)
        == .wait("`a` carries 1 task already, `b` is asleep"))
  }

  @Test("no choice breaks a limit, whatever the agents and the moment are", arguments: 0..<200)
  func limits(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let skills = ["swift", "gpu", "review"]
    let agents = (0..<5).map { number in
      Self.agent(
        "m\(number)", Set(skills.filter { _ in Bool.random(using: &random) }),
        maxTasks: Int.random(in: 1...4, using: &random))
    }
    var moment = AgentSelection.Moment()
    for agent in agents {
      moment.load[agent.name] = Int.random(in: 0...4, using: &random)
      if Int.random(in: 0..<4, using: &random) == 0 { moment.asleep.insert(agent.name) }
    }
    let demands = skills.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
    let answer = AgentSelection(agents).choose(for: Self.profile("Do it.", demands), moment)
    let able = agents.filter { $0.capabilities.isSuperset(of: demands) }
    let free = able.filter {
      moment.load[$0.name, default: 0] < $0.maxTasks && !moment.asleep.contains($0.name)
    }
    switch answer {
    case .impossible: #expect(able.isEmpty)
    case .wait: #expect(!able.isEmpty && free.isEmpty)
    case .assigned(let assignment):
      #expect(Set([assignment.agent] + assignment.secondary) == Set(free.map(\.name)))
      #expect((0.5...1).contains(assignment.confidence))
      let totals = assignment.ranking.map(\.score.total)
      #expect(totals == totals.sorted(by: >))
    }
  }

  @Test("the explanation tells who, how and why, to people and to programs")
  func explanation() throws {
    let id = try #require(TaskID("api"))
    let profile = Self.profile("Refactor the schema of a.swift")
    let strategy = profile.automaticStrategy
    let selection = AgentSelection([Self.agent("a"), Self.agent("b", ["swift"])])
    let explanation = Explanation([
      .init(
        id, profile, selection.choose(for: profile), strategy: strategy.name,
        strategyWhy: strategy.why),
      .init(
        named: id, agent: nil, runner: "codex", strategy: "single", strategyWhy: "the plan names it"
      ),
      .init(
        id, profile, AgentSelection([]).choose(for: profile), strategy: "single",
        strategyWhy: "none is named"),
    ])
    #expect(
      explanation.text == """
        api: b (claude), confidence 100 %
          because a complex refactor in swift; it suits the task best: it is idle and has `swift`
          next: a
          strategy: multi, it is a complex refactor in swift: `refactor` and `schema`
        api: codex
          because the plan names it
          strategy: single, the plan names it
        api: nobody
          because nobody can do it: the plan defines no agents
          strategy: single, none is named

        """)
    #expect(
      explanation.json.text.hasPrefix(
        #"[{"id":"api","agent":"b","runner":"claude","why":"a complex refactor in swift; "#))
    #expect(
      explanation.json.text.contains(
        #"{"id":"api","agent":null,"runner":"codex","why":"the plan names it","confidence":null,"#
          + #""secondary":[],"strategy":"single","strategyWhy":"the plan names it"}"#))
  }
}
