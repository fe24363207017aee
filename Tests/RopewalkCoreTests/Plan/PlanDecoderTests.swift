// Knows what good plans become. Unaware of refusals.

import RopewalkCore
import RopewalkWire
import Synchronization
import Testing

@Suite struct PlanDecoderTests {
  private let two = """
    { defaults: { timeout: '30m', grace: '2s', retry: { attempts: 4, factor: 3 }, repair: 0,
                  verify: ['make'], expect: 'changes', agent: 'dev' },
      vars: { lang: 'Swift', tool: 'make' },
      agents: { dev: { runner: 'claude', model: 'opus' }, other: { runner: 'codex' } },
      tasks: [
        { id: 'a', prompt: 'x' },
        { id: 'b', prompt: 'y', needs: ['a'], timeout: null, retry: { attempts: 2 }, verify: [],
          expect: 'either', repair: 3, agent: 'other', model: 'mini', grace: '0s',
          vars: { lang: 'C', own: '1' } },
      ] }
    """

  @Test("a task takes from the defaults what it does not say itself")
  func defaults() throws {
    let plan = try PlanCase.decode(two).get()
    let (a, b) = (plan.tasks[0], plan.tasks[1])
    #expect(a.timeout == .seconds(1800) && b.timeout == nil)
    #expect(a.grace == .seconds(2) && b.grace == .zero)
    #expect(a.retry == RetryPolicy(attempts: 4, factor: 3))
    #expect(b.retry == RetryPolicy(attempts: 2, factor: 3))
    #expect(a.verify == [.shell("make")] && b.verify == [])
    #expect(a.expect == .changes && b.expect == .either)
    #expect(a.repair == 0 && b.repair == 3)
    #expect(a.agentName == "dev" && a.runnerName == "claude" && a.model == "opus")
    #expect(b.agentName == "other" && b.runnerName == "codex" && b.model == "mini")
    #expect(plan.agent(of: b).model == "mini")
    #expect(b.needs == [0])
  }

