import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

private typealias Member = StrategyMemberScript

/// What a user would tell of the program, a test for each.
@Suite("scenarios", .timeLimit(.minutes(10)))
struct ScenarioTests {
  /// A plan as it is written, with the agents `say` (the command) and `claude` (the stand-in).
  private func plan(_ tasks: String) -> RopePlan {
    RopePlan(
      text: """
        { agents: { say: { runner: "command", command: ["cat"] }, claude: { runner: "claude" } },
          defaults: { agent: "say", retry: { attempts: 1 } }, tasks: [\(tasks)] }
        """)
  }

  private static let claude = "stub: init\\nstub: say Hello.\\nstub: result done"

  // MARK: - Runners

  @Test("scenario: a runner is found by its name, and the report tells it")
  func runnerByName() async throws {
    let run = try await Rope.make().run(
      plan(#"{ id: "task", agent: "claude", prompt: "\#(Self.claude)" }"#))
    #expect(run.exit == 0)
    #expect(run.report.json.text.contains(#""runner":"claude""#))
    #expect(run.last?.text == "done")
    #expect(run.last?.model == "claude-stub-1")
  }

  @Test("scenario: the runner that a task names wins over the default agent's")
  func taskRunner() async throws {
    let run = try await Rope.make().run(
      plan(#"{ id: "task", runner: "claude", prompt: "\#(Self.claude)" }"#))
    #expect(run.exit == 0)
    #expect(run.task?.runner == "claude")
    #expect(run.last?.text == "done")
  }

  @Test("scenario: the binary is located and verified before anything of the run starts")
  func located() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      RopePlan(
        text: """
          { agents: { good: { runner: "command", command: ["sh", "-c", "touch '\(rope.space("ran"))'"] },
                      bad: { runner: "command", command: ["no-such-program"] } },
            tasks: [ { id: "a", agent: "good", prompt: "x" },
                     { id: "b", needs: ["a"], agent: "bad", prompt: "x" } ] }
          """))
    #expect(run.exit == 5)
    #expect(run.stderr.contains("no-such-program"))
    #expect(run.folder == nil)
    #expect(!Files.exists(rope.space("ran")))
  }

  @Test("scenario: provider and model are passed through to the program as they are written")
  func model() async throws {
    let rope = try await Rope.make()
    // Stands before the stand-in and takes down its arguments.
    try await rope.repository.sh(
      """
      mkdir ../bin; cat > ../bin/claude <<'END'
      #!/bin/sh
      test "$1" = --version || printf '%s\\n' "$@" > '\(rope.space("words"))'
      exec '\(StubAgent.folder)/claude' "$@"
      END
      chmod +x ../bin/claude
      """)
    let run = try await rope.run(
      RopePlan(
        text: """
          { agents: { a: { runner: "claude", model: "provider/model-7" } },
            tasks: [ { id: "task", agent: "a", prompt: "\(Self.claude)" } ] }
          """),
      .init { $0.environment = ["PATH": rope.space("bin") + ":/usr/bin:/bin"] })
    #expect(run.exit == 0)
    let words = try Files.text(rope.space("words")).split(separator: "\n")
    let place = try #require(words.firstIndex(of: "--model"))
    #expect(words[place + 1] == "provider/model-7")
  }

  // MARK: - Prompts

  @Test("scenario: the prompt holds the agent's role, its skills and the task")
  func rolePrompt() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { agents: { a: { runner: "command", command: ["cat"], role: "You design.", capabilities: ["swift", "sql"] } },
            tasks: [ { id: "task", agent: "a", prompt: "Design the table." } ] }
          """))
    #expect(run.last?.text == "You design.\n\nYour skills: swift, sql.\n\nDesign the table.")
  }

  @Test("scenario: a template is rendered for each role in which it is used")
  func template() async throws {
    let prompt = JSON.string("{{vars.what}} of {{task.id}} in {{worktree}}")
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      ["a", "b"].map {
        Member($0, "head -n 3 $prompt; pwd", [("role", .string("You are \($0)."))])
      },
      task: [("prompt", prompt), ("vars", ["what": "Table"])])
    #expect(end.run.exit == 0)
    for (place, name) in ["a", "b"].enumerated() {
      let lines = end.status["contributions"]?.elements.map(\.self)[place]["output"]?.string?
        .split(separator: "\n").map(String.init)
      let folder = try #require(lines?.last)
      #expect(lines == ["You are \(name).", "Table of task in \(folder)", folder])
    }
  }

  // MARK: - Evidence

  @Test("scenario: output is captured while it streams")
  func streams() async throws {
    let rope = try await Rope.make()
    let (there, go) = (try rope.pipe("there"), try rope.pipe("go"))
    let program = try await rope.start(
      .claude(["init", "say Early.", "sh echo >'\(there)'; read x <'\(go)'", "result done"]))
    try await rope.line(from: there)
    // The agent still runs, and what it said is there to be read.
    #expect(try await rope.command(["logs", "task"]).stdout.contains("Early."))
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0)
    let kinds = run.events.map(\.kind)
    let said = try #require(kinds.firstIndex(of: "agentMessage"))
    #expect(said < (try #require(kinds.firstIndex(of: "attemptFinished"))))
  }

  @Test("scenario: what an agent said before it failed is kept")
  func partialOutput() async throws {
    let run = try await rw("echo half of it; echo why >&2; exit 7")
    #expect(run.exit == 1)
    #expect(run.last?.text == "half of it")
    #expect(try run.text("stdout") == "half of it\n")
    #expect(run.last?.stderrTail == "why\n")
  }

  @Test("scenario: exit status and evidence decide together, and neither alone is enough")
  func evidence() async throws {
    let claims = try await stub(["init", "result done", "exit 3"])
    #expect(claims.task?.state == .failed)
    let silent = try await stub(["init", "exit 0"])
    #expect(silent.task?.state == .failed)
    #expect(silent.last?.verdict == .incomplete)
    let empty = try await stub(["init", "result done"], task: [("expect", "changes")])
    #expect(empty.last?.verdict == .empty)
    let good = try await stub(["init", "write f x", "result done"], task: [("expect", "changes")])
    #expect(good.last?.verdict == .changed)
  }

  // MARK: - Strategies

  @Test("scenario: a single agent's result is the task's directly, with no step of its own")
  func single() async throws {
    let end = try await StrategyCase.run(
      "'single'", [Member("a", "echo a >a; echo done")])
    #expect(end.run.exit == 0)
    #expect(end.status["attempts"]?.int == 1)
    #expect(end.status["contributions"] == nil)
    #expect(end.status["output"]?.string == "done")
    #expect(try await end.files() == ["a"])
  }

  @Test("scenario: in a chain the second agent sees the first one's answer")
  func multi() async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['a', 'b'] }", [Member("a", "echo The key is 17."), Member("b", "cat $prompt")])
    #expect(end.run.exit == 0)
    #expect(end.status["output"]?.string?.contains("The key is 17.") == true)
  }

  @Test("scenario: a chain keeps every contribution, in order, with its answer and its commit")
  func contributions() async throws {
    let end = try await StrategyCase.run(
      "{ multi: ['a', 'b', 'c'] }",
      ["a", "b", "c"].map { Member($0, "echo \($0) >\($0); echo by \($0)") })
    #expect(
      end.lines == [
        "a a work 1 changed: by a", "b b work 1 changed: by b", "c c work 1 changed: by c",
      ])
    #expect((0..<3).allSatisfy { end.commit($0) != nil })
    #expect(try await end.files() == ["a", "b", "c"])
  }

  // MARK: - Graphs

  @Test("scenario: tasks without needs run at once, and dependants wait and get their outputs")
  func graph() async throws {
    let rope = try await Rope.make()
    let (there, back) = (try rope.pipe("there"), try rope.pipe("back"))
    let run = try await rope.run(
      RopePlan(
        agents: [
          ("left", Member("", "echo >'\(there)'; read x <'\(back)'; echo L").agent(rope)),
          ("right", Member("", "read x <'\(there)'; echo >'\(back)'; echo R").agent(rope)),
          ("cat", ["runner": "command", "command": ["cat"]]),
        ],
        tasks: [
          ["id": "left", "agent": "left", "prompt": "x"],
          ["id": "right", "agent": "right", "prompt": "x"],
          [
            "id": "both", "agent": "cat", "needs": ["left", "right"],
            "prompt": "{{needs.left.output}} and {{needs.right.output}}",
          ],
        ]))
    #expect(run.exit == 0)
    #expect(run["both"]?.last?.text == "L and R")
    let order = run.events.filter { $0.kind == "taskFinished" || $0.kind == "taskStarted" }
      .map { "\($0.kind) \($0.subject.task?.text ?? "")" }
    #expect(order.suffix(2) == ["taskStarted both", "taskFinished both"])
  }

  @Test("scenario: the order of starts respects every edge, and so does the order of the report")
  func order() async throws {
    let needs = ["d": ["b", "c"], "b": ["a"], "c": ["a"], "e": ["d"]]
    let run = try await Rope.make().run(
      .tasks(["e", "d", "c", "b", "a"].map { ($0, "echo \($0)") }, needs: needs))
    #expect(run.exit == 0)
    var ended: Set<String> = []
    for event in run.events {
      let task = event.subject.task?.text ?? ""
      if event.kind == "taskStarted" {
        #expect(ended.isSuperset(of: needs[task] ?? []), "`\(task)` began too early")
      }
      if event.kind == "taskFinished" { ended.insert(task) }
    }
    #expect(run.report.tasks.map(\.id.text) == ["e", "d", "c", "b", "a"])
  }

  @Test("scenario: a parallel task's results are told in the members' order, whoever ends first")
  func resultsInOrder() async throws {
    let rope = try await Rope.make()
    let pipe = try rope.pipe("second")
    let end = try await StrategyCase.run(
      "{ parallel: ['a', 'b'] }",
      [Member("a", "read x <'\(pipe)'; echo one"), Member("b", "echo >'\(pipe)'; echo two")],
      in: rope)
    #expect(end.status["output"]?.string == "## a\n\none\n\n## b\n\ntwo")
  }

  @Test("scenario: when a need fails its dependants are skipped, and the reason names it")
  func skipped() async throws {
    let run = try await Rope.make().run(
      .tasks(
        [("a", "exit 1"), ("b", "echo b"), ("c", "echo c")], needs: ["b": ["a"], "c": ["b"]]))
    #expect(run.exit == 1)
    #expect(run.report.tasks.map(\.state) == [.failed, .skipped, .skipped])
    #expect(run["b"]?.message == "its need `a` failed")
    #expect(run["c"]?.message == "its need `b` was skipped")
  }

  // MARK: - Account

  @Test("scenario: tokens are counted in and out, and the costs of parallel tasks add up")
  func account() async throws {
    let run = try await Rope.make().run(
      plan(
        ["left", "right"].map { #"{ id: "\#($0)", agent: "claude", prompt: "\#(Self.claude)" }"# }
          .joined(separator: ",")))
    #expect(run.exit == 0)
    for name in ["left", "right"] {
      #expect(
        run[name]?.spending.tokensJSON?.text
          == #"{"input":100,"output":7,"cacheRead":0,"cacheWrite":0}"#)
      #expect(run[name]?.spending.costJSON?.text == #"{"usd":0.25,"source":"reported"}"#)
    }
    let totals = try JSONDocument(run.report.json.bytes).root["totals"]
    #expect(totals?["cost"]?["usd"]?.double == 0.5)
    #expect(totals?["tokens"]?["input"]?.int == 200)
    #expect(totals?["tokens"]?["output"]?.int == 14)
  }

  @Test("scenario: a result has output, state, tokens and cost")
  func result() async throws {
    let run = try await stub(["init", "write f x", "result done"])
    let status = try JSONDocument(run.report.json.bytes).root["tasks"]?.elements.first { _ in true }
    #expect(status?["output"]?.string == "done")
    #expect(status?["state"]?.string == "completed")
    #expect(status?["tokens"]?["output"]?.int == 7)
    #expect(status?["cost"]?["usd"]?.double == 0.25)
  }

  @Test("scenario: a run tells its id, its agents and runners, its duration and its totals")
  func metadata() async throws {
    let run = try await Rope.make().run(
      plan(
        """
        { id: "good", agent: "claude", prompt: "\(Self.claude)" },
        { id: "bad", agent: "claude", prompt: "stub: exit 3" },
        { id: "late", needs: ["bad"], prompt: "x" }
        """))
    #expect(run.exit == 1)
    let status = try JSONDocument(run.report.json.bytes).root
    #expect(status["run"]?.string == run.folder?.path.split(separator: "/").last.map(String.init))
    #expect(status["state"]?.string == "partial")
    let tasks = status["tasks"]?.elements.map(\.self) ?? []
    #expect(tasks.map { $0["agent"]?.string } == ["claude", "claude", "say"])
    #expect(tasks.map { $0["runner"]?.string } == ["claude", "claude", "command"])
    #expect(tasks.map { $0["seconds"] == nil } == [false, false, true])
    let totals = status["totals"]
    #expect(totals?["completed"]?.int == 1)
    #expect(totals?["failed"]?.int == 1)
    #expect(totals?["skipped"]?.int == 1)
    #expect(try #require(totals?["seconds"]?.double) > 0)
  }

  @Test("scenario: an agent that takes too long is ended, `timedOut`, with what it had done")
  func timeout() async throws {
    let run = try await rw(
      "echo half >half; echo so far; exec sleep 1d", task: [("timeout", "2s")]
    ) { $0.wrote = ["half": "half\n"] }
    #expect(run.exit == 1)
    #expect(run.task?.state == .timedOut)
    #expect(run.last?.cause == .timedOut)
    #expect(run.last?.text == "so far")
    #expect(run.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
  }
}
