import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

@Suite("divided tasks for real", .timeLimit(.minutes(10)))
struct StrategySplitTests {
  /// Writes a file named by the last line of its prompt, and says who wrote it.
  private func worker(
    _ name: String, _ then: String = "", _ more: [(String, JSON)] = []
  ) -> Member {
    Member(
      name, "item=$(tail -n 1 $prompt); echo \(name) >$item; echo $item by \(name); \(then)", more)
  }

  @Test("an agent divides the task, the items go round the pool, and the results are merged")
  func byAgent() async throws {
    let end = try await StrategyCase.run(
      "{ split: { by: 'lead', pool: ['x', 'y'], max: 3 } }",
      [
        Member(
          "lead", #"printf '```json\n["one", {"title": "T", "prompt": "two"}, "three"]\n```\n'"#),
        worker("x"), worker("y"),
      ], task: [("verify", ["test -e one -a -e two -a -e three"])])
    #expect(end.run.exit == 0)
    #expect(end.status["verdict"]?.string == "verified")
    #expect(
      end.lines == [
        "lead lead division 1 answered: ```json", "x x item 1 changed: one by x",
        "y y item 2 changed: two by y", "x x item 3 changed: three by x",
      ])
    #expect(try await end.files() == ["one", "three", "two"])
    #expect(
      end.status["output"]?.string
        == "## item 1\n\none by x\n\n## item 2\n\ntwo by y\n\n## item 3\n\nthree by x")
    #expect(try end.prompt(1).contains("Do not do the task above."))
    #expect(try end.prompt(1).contains("at most 3 of them"))
    #expect(
      try end.prompt(3)
        == """
        Do it.

        The task above was divided into 3 parts, which are done at the same time. Do only part 2:

        two
        """)
  }

  @Test("each line of the prompt is an item")
  func byLines() async throws {
    let end = try await StrategyCase.run(
      "{ split: { by: 'lines', pool: ['x'] } }", [worker("x")],
      task: [("prompt", "one\n\n  two\n")])
    #expect(end.run.exit == 0)
    #expect(try await end.files() == ["one", "two"])
    #expect(try end.prompt(2) == "one")
    #expect(
      end.lines == [
        "- lines division 1 answered: one", "x x item 1 changed: one by x",
        "x x item 2 changed: two by x",
      ])
  }

  @Test("listed texts and matching paths stand for `{{item}}` in the prompt")
  func byItem() async throws {
    let list = try await StrategyCase.run(
      "{ split: { by: { list: ['one', 'two'] }, pool: ['x', 'y'] } }", [worker("x"), worker("y")],
      task: [("prompt", "Write\n{{item}}")])
    #expect(list.run.exit == 0)
    #expect(list.lines == ["x x item 1 changed: one by x", "y y item 2 changed: two by y"])
    #expect(try list.prompt(1) == "Write\none")
    let glob = try await StrategyCase.run(
      "{ split: { by: { glob: 'src/**' }, pool: ['x'] } }", [worker("x")],
      task: [("prompt", "Change\n{{item}}")])
    #expect(glob.run.exit == 0)
    #expect(
      glob.lines == [
        "- glob division 1 answered: src/main", "x x item 1 changed: src/main by x",
      ])
    #expect(try await glob.text("src/main") == "x")
  }

  @Test("the least loaded of the pool gets the next item")
  func leastLoaded() async throws {
    let rope = try await Rope.make()
    let pipe = try rope.pipe("third")
    // The first item ends only after the third one, so that one cannot go to the same hand.
    let end = try await StrategyCase.run(
      "{ split: { by: 'lines', pool: ['x', 'y'], deal: 'least-loaded' } }",
      [
        worker("x", "read x <'\(pipe)'", [("maxTasks", 1)]),
        worker("y", "if test $item = three; then echo >'\(pipe)'; fi", [("maxTasks", 1)]),
      ], task: [("prompt", "one\ntwo\nthree")], in: rope)
    #expect(end.run.exit == 0)
    #expect(end.lines.suffix(3).map { $0.prefix(1) } == ["x", "y", "y"])
  }

  @Test("items go to those who are capable of them, and one that nobody is capable of fails")
  func byCapability() async throws {
    let pool = [
      worker("x", "", [("capabilities", ["db"])]), worker("y", "", [("capabilities", ["ui"])]),
    ]
    let strategy = "{ split: { by: 'lead', pool: ['x', 'y'], deal: 'by-capability' } }"
    func lead(_ wanted: String) -> Member {
      Member(
        "lead",
        #"echo '[{"prompt": "one", "capabilities": ["ui"]}, {"prompt": "two", "capabilities": ["\#(wanted)"]}]'"#
      )
    }
    let good = try await StrategyCase.run(strategy, [lead("db")] + pool)
    #expect(good.run.exit == 0)
    #expect(
      good.lines.dropFirst() == ["y y item 1 changed: one by y", "x x item 2 changed: two by x"])
    #expect(try good.prompt(1).contains("The capabilities that there are: db, ui."))
    let bad = try await StrategyCase.run(strategy, [lead("ops")] + pool)
    #expect(bad.run.exit == 1)
    #expect(bad.task?.message == "`item 2` failed: nobody in the pool has ops")
    #expect(bad.lines.last == "y y item 1 changed: one by y")
  }

  @Test(
    "what is no list of items divides nothing, and too many are refused, never cut",
    arguments: [
      ("echo 'Just do it.'", "the answer holds no JSON list of work items"),
      (#"echo '["a", "b", "c"]'"#, "there are 3 work items, and at most 2 are allowed"),
      (#"echo '["a", "a"]'"#, "item 2 is the same as item 1"),
    ])
  func undivided(script: String, why: String) async throws {
    let end = try await StrategyCase.run(
      "{ split: { by: 'lead', pool: ['x'], max: 2 } }", [Member("lead", script), worker("x")])
    #expect(end.run.exit == 1)
    #expect(end.status["cause"]?.string == "undecided")
    #expect(end.task?.message == "the task could not be divided: \(why)")
    #expect(end.lines.count == 1)
  }

  @Test("an item that fails fails the task, or leaves a part, or ends the rest")
  func failure() async throws {
    func end(_ onError: String) async throws -> StrategyCase {
      try await StrategyCase.run(
        "{ split: { by: { list: ['one', 'two', 'three'] }, pool: ['x'] }\(onError) }",
        [worker("x", "test $item != one")],
        task: [("prompt", "Write\n{{item}}")], top: [("concurrency", 1)])
    }
    let strict = try await end("")
    #expect(strict.run.exit == 1)
    #expect(strict.task?.message == "`item 1` failed: exit code 1")
    #expect(strict.lines.count == 3)
    let lenient = try await end(", onError: 'continue'")
    #expect(lenient.run.exit == 0)
    #expect(lenient.status["partial"]?.bool == true)
    #expect(try await lenient.files() == ["three", "two"])
    let halting = try await end(", onError: 'halt'")
    #expect(halting.run.exit == 1)
    #expect(halting.task?.message == "`item 1` failed: exit code 1")
    #expect(halting.lines == ["x x item 1 exitCode: one by x"])
  }
}
