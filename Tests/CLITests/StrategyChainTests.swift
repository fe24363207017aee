import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

@Suite("chains for real", .timeLimit(.minutes(10)))
struct StrategyChainTests {
  /// Mends its work when it is told that there are no tests.
  private static let developer = Member(
    "dev",
    "if asked 'No tests.'; then echo t >tests; echo second; else echo c >code; echo first; fi")

  @Test(
    "each sees the answers before it and the work in the folder, and the last one's is the task's")
  func chain() async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['a', 'b'] }",
      [
        Member("a", "echo x >design; echo 'Use X.'"),
        Member("b", "tr x y <design >made; echo built"),
      ], task: [("expect", "changes")])
    #expect(end.run.exit == 0)
    #expect(end.lines == ["a a work 1 changed: Use X.", "b b work 1 changed: built"])
    #expect(try await end.files() == ["design", "made"])
    #expect(try await end.text("made") == "y")
    #expect(end.status["output"]?.string == "built")
    #expect(end.status["verdict"]?.string == "changed")
    #expect(end.status["partial"] == nil)
    let prompt = try end.prompt(2)
    #expect(prompt.contains("The answer of `a`:\n=====\nUse X.\n====="))
    #expect(prompt.contains("What was changed so far:"))
    #expect(prompt.contains("+++ b/design"))
  }

  @Test("a reviewer sends the work back with notes, sees all that was changed since, and approves")
  func review() async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['dev', 'rev'], rounds: 2 }",
      [
        Self.developer,
        Member(
          "rev",
          #"test -e tests && echo 'VERDICT: approve' || echo '{"verdict": "revise", "notes": "No tests."}'"#
        ),
      ])
    #expect(end.run.exit == 0)
    #expect(
      end.lines == [
        "dev dev work 1 changed: first",
        #"rev rev review 1 answered: {"verdict": "revise", "notes": "No tests."}"#,
        "dev dev work 2 changed: second", "rev rev review 2 answered: VERDICT: approve",
      ])
    #expect(try await end.files() == ["code", "tests"])
    #expect(end.status["output"]?.string == "second")
    #expect(try end.prompt(2).contains("+++ b/code"))
    #expect(try end.prompt(3).contains("The notes of the reviewer `rev`:\n=====\nNo tests.\n====="))
    let second = try end.prompt(4)
    #expect(second.contains("+++ b/code"))
    #expect(second.contains("+++ b/tests"))
  }

  @Test(
    "what a need changed is no change of the chain's, and its answer stands in a member's own prompt"
  )
  func needs() async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['a', { agent: 'b', prompt: 'After: {{needs.base.output}}' }] }",
      [
        Member("a", "cp old new; echo ok"), Member("b", "echo read"),
        Member("c", "echo o >old; echo 'Old is there.'"),
      ], task: [("needs", ["base"])], others: [["id": "base", "agent": "c", "prompt": "x"]])
    #expect(end.run.exit == 0)
    let prompt = try end.prompt(2)
    #expect(prompt.hasPrefix("After: Old is there."))
    #expect(prompt.contains("+++ b/new"))
    #expect(!prompt.contains("b/old"))
  }

  @Test("work that is never approved is no success, and is kept", arguments: [false, true])
  func neverApproved(goesOn: Bool) async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['dev', 'rev'], rounds: 1\(goesOn ? ", onError: 'continue'" : "") }",
      [Self.developer, Member("rev", "echo 'VERDICT: revise'")])
    #expect(end.lines.count == 4)
    #expect(end.task?.message == "`rev` still asks for changes after 1 round")
    #expect(end.run.exit == (goesOn ? 0 : 1))
    #expect(end.status["state"]?.string == (goesOn ? "completed" : "failed"))
    #expect(end.status["cause"]?.string == (goesOn ? nil : "undecided"))
    #expect(end.status["partial"]?.bool == (goesOn ? true : nil))
    #expect(end.commit(0) != nil)
    #expect((end.task?.branch != nil) == goesOn)
  }

  @Test("a verdict that cannot be read is asked for once more, and then the work is not approved")
  func unreadable() async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['dev', 'rev'], rounds: 3 }", [Self.developer, Member("rev", "echo 'Nice!'")])
    #expect(end.lines.count == 3)
    #expect(end.status["cause"]?.string == "undecided")
    #expect(try end.prompt(3).contains("Your last answer could not be read: it holds no verdict"))
  }

  @Test("a member that fails fails the chain, or is left out where the plan says so")
  func failure() async throws {
    let members = [
      Member("a", "echo half >half; exit 7"), Member("b", "ls half 2>&1; echo b >made; echo built"),
    ]
    let strict = try await StrategyCase.run("{ multi: ['a', 'b'] }", members) {
      $0.wrote = ["half": "half\n"]
    }
    #expect(strict.run.exit == 1)
    #expect(strict.status["cause"]?.string == "exitCode")
    #expect(strict.task?.message == "`a` failed: exit code 7")
    #expect(strict.lines == ["a a work 1 exitCode"])
    let lenient = try await StrategyCase.run(
      "{ multi: ['a', 'b'], onError: 'continue' }", members)
    #expect(lenient.run.exit == 0)
    #expect(lenient.status["partial"]?.bool == true)
    #expect(try await lenient.files() == ["made"])
    #expect(lenient.task?.message == "`a` failed: exit code 7")
  }

  @Test("a retry of a member starts from the work before it, not from the task's start")
  func retry() async throws {
    let rope = try await Rope.make()
    let mark = rope.space("second")
    let end = try await StrategyCase.run(
      "{ multi: ['a', 'b'] }",
      [
        Member("a", "echo x >design; echo ok"),
        Member(
          "b",
          "if test -e '\(mark)'; then test ! -e half && cp design made; echo ok; "
            + "else touch '\(mark)'; echo half >half; exit 7; fi"),
      ], task: [("retry", ["attempts": 2, "backoff": "0s"])], in: rope)
    #expect(end.run.exit == 0)
    #expect(
      end.lines == [
        "a a work 1 changed: ok", "b b work 1 exitCode", "b b work 1 changed: ok",
      ])
    #expect(try await end.files() == ["design", "made"])
  }
}
