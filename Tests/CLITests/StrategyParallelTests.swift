import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

@Suite("members side by side, for real", .timeLimit(.minutes(10)))
struct StrategyParallelTests {
  /// Two that can only end when both run: one waits for the other's word and answers it.
  private func pair(_ rope: Rope, _ a: String = "", _ b: String = "") throws -> [Member] {
    let (there, back) = (try rope.pipe("there"), try rope.pipe("back"))
    return [
      Member("a", "echo >'\(there)'; read x <'\(back)'; echo a >a; echo one; \(a)"),
      Member("b", "read x <'\(there)'; echo >'\(back)'; echo b >b; echo two; \(b)"),
    ]
  }

  @Test(
    "members run at the same time, each in a worktree of its own, and are merged in their order")
  func together() async throws {
    let rope = try await Rope.make()
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }", try pair(rope, "ls", "ls"), in: rope)
    #expect(end.run.exit == 0)
    #expect(end.lines == ["a a work 1 changed: one", "b b work 1 changed: two"])
    #expect(try await end.files() == ["a", "b"])
    let answer = "## a\n\none\na\nreadme\nsrc\n\n## b\n\ntwo\nb\nreadme\nsrc"
    #expect(end.status["output"]?.string == answer)
    #expect(try end.prompt(1).contains("You are `a`: do what belongs to your domain"))
  }

  @Test("members have prompts of their own, and one agent may take part twice")
  func ownPrompts() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: [{ agent: 'a', prompt: 'left of {{task.id}}' }, { agent: 'a', prompt: 'right' }] }",
      [Member("a", "read word rest <$prompt; cat $prompt >$word; cat $prompt")])
    #expect(end.run.exit == 0)
    #expect(
      end.lines == ["a a work 1 changed: left of task", "a a#2 work 1 changed: right"])
    #expect(try await end.files() == ["left", "right"])
  }

  @Test("a member that fails fails the task when all have ended; what they made is kept")
  func failure() async throws {
    let rope = try await Rope.make()
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }", try pair(rope, "exit 7"), in: rope
    ) { $0.wrote = ["a": "a\n", "b": "b\n"] }
    #expect(end.run.exit == 1)
    #expect(end.status["state"]?.string == "failed")
    #expect(end.status["cause"]?.string == "exitCode")
    #expect(end.task?.message == "`a` failed: exit code 7")
    #expect(end.lines == ["a a work 1 exitCode: one", "b b work 1 changed: two"])
    #expect(end.task?.branch == nil)
  }

  @Test("a member that fails leaves a partial result where the plan says to go on")
  func goesOn() async throws {
    let rope = try await Rope.make()
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'], onError: 'continue' }", try pair(rope, "exit 7"), in: rope
    ) { $0.wrote = ["a": "a\n"] }
    #expect(end.run.exit == 0)
    #expect(end.status["partial"]?.bool == true)
    #expect(end.task?.message == "`a` failed: exit code 7")
    #expect(try await end.files() == ["b"])
    #expect(end.status["output"]?.string == "## b\n\ntwo")
    let shown = try await rope.command(["status"])
    #expect(shown.stdout.contains(", partial: `a` failed: exit code 7"))
  }

  @Test("where the plan halts, the first failure ends the others, and their work is kept")
  func halts() async throws {
    let rope = try await Rope.make()
    let ready = try rope.pipe("ready")
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'], onError: 'halt' }",
      [
        Member("a", "read x <'\(ready)'; exit 7"),
        Member("b", "echo half >half; echo >'\(ready)'; exec sleep 1d"),
      ], in: rope
    ) { $0.wrote = ["half": "half\n"] }
    #expect(end.run.exit == 1)
    #expect(end.task?.message == "`a` failed: exit code 7")
    #expect(end.lines == ["a a work 1 exitCode", "b b work 1 cancelled"])
    #expect(end.commit(1) != nil)
  }

  @Test("results that do not merge fail the task by both names, and both are still there")
  func conflict() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [Member("a", "echo a >readme; echo ok"), Member("b", "echo b >readme; echo ok")])
    #expect(end.run.exit == 1)
    #expect(end.status["cause"]?.string == "conflict")
    #expect(
      end.task?.message
        == "the results of `a` and `b` do not merge: both changed `readme`")
    #expect(end.lines == ["a a work 1 changed: ok", "b b work 1 changed: ok"])
    for (place, text) in ["a", "b"].enumerated() {
      #expect(try await end.git("show \(try #require(end.commit(place))):readme") == text)
    }
  }

  @Test("what the verification refuses of the merged whole goes to the first member, who mends it")
  func repair() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [
        Member(
          "a", "if asked 'missing c'; then cat a b >c; echo mended; else echo a >a; echo one; fi"),
        Member("b", "echo b >b; echo two"),
      ], task: [("verify", ["test -e c || { echo missing c; exit 1; }"])])
    #expect(end.run.exit == 0)
    #expect(end.status["verdict"]?.string == "verified")
    #expect(
      end.lines == [
        "a a work 1 changed: one", "b b work 1 changed: two", "a a work 2 changed: mended",
      ])
    #expect(try await end.files() == ["a", "b", "c"])
    let prompt = try end.prompt(4)
    #expect(prompt.hasPrefix("Do it."))
    #expect(prompt.contains("missing c"))
  }

  @Test("what the verification refuses for good is no success, and the merged whole is kept")
  func refused() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [Member("a", "echo a >a; echo ok"), Member("b", "echo b >b; echo ok")],
      task: [("verify", ["echo no; exit 3"]), ("repair", 0)])
    #expect(end.run.exit == 1)
    #expect(end.status["cause"]?.string == "rejected")
    #expect(end.task?.message == "`echo no; exit 3` failed: exit code 3")
    let ref = try #require(end.status["ref"]?.string)
    #expect(ref.hasPrefix("refs/ropewalk/snapshots/"))
    #expect(try await end.git("diff --name-only main \(ref)") == "a\nb")
  }

  @Test("a member that hangs is timed out, and what it wrote until then is kept")
  func hangs() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [Member("a", "echo half >half; exec sleep 1d"), Member("b", "echo b >b; echo ok")],
      task: [("timeout", "5s")]
    ) { $0.wrote = ["half": "half\n"] }
    #expect(end.run.exit == 1)
    #expect(end.status["state"]?.string == "timedOut")
    #expect(end.lines == ["a a work 1 timedOut", "b b work 1 changed: ok"])
    #expect(try await end.git("show \(try #require(end.commit(0))):half") == "half")
  }

  @Test("a repairer that changes nothing ends the task, and says so")
  func vainRepair() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [Member("a", "echo a >a; echo one"), Member("b", "echo b >b; echo two")],
      task: [("verify", ["test -e c"]), ("repair", 5)])
    #expect(end.run.exit == 1)
    #expect(end.lines.count == 3)
    #expect(end.status["cause"]?.string == "rejected")
    #expect(end.task?.message == "the verification still fails: nothing was changed")
  }

  @Test("a member that fails is tried again by itself, while the others go on")
  func retry() async throws {
    let rope = try await Rope.make()
    let (mark, again) = (rope.space("second"), try rope.pipe("again"))
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [
        Member(
          "a",
          "test -e '\(mark)' || { touch '\(mark)'; exit 7; }; echo >'\(again)'; echo a >a; echo one"
        ),
        Member("b", "read x <'\(again)'; echo b >b; echo two"),
      ], task: [("retry", ["attempts": 2, "backoff": "0s"])], in: rope)
    #expect(end.run.exit == 0)
    #expect(
      end.lines == ["a a work 1 exitCode", "a a work 1 changed: one", "b b work 1 changed: two"])
    #expect(try await end.files() == ["a", "b"])
  }

  @Test("an interrupt while the merged whole is verified keeps the whole")
  func interruptedVerification() async throws {
    let rope = try await Rope.make()
    let ready = try rope.pipe("ready")
    let program = try await rope.start(
      StrategyCase.plan(
        "{ parallel: ['a', 'b'] }",
        [Member("a", "echo a >a; echo one"), Member("b", "echo b >b; echo two")],
        task: [("verify", [.string("echo >'\(ready)'; exec sleep 1d")])], in: rope))
    try await rope.line(from: ready)
    program.signal(SIGINT)
    let end = try await StrategyCase(try await program.ended())
    #expect(end.run.exit == 130)
    #expect(end.status["state"]?.string == "cancelled")
    #expect(end.lines == ["a a work 1 changed: one", "b b work 1 changed: two"])
    let ref = try #require(end.status["ref"]?.string)
    #expect(try await end.git("diff --name-only main \(ref)") == "a\nb")
  }

  @Test("what members cost adds up, and one of whom it is unknown makes the sum unknown")
  func cost() async throws {
    func cost(_ members: String) async throws -> String? {
      let run = try await Rope.make().run(
        RopePlan(
          text: """
            { agents: { a: { runner: "claude" }, b: { runner: "command", command: ["cat"] } },
              tasks: [ { id: "task", prompt: "stub: init\\nstub: result done",
                         strategy: { parallel: \(members) } } ] }
            """))
      #expect(run.exit == 0)
      return try await StrategyCase(run).status["cost"]?.json.text
    }
    #expect(try await cost("['a', 'a']") == #"{"usd":0.5,"source":"reported"}"#)
    #expect(try await cost("['a', 'b']")?.contains(#""source":"unknown""#) == true)
  }

  @Test("answers alone are a result too: nothing is merged, and the branch is the start")
  func answers() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }", [Member("a", "echo one"), Member("b", "echo two")],
      task: [("expect", "answer")])
    #expect(end.run.exit == 0)
    #expect(end.status["verdict"]?.string == "answered")
    #expect(try await end.files() == [])
    #expect(end.status["output"]?.string == "## a\n\none\n\n## b\n\ntwo")
  }

  @Test("a dependant starts from the merged result and has its output in the prompt")
  func dependant() async throws {
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [
        Member("a", "echo a >a; echo one"), Member("b", "echo b >b; echo two"),
        Member("c", "cat a b; echo c >c"),
      ],
      others: [
        [
          "id": "next", "agent": "c", "needs": ["task"], "prompt": "So far: {{needs.task.output}}",
        ]
      ])
    #expect(end.run.exit == 0)
    #expect(end.run["next"]?.last?.text == "a\nb")
    #expect(try end.prompt(1, task: "next") == "So far: ## a\n\none\n\n## b\n\ntwo")
  }
}
