// Knows what is said of plans that cannot be accepted. Unaware of plans that can.

import RopewalkCore
import Testing

@Suite struct PlanRefusalTests {
  /// What is wrong with a plan of one agent `dev` and the given tasks, without the places.
  private func messages(_ tasks: String) -> [String] { messages(of: PlanCase.tasks(tasks)) }

  private func messages(of plan: String) -> [String] {
    CheckReport(PlanCase.decode(plan)).errors.map { error in
      error.hint.map { "\(error.message) | \($0)" } ?? error.message
    }
  }

  private func task(_ members: String) -> String { "{ id: 'a', prompt: 'x', \(members) }" }

  @Test("an error is told by what, where and what to do")
  func threeLines() {
    let plan = """
      {
        tasks: [
          { id: 'lint', prompt: 'x', runner: 'claude' },
          { id: 'review', prompt: 'x', runner: 'claude',
            needs: ['lints'] },
        ],
      }
      """
    #expect(
      PlanCase.refusal(of: plan) == """
        error: task `review` needs `lints`, which the plan does not define
          at: plan.json5:5:15, tasks[1].needs[0]
          hint: did you mean `lint`? The plan defines: lint, review
        """)
  }

  @Test("fault 92: a cycle, a self need, an unknown need and a twice defined id are told at once")
  func allAtOnce() {
    let told = messages(
      """
      { id: 'a', prompt: 'x', needs: ['b'] }, { id: 'b', prompt: 'x', needs: ['a'] },
      { id: 'c', prompt: 'x', needs: ['c', 'd'] }, { id: 'a', prompt: 'x' }
      """)
    #expect(
      told == [
        "tasks wait for each other: `a -> b -> a` | each needs the next one; remove one of these needs",
        "task `c` needs itself | remove it from its own `needs`",
        "task `c` needs `d`, which the plan does not define | the plan defines: a, b, c",
        "task `a` is defined twice, first in `tasks[0]` | give one of them another id",
      ])
  }

  @Test("a long cycle is told by its beginning and its end")
  func longCycle() {
    let tasks = (0..<100).map { "{ id: 't\($0)', prompt: 'x', needs: ['t\(($0 + 1) % 100)'] }" }
    let told = messages(tasks.joined(separator: ","))
    #expect(told.count == 1)
    #expect(
      told.first?.hasPrefix(
        "tasks wait for each other: `t0 -> t1 -> t2 -> t3 -> t4 -> t5 -> t6 -> t7 -> t8 -> t9 -> "
          + "(85 more) -> t95 -> t96 -> t97 -> t98 -> t99 -> t0` |") == true)
  }

  @Test(
    "fault 93: a value of a wrong type is refused with what was expected",
    arguments: [
      ("priority: '1'", "`priority` must be a whole number from -1000000 to 1000000, not a string"),
      ("when: true", "`when` must be a string, not true or false | write it in quotes: \"true\""),
      ("onError: null", "`onError` must be a string, not null"),
      ("needs: {}", "`needs` must be a list, not an object"),
      ("needs: [null]", "`needs[0]` must be the id of a task, not null"),
      ("vars: 3", "`vars` must be an object, not a number"),
      ("vars: { n: 1 }", "`n` must be a string, not a number | write it in quotes: \"1\""),
      ("verify: 'make'", "`verify` must be a list, not a string | write it as a list: [\"make\"]"),
      ("retry: 3", "`retry` must be an object, not a number"),
      (
        "expect: 'answers'",
        "`expect` cannot be `answers` | did you mean `answer`? It takes one of: either, changes, answer"
      ),
      ("repair: 101", "`repair` must be a whole number from 0 to 100, not 101"),
      ("retry: { attempts: 2.5 }", "`attempts` must be a whole number from 1 to 100, not 2.5"),
      ("retry: { jitter: NaN }", "`jitter` must be a number from 0 to 1, not NaN"),
      ("verify: [[]]", "`verify[0]` names no program | write it as [\"PROGRAM\", \"ARGUMENT\", …]"),
      ("model: ' '", "`model` is empty | give it a value or remove it"),
      ("model: 'a\\0b'", "`model` holds a NUL character at offset 1 | remove the character"),
      (
        "vars: { 'a b': 'x' }",
        "`a b` is no name of a variable | a name is 1 to 64 letters, digits, `.`, `_` or `-`"
      ),
      (
        "nedes: []",
        "a task has no key `nedes` | did you mean `needs`? The keys are: id, prompt, needs, runner, model, priority, onError, when, vars, strategy, capabilities, budget, resources, touches, agent, timeout, idleTimeout, grace, retry, verify, repair, expect, worktree, partialWork, context, limits, sandbox"
      ),
    ])
  func types(member: String, expected: String) {
    #expect(messages(task(member)) == [expected])
  }

  @Test(
    "a context is refused whose summariser is no agent of the plan, or whose files cannot be there",
    arguments: [
      (
        "{ agents: { dev: { runner: 'codex' } }, tasks: [{ id: 'a', prompt: 'x', context: { over: { summarise: 'dve' } } }] }",
        "the context of task `a` names the agent `dve`, which the plan does not define | did you mean `dev`? The plan defines: dev"
      ),
      (
        "{ agents: { dev: { runner: 'codex', budget: { usd: 1 } } }, tasks: [{ id: 'a', prompt: 'x', context: { over: { summarise: 'dev' } } }] }",
        "the summariser `dev` has a `budget` of its own, which would not hold its summaries | their cost counts for the task: give the task or the plan a budget, and `dev` none"
      ),
      (
        "{ agents: { dev: { runner: 'codex' } }, defaults: { context: { over: { summarise: 'dve' } } }, tasks: [{ id: 'a', prompt: 'x' }] }",
        "the context of `defaults` names the agent `dve`, which the plan does not define | did you mean `dev`? The plan defines: dev"
      ),
      (
        PlanCase.tasks(
          "{ id: 'a', prompt: 'x', runner: 'r', worktree: 'none', context: { files: ['a.md'] } }"),
        "task `a` is to be told files and has no worktree to find them in | give it context: { files: [] }, or leave out `worktree`"
      ),
    ])
  func contexts(plan: String, expected: String) {
    #expect(messages(of: plan) == [expected])
  }

  @Test("a task without a worktree cannot be expected to change files")
  func noPlaceForChanges() {
    #expect(messages(task("worktree: 'none', expect: 'answer'")).isEmpty)
    let refusals = messages(task("worktree: 'none', expect: 'changes'"))
    #expect(refusals.count == 1)
    #expect(refusals[0].contains("expects changes and has no worktree to make them in"))
  }

  @Test("fault 93: missing keys are refused with an example of what is missing")
  func missingKeys() {
    #expect(
      messages(of: "{}") == [
        "the plan has no `tasks` | list at least one, as in tasks: [{ id: \"hello\", prompt: \"…\" }]"
      ])
    #expect(
      messages("{ id: 'a' }, {}") == [
        "task `a` has no `prompt` | say in `prompt` what is to be done",
        "`tasks[1]` has no `id` | an id is \(TaskID.rule)",
        "`tasks[1]` has no `prompt` | say in `prompt` what is to be done",
      ])
    #expect(
      messages(
        of: """
          { agents: { e: { runner: 'r', capabilities: ['x'] }, f: { runner: 'r', capabilities: ['y'] } },
            tasks: [{ id: 'a', prompt: 'x', capabilities: ['x', 'y'] }, { id: 'b', prompt: 'x', agent: 'e', capabilities: ['y'] }] }
          """) == [
          "task `a` asks for `x`, `y`, which no agent of the plan has | add it to the `capabilities` of an agent",
          "task `b` asks for `y`, which its agent `e` lacks | add it to the `capabilities` of an agent",
        ])
  }

  @Test(
    "a key of a later version is refused, never passed over",
    arguments: [
      ("{ workspace: {}, tasks: [] }", "workspace"),
      (PlanCase.tasks("{ id: 'a', prompt: 'x', hooks: {} }"), "hooks"),
      (PlanCase.tasks("{ id: 'a', prompt: 'x', matrix: {} }"), "matrix"),
    ])
  func laterKeys(plan: String, key: String) {
    #expect(
      messages(of: plan).contains(
        "`\(key)` is not available in this version | remove it: this version would not act on it"))
  }

  @Test(
    "what tasks or the machine must have is refused where it could never be",
    arguments: [
      (
        "resources: { db: 1 }", "resources: { bd: 1 }",
        "task `a` wants the resource `bd`, which the plan does not define | did you mean `db`? The plan defines: db"
      ),
      (
        "name: 'x'", "resources: { db: 1 }",
        "task `a` wants the resource `db`, which the plan does not define | define it, as in resources: { db: 1 }"
      ),
      (
        "resources: { db: 1 }", "resources: { db: 2 }",
        "task `a` wants 2 of `db`, and there is 1 | want less, or say in `resources` of the plan that there is more"
      ),
      (
        "resources: { db: 0 }", "resources: {}",
        "`db` must be a whole number from 1 to 1000000, not 0"
      ),
      (
        "name: 'x'", "touches: ['../x']",
        "`../x` is no path within the repository | write it from the top of the repository, as in \"src/api/**\""
      ),
      (
        "admission: { memory: '1 GB' }", "touches: []",
        "`memory` is `1 GB`, which is no size | write a whole number and a unit: k, M, G or T, each 1,024 times the one before"
      ),
      (
        "admission: true", "touches: []",
        "`admission` cannot be true | as in admission: { memory: \"1G\", load: 16 }"
      ),
      (
        "onLimit: 'wiat'", "touches: []",
        "`onLimit` cannot be `wiat` | did you mean `wait`? It takes one of: wait, fail"
      ),
    ])
  func demands(top: String, member: String, expected: String) {
    let plan =
      "{ \(top), agents: { e: { runner: 'claude' } }, tasks: [{ id: 'a', prompt: 'x', \(member) }] }"
    #expect(messages(of: plan) == [expected])
  }

  @Test(
    "a strategy that cannot be carried out is refused with what to write instead",
    arguments: [
      ("'multi'", "`strategy` cannot be `multi` | say with whom, as in { multi: […] }"),
      (
        "'mluti'",
        "`strategy` cannot be `mluti` | did you mean `multi`? It takes one of: single, auto, multi, parallel, debate, split, candidates"
      ),
      ("{}", "`strategy` names no strategy | \(forms)"),
      ("{ multi: ['e', 'e'], debate: ['e', 'e'] }", "`strategy` names 2 strategies | \(forms)"),
      (
        "{ debate: ['e'] }",
        "`debate` has 1 member, and 2 are the least | for one agent, name it as the task's `agent`"
      ),
      ("{ parallel: [] }", "`parallel` has 0 members, and 1 are the least | name an agent"),
      (
        "{ multi: ['e', 'f'] }",
        "the strategy of task `a` names the agent `f`, which the plan does not define | the plan defines: e"
      ),
      (
        "{ multi: ['e', 'e'], round: 2 }",
        "the strategy `multi` has no key `round` | did you mean `rounds`? The keys are: multi, onError, rounds"
      ),
      (
        "{ debate: ['e', 'e'], decide: 'moderator' }",
        "the debate is decided by a moderator and names none | add moderator: \"AGENT\""
      ),
      (
        "{ debate: ['e', 'e'], threshold: 0.5 }",
        "`threshold` is for `decide: \"consensus\"` alone | remove it, or decide so"
      ),
      (
        "{ candidates: ['e', 'e'] }",
        "task `a` picks among candidates by verification and has none | add `verify`, or let a judge pick: pick: { judge: \"AGENT\" }"
      ),
      (
        "{ candidates: ['e', 'e'], pick: 'ask' }",
        "`pick: \"ask\"` is not available in this version | pick by \"verify\" or { judge: \"AGENT\" }"
      ),
      (
        "{ split: { pool: ['e'] } }",
        "`split` has no `by` | give it an agent, \"lines\", { list: […] } or { glob: \"…\" }"
      ),
      (
        "{ split: { by: { list: ['x'] }, pool: ['e'] } }",
        "task `a` is split over items that its prompt does not use | write {{item}} in the prompt where the item belongs"
      ),
      (
        "{ parallel: [{ strategy: 'single' }] }",
        "a member's `strategy` must be one with members of its own | for one agent, write { agent: \"NAME\" }"
      ),
      (
        "{ parallel: [{ strategy: 'auto' }] }",
        "a member's `strategy` must be one with members of its own | for one agent, write { agent: \"NAME\" }"
      ),
      (
        "{ parallel: [{ agent: 'e', strategy: { parallel: ['e'] } }] }",
        "a member is an agent or a strategy, not both | remove one of the two"
      ),
      (
        "{ parallel: [{ prompt: 'x' }] }",
        "`parallel[0]` names no agent | write it as { agent: \"NAME\", prompt: \"…\" }"
      ),
      (
        "{ parallel: [{ agent: 'e', prompt: '{{vars.x}}' }] }",
        "the prompt of task `a` uses `{{vars.x}}`, and the plan has no variable `x` | add it to `vars`, or give it with `--var x=VALUE`"
      ),
    ])
  func strategies(strategy: String, expected: String) {
    let plan = """
      { agents: { e: { runner: 'r' } },
        tasks: [{ id: 'a', prompt: 'x', agent: 'e', strategy: \(strategy) }] }
      """
    #expect(messages(of: plan).first == expected)
  }

  private static let forms =
    "a strategy is \"single\", \"auto\" or one of { multi: […] }, { parallel: […] }, { debate: […] }, { split: {…} }, { candidates: […] }"

  @Test("an item is refused where there are none")
  func item() {
    #expect(
      messages(of: PlanCase.tasks("{ id: 'a', prompt: 'x {{item}}', runner: 'r' }")) == [
        "the prompt of task `a` uses `{{item}}`, which stands for nothing without items | give the task strategy: { split: { by: { list: […] }, pool: […] } }"
      ])
  }

  @Test("strategies may be nested, and not without end")
  func nesting() {
    let five =
      "{ multi: ['e', { multi: ['e', { multi: ['e', { multi: ['e', { multi: ['e', 'e'] }] }] }] }] }"
    func plan(_ strategy: String) -> String {
      "{ agents: { e: { runner: 'r' } }, tasks: [{ id: 'a', prompt: 'x', strategy: \(strategy) }] }"
    }
    #expect(messages(of: plan(five)) == [])
    #expect(
      messages(of: plan("{ multi: ['e', \(five)] }")) == [
        "strategies are nested more than 5 deep | make tasks of their own of the inner ones"
      ])
  }

  @Test(
    "fault 94: bytes that are no plan are refused with one line and what to do",
    arguments: [
      ([], "the plan is empty"), (Array(" \n\t".utf8), "the plan is empty"),
      ([0xEF, 0xBB, 0xBF], "the plan is empty"),
      ([0xFF, 0xFE, 0x7B, 0x00], "the plan is written in UTF-16"),
      ([0xFE, 0xFF, 0x00, 0x7B], "the plan is written in UTF-16"),
      ([0x7B, 0x00, 0x7D, 0x00], "the plan is written in UTF-16"),
      ([0xFF, 0xFE, 0x00, 0x00], "the plan is written in UTF-32"),
      (
        [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0],
        "the plan holds a NUL byte at offset 7, so it is no text"
      ),
      (Array("{ a: '".utf8) + [0xC3, 0x28], "the plan is not UTF-8 at offset 6"),
      (Array("hello".utf8), "the plan is not JSON5: this is no JSON value"),
      (Array("{ tasks: [".utf8), "the plan is not JSON5: a value is missing"),
      (Array("[]".utf8), "the plan must be an object, not a list"),
    ] as [([UInt8], String)])
  func bytes(bytes: [UInt8], message: String) {
    #expect(CheckReport(PlanCase.decode(bytes)).errors.map(\.message) == [message])
  }

  @Test("fault 94: a byte order mark before a good plan does no harm")
  func byteOrderMark() throws {
    let plan = "{ tasks: [{ id: 'a', prompt: 'x', runner: 'claude' }] }"
    #expect(try PlanCase.decode([0xEF, 0xBB, 0xBF] + Array(plan.utf8)).get().tasks.count == 1)
  }

  @Test("fault 95: a plan over the size bound is refused with the bound")
  func size() {
    let large = [UInt8](repeating: UInt8(ascii: " "), count: PlanDecoder.maximumBytes + 1)
    #expect(
      PlanCase.refusal(of: large) == """
        error: the plan is larger than 67108864 bytes, the most that is read
          at: plan.json5
          hint: split the plan, or move its prompts into files of their own
        """)
  }

  @Test("fault 95: nesting of 100,000 and numbers beyond all bounds are refused")
  func extremes() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(messages(of: deep) == ["the plan is not JSON5: nested deeper than 512"])
    #expect(
      messages(of: "{ concurrency: 1e400, tasks: [{ id: 'a', prompt: 'x', runner: 'r' }] }")
        == ["`concurrency` must be a whole number from 1 to 10000, not 1e400"])
    let long = String(repeating: "9", count: 5000)
    #expect(
      messages(task("priority: \(long)")) == [
        "`priority` must be a whole number from -1000000 to 1000000, not \(long.prefix(40))…"
      ])
  }

  @Test(
    "fault 95: limits of time that are none are refused",
    arguments: [
      ("'-5s'", "`timeout` is `-5s`, which is negative | \(DurationText.rule)"),
      ("'1e9h'", "`timeout` is `1e9h`, which is no duration | \(DurationText.rule)"),
      (
        "'400d'",
        "`timeout` is `400d`, which is longer than 365d, the most there is | \(DurationText.rule)"
      ),
      ("'0s'", "`timeout` must be longer than nothing | \(DurationText.rule)"),
      (
        "30",
        "`timeout` must be a duration such as \"30m\", not a number | write it with its unit: \"30s\""
      ),
      ("'30'", "`timeout` is `30`, a number without a unit | write it with its unit: \"30s\""),
      (
        "true",
        "`timeout` must be a duration such as \"30m\", not true or false | \(DurationText.rule)"
      ),
    ])
  func durations(value: String, expected: String) {
    #expect(messages(task("timeout: \(value)")) == [expected])
  }

  @Test(
    "fault 96: an id that is no safe name of a folder and a branch is refused with the rule",
    arguments: [
      "../../x", "/etc/x", ".", "..", "", "-rf", "a/b", "a\\0b", "a\\nb",
      String(repeating: "a", count: 10_000), "🙂", "refs.lock", "a.", "a..b", "@{", "a b", "é",
      "e\u{301}",
    ])
  func ids(id: String) throws {
    let errors = CheckReport(PlanCase.decode(PlanCase.tasks("{ id: '\(id)', prompt: 'x' }"))).errors
    #expect(errors.count == 1)
    let error = try #require(errors.first)
    #expect(error.path == "tasks[0].id")
    #expect(error.hint?.hasPrefix("an id is \(TaskID.rule)") == true)
    #expect(error.message.utf8.count < 200 && !error.message.contains("\n"))
  }

  @Test("fault 96: ids that differ by case alone are refused, and needs still find each of them")
  func caseTwins() {
    #expect(
      messages(
        "{ id: 'Api', prompt: 'x' }, { id: 'api', prompt: 'x', needs: ['Api'] }, { id: 'b', prompt: 'x', needs: ['api', 'API'] }"
      )
        == [
          "task `api` differs from `Api` in `tasks[0]` by case alone | give one of them another id: some file systems would take them for the same",
          "task `b` needs `API`, which the plan does not define | did you mean `Api`?",
        ])
  }

  @Test("fault 100: a concurrency of 0 and a plan without tasks are refused, 1 and 10,000 are not")
  func concurrency() throws {
    func plan(_ concurrency: Int) -> String {
      "{ concurrency: \(concurrency), tasks: [{ id: 'a', prompt: 'x', runner: 'r' }] }"
    }
    #expect(
      messages(of: plan(0)) == ["`concurrency` must be a whole number from 1 to 10000, not 0"])
    #expect(try PlanCase.decode(plan(1)).get().concurrency == 1)
    #expect(try PlanCase.decode(plan(10_000)).get().concurrency == 10_000)
    #expect(messages(of: "{ tasks: [] }").first?.hasPrefix("the plan has no tasks |") == true)
  }

  @Test("fault 40: a NUL in a prompt is refused with its offset")
  func nul() {
    #expect(
      messages("{ id: 'a', prompt: 'äb\\u0000c' }") == [
        "the prompt of task `a` holds a NUL character at offset 3 | remove the character: no agent would see what follows it"
      ])
  }

  @Test(
    "agents are refused that name no runner or say what their runner cannot use",
    arguments: [
      ("{}", "agent `e` has no `runner` | name the CLI that it uses, as in runner: \"claude\""),
      (
        "{ runner: 'command' }",
        "agent `e` uses the runner `command` and has no `command` | name the program, as in command: [\"sh\", \"-c\", \"…\"]"
      ),
      (
        "{ runner: 'claude', output: 'text' }",
        "`output` is only for agents whose runner is `command` | remove it, or use the runner `command`"
      ),
      (
        "{ runner: 'command', command: 'sh' }",
        "`command` must be a list, not a string | write it as a list: [\"sh\"]"
      ),
      ("{ runner: 'a/b' }", "`a/b` is no name of a runner | a name is \(TaskID.rule)"),
      (
        "{ runner: 'r', env: { 'A=B': 'x' } }",
        "`A=B` is no name of an environment variable | a name is not empty and holds neither `=` nor NUL"
      ),
      (
        "{ runner: 'r', resources: 'x' }",
        "`resources` is not available in this version | remove it: this version would not act on it"
      ),
      (
        "{ runner: 'command', command: ['x'], output: { a: [{ b: 1, b: 2 }] } }",
        "`b` is given twice | keep one of the two"
      ),
    ])
  func agents(agent: String, expected: String) {
    let plan = "{ agents: { e: \(agent) }, tasks: [{ id: 'a', prompt: 'x', agent: 'e' }] }"
    #expect(messages(of: plan) == [expected])
  }

  @Test("an agent that is not defined is refused where it is named")
  func unknownAgents() {
    #expect(
      messages("{ id: 'a', prompt: 'x', agent: 'dve' }") == [
        "task `a` names the agent `dve`, which the plan does not define | did you mean `dev`? The plan defines: dev"
      ])
    #expect(
      messages(of: "{ tasks: [{ id: 'a', prompt: 'x', agent: 'dev' }] }") == [
        "task `a` names the agent `dev`, which the plan does not define | define it, as in agents: { dev: { runner: \"…\" } }"
      ])
    #expect(
      messages("{ id: 'a', prompt: 'x', agent: 'dev', runner: 'codex' }") == [
        "task `a` names both an agent and a runner | remove one of them: an agent brings its own runner"
      ])
  }

  @Test("a prompt is not blamed for needs that could not be read")
  func noSecondRefusal() {
    #expect(
      messages(
        "{ id: 'a', prompt: '{{needs.b.output}}', needs: 'b' }, { id: 'b', prompt: 'x' }") == [
          "`needs` must be a list, not a string | write it as a list: [\"b\"]"
        ])
  }

  @Test("a plan full of mistakes is told in full without comparing all names with all others")
  func manyMistakes() {
    let tasks = (0..<3000).map { "{ id: 't\($0)', prompt: 'x', needs: ['nowhere\($0)'] }" }
    let told = messages(tasks.joined(separator: ","))
    #expect(told.count == 3000)
  }
}