  @Test("a plan that says nothing runs five at a time, tries once, and repairs once")
  func standard() throws {
    let plan = try PlanCase.decode("{ tasks: [{ id: 'a', prompt: 'x', runner: 'claude' }] }").get()
    let id = try #require(TaskID("a"))
    #expect(
      plan
        == Plan(
          tasks: [
            PlanTask(id: id, prompt: PromptTemplate(literal: "x"), runnerName: "claude")
          ]))
    #expect(plan.concurrency == 5 && plan.tasks[0].allowedTries == 1 && plan.tasks[0].repair == 1)
    #expect(plan.agent(of: plan.tasks[0]) == AgentRole(name: "claude", runner: "claude"))
  }

  @Test("whoever asks for tries gets three unless a number is given")
  func tries() throws {
    func tries(_ plan: String, _ task: String) throws -> Int {
      try PlanCase.decode("{ \(plan) tasks: [{ id: 'a', prompt: 'x', runner: 'r', \(task) }] }")
        .get().tasks[0].allowedTries
    }
    #expect(try tries("", "") == 1)
    #expect(try tries("onError: 'retry',", "") == 3)
    #expect(try tries("", "onError: 'retry'") == 3)
    #expect(try tries("onError: 'retry',", "onError: 'halt'") == 1)
    #expect(try tries("onError: 'retry',", "retry: { attempts: 1 }") == 1)
    #expect(try tries("", "retry: { backoff: '1s' }") == 3)
  }

  @Test("a value from the command line stands above the plan's and the task's")
  func variables() throws {
    let plan = try PlanCase.decode(two, variables: ["lang": "Rust", "new": "n"]).get()
    let names = ["lang", "tool", "own", "new", "none"]
    let values = names.map { plan.value(ofVariable: $0, in: plan.tasks[1]) }
    #expect(values == ["Rust", "make", "1", "n", nil])
    let ordinary = try PlanCase.decode(two).get()
    #expect(ordinary.value(ofVariable: "lang", in: ordinary.tasks[1]) == "C")
    #expect(ordinary.value(ofVariable: "lang", in: ordinary.tasks[0]) == "Swift")
  }

  @Test("a prompt may use the output of a distant need")
  func distantNeeds() throws {
    let tasks = (0..<200).map { index in
      let needs = index == 0 ? "" : "needs: ['t\(index - 1)'],"
      let prompt = index == 0 ? "x" : "{{needs.t0.output}} {{needs.t\(index / 2).branch}}"
      return "{ id: 't\(index)', \(needs) prompt: '\(index == 1 ? "x" : prompt)' }"
    }
    #expect(
      try PlanCase.decode(PlanCase.tasks(tasks.joined(separator: ","))).get().tasks.count == 200)
  }

  @Test("a prompt's file is read once and is a template as any other prompt")
  func promptFiles() throws {
    let reads = Mutex<[String]>([])
    let decoder = PlanDecoder { path in
      reads.withLock { $0.append(path) }
      return .success("Use {{vars.x}} for {{task.id}}")
    }
    let text = """
      { agents: { dev: { runner: 'claude' } }, vars: { x: '1' }, tasks: [
        { id: 'a', prompt: { file: 'p/a.md' } }, { id: 'b', prompt: { file: 'p/a.md' } } ] }
      """
    let plan = try decoder.decode(Array(text.utf8)).get()
    #expect(
      plan.tasks.map(\.prompt.names) == [[.variable("x"), .taskID], [.variable("x"), .taskID]])
    #expect(reads.withLock { $0 } == ["p/a.md"])
  }

  @Test(
    "a prompt's file outside of the repository is never read",
    arguments: ["/etc/passwd", "../x", "a/../../x", "..", "a/.."])
  func outside(path: String) {
    let decoder = PlanDecoder { _ in
      Issue.record("the file was read")
      return .success("x")
    }
    let text = "{ tasks: [{ id: 'a', runner: 'r', prompt: { file: '\(path)' } }] }"
    let report = CheckReport(decoder.decode(Array(text.utf8)))
    #expect(
      report.errors.map(\.message)
        == ["the prompt file `\(path)` is outside of the repository"])
  }

  @Test("fault 101: what a run keeps decodes to the same plan without the files it came from")
  func roundTrip() throws {
    let text = """
      { name: 'n', base: 'v1', concurrency: 2, strategy: 'single', onError: 'halt',
        vars: { z: '1', a: '\\u0001 "' },
        agents: { 'dev': { runner: 'claude', model: 'm', role: 'r', arguments: ['-x'],
                           env: { B: '2', A: '1' }, maxTasks: 2 },
                  stub: { runner: 'command', command: ['sh'], output: { n: [1, 2.5, null] } } },
        defaults: { agent: 'stub', idleTimeout: '1m30s', retry: { jitter: 0.15, backoff: '0s' } },
        tasks: [
          { id: 'schema', prompt: 'x {{{{ {{run}}', priority: -3, verify: [['a', 'b'], 'c'] },
          { id: 'ui', prompt: { file: 'prompts/ui.md' }, needs: ['schema'], when: 'always',
            runner: 'codex', model: 'q', vars: { k: 'v' } },
        ] }
      """
    let plan = try PlanCase.decode(text, variables: ["given": "by hand"]).get()
    let decoder = PlanDecoder { _ in
      Issue.record("a file was read")
      return .success("")
    }
    #expect(try decoder.decode(plan.json.bytes).get() == plan)
    #expect(try decoder.decode(Array(plan.json.prettyText.utf8)).get() == plan)
    #expect(plan.tasks[1].prompt.source == "Draw {{needs.schema.output}}")
  }

  @Test("fault 99: a plan that is a chain of 20,000 tasks is decoded without deep recursion")
  func chain() throws {
    let tasks = (0..<20_000).map { index in
      "{ id: 't\(index)', prompt: 'x'\(index == 0 ? "" : ", needs: ['t\(index - 1)']") }"
    }
    let plan = try PlanCase.decode(PlanCase.tasks(tasks.joined(separator: ","))).get()
    #expect(CheckReport(plan).graph?.criticalPath.count == 20_000)
  }

  @Test(
    "a plan that names nobody is done by the default runner; one of several agents is chosen later")
  func nobody() throws {
    let plan = "{ tasks: [{ id: 'a', prompt: 'x' }] }"
    #expect(try PlanCase.decode(plan).get().tasks[0].runnerName == "opencode")
    let other = PlanDecoder(defaultRunner: "vibe") { _ in .failure(PromptFileError("none")) }
    #expect(try other.decode(Array(plan.utf8)).get().tasks[0].runnerName == "vibe")
    let several = try PlanCase.decode(
      "{ agents: { a: { runner: 'x' }, b: { runner: 'y' } }, tasks: [{ id: 'a', prompt: 'x' }] }"
    ).get()
    #expect(several.tasks[0].needsChoice)
    #expect(several.agents(of: several.tasks[0]).map(\.name) == ["a", "b"])
  }
}
