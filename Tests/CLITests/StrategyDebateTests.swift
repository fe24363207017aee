import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

@Suite("debates for real", .timeLimit(.minutes(10)))
struct StrategyDebateTests {
  /// Three who propose `a`, `b` and `c` in words and in a file, and vote as told; the third one weighs 3.
  private func three(_ votes: String, _ other: String, _ third: String) -> [Member] {
    [
      .debater("a", "echo a >a; echo idea a", votes: votes),
      .debater("b", "echo b >b; echo idea b", votes: other),
      .debater("c", "echo c >c; echo idea c", votes: third, [("weight", 3)]),
    ]
  }

  private func debate(
    _ more: String, _ members: [Member], rounds: Int = 0, task: [(String, JSON)] = []
  ) async throws -> StrategyCase {
    try await StrategyCase.run(
      "{ debate: ['a', 'b', 'c'], rounds: \(rounds)\(more) }", members, task: task)
  }

  @Test("the majority's proposal is the result, and every vote is told")
  func majority() async throws {
    let end = try await debate("", three("VOTE: 2", "VOTE: 2", "VOTE: 3"), rounds: 1)
    #expect(end.run.exit == 0)
    #expect(
      end.lines == [
        "a a proposal 0 changed: idea a", "b b proposal 0 changed: idea b",
        "c c proposal 0 changed: idea c",
        "a a critique 1 answered: idea a, improved", "b b critique 1 answered: idea b, improved",
        "c c critique 1 answered: idea c, improved",
        "a a vote 2 answered: VOTE: 2", "b b vote 2 answered: VOTE: 2",
        "c c vote 2 answered: VOTE: 3",
      ])
    #expect(
      end.decision?.json.text
        == #"{"rule":"majority","winner":"b","votes":{"a":"b","b":"b","c":"c"},"abstained":[],"#
        + #""unreadable":[],"tie":null,"scores":{"a":0,"b":2,"c":1}}"#)
    #expect(try await end.files() == ["b"])
    #expect(end.status["output"]?.string == "idea b, improved")
  }

  @Test("where changes are expected, a critic may still leave its work as it is")
  func unchangedCritique() async throws {
    let end = try await debate(
      "", three("VOTE: 2", "VOTE: 2", "VOTE: 3"), rounds: 1, task: [("expect", "changes")])
    #expect(end.run.exit == 0)
    #expect(end.status["partial"] == nil)
    #expect(end.lines[3] == "a a critique 1 answered: idea a, improved")
    #expect(end.story.filter { $0.hasPrefix("proposal") }.count == 6)
  }

  @Test("critics and voters see every proposal whole, by number, with what it changed")
  func prompts() async throws {
    let end = try await debate("", three("VOTE: 2", "VOTE: 2", "VOTE: 3"), rounds: 1)
    let critique = try end.prompt(5)
    #expect(critique.hasPrefix("Do it."))
    #expect(critique.contains("Proposal 2 is yours."))
    for (number, name) in ["a", "b", "c"].enumerated() {
      #expect(critique.contains("Proposal \(number + 1):\n=====\nidea \(name)\n====="))
      #expect(critique.contains("What proposal \(number + 1) changed:"))
      #expect(critique.contains("+++ b/\(name)\n"))
    }
    // What the others lack of one's own is no change of theirs.
    #expect(!critique.contains("deleted file"))
    #expect(try end.prompt(7).contains("idea c, improved"))
  }

  @Test("weights decide where the plan says so")
  func weighted() async throws {
    let end = try await debate(", decide: 'weighted'", three("VOTE: 1", "VOTE: 1", "VOTE: 3"))
    #expect(end.run.exit == 0)
    #expect(end.decision?["winner"]?.string == "c")
    #expect(end.decision?["scores"]?.json.text == #"{"a":2,"b":0,"c":3}"#)
    #expect(try await end.files() == ["c"])
  }

  @Test("a tie is broken by weight and told; who abstains or cannot be read is told too")
  func tie() async throws {
    let end = try await debate("", three("VOTE: 1", "VOTE: 3", "VOTE: none"))
    #expect(end.decision?["winner"]?.string == "a")
    #expect(
      end.decision?["tie"]?.json.text == #"{"between":["a","c"],"brokenBy":"order"}"#)
    #expect(end.decision?["abstained"]?.json.text == #"["c"]"#)
    let unreadable = try await debate("", three("VOTE: 1", "Well.", "VOTE: 9"))
    #expect(unreadable.run.exit == 0)
    #expect(unreadable.decision?["unreadable"]?.json.text == #"["b","c"]"#)
    #expect(
      unreadable.decision?["unreadableBecause"]?["b"]?.string == "it holds no vote")
  }

  @Test("a consensus is a share of the votes that were cast")
  func consensus() async throws {
    let votes = three("VOTE: 1", "VOTE: 1", "VOTE: 3")
    let reached = try await debate(", decide: 'consensus', threshold: 0.6", votes)
    #expect(reached.run.exit == 0)
    #expect(reached.decision?["winner"]?.string == "a")
    #expect(reached.decision?["threshold"]?.double == 0.6)
    let missed = try await debate(", decide: 'consensus', threshold: 0.7", votes)
    #expect(missed.run.exit == 1)
    #expect(missed.status["cause"]?.string == "undecided")
    #expect(
      missed.task?.message
        == "no proposal has 70 % of the votes: the nearest, `a`, has 2 of 3")
    #expect(missed.decision?["winner"]?.isNull == true)
    #expect(missed.task?.branch == nil)
    #expect(missed.commit(0) != nil)
  }

  @Test("a moderator chooses one of the proposals")
  func moderatorChooses() async throws {
    let end = try await debate(
      ", decide: 'moderator', moderator: 'm'",
      three("", "", "") + [Member("m", #"echo '{"choice": 3, "reason": "shortest"}'"#)])
    #expect(end.run.exit == 0)
    #expect(end.decision?["rule"]?.string == "moderator")
    #expect(end.decision?["winner"]?.string == "c")
    #expect(end.lines.count == 4)
    #expect(
      end.lines.last == #"m m decision 1 answered: {"choice": 3, "reason": "shortest"}"#)
    #expect(try await end.files() == ["c"])
    #expect(end.status["output"]?.string == "idea c")
  }

  @Test("a moderator writes the answer itself, and its work is the result")
  func moderatorWrites() async throws {
    let end = try await debate(
      ", decide: 'moderator', moderator: 'm'",
      three("", "", "") + [Member("m", #"echo ab >ab; echo '{"answer": "A and B."}'"#)])
    #expect(end.run.exit == 0)
    #expect(end.decision?["winner"]?.string == "m")
    #expect(end.status["output"]?.string == "A and B.")
    #expect(try await end.files() == ["ab"])
  }

  @Test("a choice that cannot be read is no decision")
  func moderatorMumbles() async throws {
    let end = try await debate(
      ", decide: 'moderator', moderator: 'm'", three("", "", "") + [Member("m", "echo 'Hm.'")])
    #expect(end.run.exit == 1)
    #expect(end.status["cause"]?.string == "undecided")
    #expect(
      end.task?.message == "the choice of the moderator `m` cannot be read: it holds no choice")
    #expect(end.decision?["unreadable"]?.json.text == #"["m"]"#)
  }

  @Test("a debater that fails is out, and the others go on to a partial result")
  func failure() async throws {
    var members = three("VOTE: 2", "", "VOTE: 2")
    members[1] = Member("b", "echo half >half; exit 7")
    let end = try await debate("", members, rounds: 1)
    #expect(end.run.exit == 0)
    #expect(end.status["partial"]?.bool == true)
    #expect(end.task?.message == "`b` failed: exit code 7")
    #expect(end.decision?["winner"]?.string == "c")
    #expect(end.lines.filter { $0.hasPrefix("b") } == ["b b proposal 0 exitCode"])
    #expect(try end.prompt(4).contains("Proposal 2:\n=====\nidea c\n====="))
  }

  @Test("with `halt` the first failure ends the debate")
  func halts() async throws {
    var members = three("VOTE: 1", "", "VOTE: 1")
    members[1] = Member("b", "exit 7")
    let end = try await debate(", onError: 'halt'", members)
    #expect(end.run.exit == 1)
    #expect(end.task?.message == "`b` failed: exit code 7")
    // Who had not begun yet contributes nothing.
    #expect(end.lines.contains("b b proposal 0 exitCode"))
    #expect(end.run.count("debateRound") == 0)
  }

  @Test("when all but one fail, the proposal that is left is the result, and that is told")
  func onlyOne() async throws {
    let end = try await debate(
      "",
      [Member("a", "exit 1"), Member("b", "exit 2"), .debater("c", "echo idea", votes: "VOTE: 1")])
    #expect(end.run.exit == 0)
    #expect(end.decision?["rule"]?.string == "the only one")
    #expect(end.status["output"]?.string == "idea")
    #expect(end.task?.message == "`a` failed: exit code 1; `b` failed: exit code 2")
  }

  @Test("the winner's work is verified, and mended by the winner where it is refused")
  func repair() async throws {
    let writes = "if asked 'Mend the cause'; then echo m >mended; echo mended; else echo idea a; fi"
    let end = try await debate(
      "", [.debater("a", writes, votes: "VOTE: 1")] + three("", "VOTE: 1", "VOTE: 1").dropFirst(),
      task: [("verify", ["test -e mended"])])
    #expect(end.run.exit == 0)
    #expect(end.status["verdict"]?.string == "verified")
    #expect(end.lines.last == "a a work 2 changed: mended")
    #expect(try await end.files() == ["mended"])
  }

  @Test("an interrupt in the middle of a debate leaves nothing running and loses no work")
  func interrupt() async throws {
    let rope = try await Rope.make()
    let ready = try ["a", "b"].map { try rope.pipe($0) }
    // Their proposals are made; their critiques never end.
    let members = ready.enumerated().map { place, pipe in
      let name = place == 0 ? "a" : "b"
      return Member(
        name,
        """
        if asked 'Weigh the proposals'; then echo late \(name) >late; echo >'\(pipe)'; exec sleep 1d; fi
        echo \(name) >\(name); echo idea \(name)
        """)
    }
    let program = try await rope.start(
      StrategyCase.plan("{ debate: ['a', 'b'] }", members, in: rope),
      .init { $0.wrote = ["a": "a\n", "b": "b\n"] })
    for pipe in ready { try await rope.line(from: pipe) }
    program.signal(SIGINT)
    let end = try await StrategyCase(try await program.ended())
    #expect(end.run.exit == 130)
    #expect(end.run.report.state == .cancelled)
    #expect(end.status["state"]?.string == "cancelled")
    #expect(
      end.lines == [
        "a a proposal 0 changed: idea a", "b b proposal 0 changed: idea b",
        "a a critique 1 cancelled", "b b critique 1 cancelled",
      ])
    for place in [2, 3] {
      let late = try await end.git("show \(try #require(end.commit(place))):late")
      #expect(late == "late \(place == 2 ? "a" : "b")")
    }
  }
}
