import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

@Suite("candidates for real", .timeLimit(.minutes(10)))
struct StrategyCandidatesTests {
  private func candidates(
    _ more: String, _ members: [Member], task: [(String, JSON)] = [("verify", ["test -e good"])]
  ) async throws -> StrategyCase {
    try await StrategyCase.run("{ candidates: ['a', 'b', 'c']\(more) }", members, task: task)
  }

  private let wide = Member("a", "touch good more; echo wide")
  private let slim = Member("b", "touch good; echo slim")

  @Test("of those that pass the verification the one with the fewest changed files is the result")
  func verify() async throws {
    let end = try await candidates(
      "", [wide, slim, Member("c", "touch bad; echo broken")],
      task: [("verify", ["test -e good"]), ("repair", 0)])
    #expect(end.run.exit == 0)
    #expect(end.status["verdict"]?.string == "verified")
    #expect(
      end.lines == [
        "a a candidate 1 verified: wide", "b b candidate 1 verified: slim",
        "c c candidate 1 rejected: broken",
      ])
    #expect(end.decision?["rule"]?.string == "fewest changed files")
    #expect(end.decision?["winner"]?.string == "b")
    #expect(end.decision?["scores"]?.json.text == #"{"a":2,"b":1}"#)
    #expect(try await end.files() == ["good"])
    #expect(end.status["output"]?.string == "slim")
  }

  @Test("a tie goes to the first and is told; one that is left alone wins without a contest")
  func tie() async throws {
    let even = try await candidates("", [slim, slim, Member("c", "exit 7")].renamed)
    #expect(even.decision?["winner"]?.string == "a")
    #expect(even.decision?["tie"]?.json.text == #"{"between":["a","b"],"brokenBy":"order"}"#)
    let alone = try await candidates(
      "", [slim, Member("b", "exit 7"), Member("c", "exit 8")].renamed)
    #expect(alone.run.exit == 0)
    #expect(alone.decision?["rule"]?.string == "the only one")
    #expect(alone.decision?["winner"]?.string == "a")
  }

  @Test("a judge sees every answer and change and chooses")
  func judge() async throws {
    let end = try await candidates(
      ", pick: { judge: 'j' }",
      [wide, slim, Member("c", "exit 7"), Member("j", "echo 'CHOICE: 1'")])
    #expect(end.run.exit == 0)
    #expect(end.decision?["rule"]?.string == "judge")
    #expect(end.decision?["winner"]?.string == "a")
    #expect(end.lines.last == "j j judgement 2 answered: CHOICE: 1")
    #expect(try await end.files() == ["good", "more"])
    let prompt = try end.prompt(4)
    #expect(prompt.contains("The answer of candidate 2:\n=====\nslim\n====="))
    #expect(prompt.contains("What candidate 1 changed:"))
    #expect(prompt.contains("b/more"))
  }

  @Test("a judge that cannot be read decides nothing")
  func mumbling() async throws {
    let end = try await candidates(
      ", pick: { judge: 'j' }", [wide, slim, slim, Member("j", "echo 'Both.'")].renamed)
    #expect(end.run.exit == 1)
    #expect(end.status["cause"]?.string == "undecided")
    #expect(end.task?.message == "the choice of the judge `j` cannot be read: it holds no choice")
    #expect(end.commit(0) != nil)
  }

  @Test("without any that passes there is no result, and all that was made is kept")
  func none() async throws {
    let end = try await candidates(
      "", ["a", "b", "c"].map { Member($0, "touch \($0); echo \($0)") },
      task: [("verify", ["test -e good"]), ("repair", 0)])
    #expect(end.run.exit == 1)
    #expect(end.status["cause"]?.string == "rejected")
    #expect(end.lines.count == 3)
    #expect([0, 1, 2].allSatisfy { end.commit($0) != nil })
    #expect(end.task?.branch == nil)
  }

  @Test("a refused candidate mends its own work before it is compared")
  func repair() async throws {
    let end = try await candidates(
      "", [Member("a", "test -e bad && touch good || touch bad; echo ok"), wide, wide].renamed)
    #expect(end.run.exit == 0)
    #expect(
      end.lines == [
        "a a candidate 1 rejected: ok", "a a candidate 1 verified: ok",
        "b b candidate 1 verified: wide", "c c candidate 1 verified: wide",
      ])
  }
}

extension [StrategyMemberScript] {
  /// The first three under the names `a`, `b` and `c`.
  fileprivate var renamed: [StrategyMemberScript] {
    zip(self, ["a", "b", "c"]).map { StrategyMemberScript($1, $0.script, $0.more) } + dropFirst(3)
  }
}
