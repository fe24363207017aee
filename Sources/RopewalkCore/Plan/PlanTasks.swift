// Knows how tasks stand in a plan. Unaware of which tasks there are, so names of others stay names.

import RopewalkWire

/// The tasks of a plan as they were read, before their names for each other are resolved.
struct TaskDrafts {
  /// All but the tasks.
  let plan: Plan
  let decoder: PlanDecoder
  var defaults = TaskSettings()
  /// With needs still empty; a task without a valid id has a stand-in for one.
  var tasks: [PlanTask] = []
  /// The ids as they were written, empty where there was none, and where they stand.
  var ids: [(text: String, offset: Int)] = []
  /// The names of all needs, task by task, and where they stand.
  var needs: [(name: String, offset: Int)] = []
  /// The places in `needs` of values that were no names and have been refused.
  var refusedNeeds: Set<Int> = []
  /// Whether some task's needs were no list, so that it is not known what it needs.
  var hasUnreadNeeds = false
  /// Where each task's needs begin in `needs`.
  var firstNeed: [Int] = []
  /// Where the prompts stand that use names, by task.
  var prompts: [PromptDraft] = []
  /// By task, the agents that its strategy names and where.
  var strategies: [Int: StrategyDraft] = [:]
  /// Prompt files that were read, by path.
  var files: [String: Result<String, PromptFileError>] = [:]

  init(plan: Plan, decoder: PlanDecoder) {
    self.plan = plan
    self.decoder = decoder
  }

  static let standInID: TaskID = {
    guard let id = TaskID("x") else { preconditionFailure("`x` follows the rule for ids") }
    return id
  }()

  /// A task as messages call it.
  func called(_ task: Int) -> String {
    ids[task].text.isEmpty ? "`tasks[\(task)]`" : "task \(ids[task].text.quoted)"
  }

  /// The places in `needs` of a task's own.
  func needs(of task: Int) -> Range<Int> {
    firstNeed[task]..<(task + 1 < firstNeed.count ? firstNeed[task + 1] : needs.count)
  }

  func agentHint(for name: String) -> String {
    NearName.hint(for: name, in: plan.agents.map(\.name), owner: "the plan defines")
      ?? "define it, as in agents: { \(name.utf8.count <= 64 ? name : "NAME"): { runner: \"…\" } }"
  }
}

/// A prompt that uses names, to be checked when all tasks are known.
struct PromptDraft {
  var task: Int
  var place: PromptPlace
  var template: PromptTemplate
  /// Where the value stands in the plan.
  var path: [StrictReader.Step]
}

/// Where a prompt's text stands.
struct PromptPlace {
  /// Where the value begins in the plan, its quote included.
  var offset: Int
  /// Whether the text stands there as it is, so that its own offsets can be added.
  var isVerbatim: Bool
  /// The file that holds the text instead.
  var file: String?
}

extension StrictReader {
  /// Keys of the plan format for tasks that this version does not act on.
  static let laterTaskKeys = [
    "workspace", "matrix", "limits", "sandbox", "resources", "touches", "hooks",
  ]

  private static let taskKeys = Keys(
    owner: "a task",
    known: [
      "id", "prompt", "needs", "runner", "model", "priority", "onError", "when", "vars",
      "strategy", "capabilities", "budget",
    ] + TaskSettings.keys,
    later: laterTaskKeys)

  mutating func tasks(_ value: JSONValue, _ drafts: inout TaskDrafts) {
    guard value.kind == .array else { return wrongType(value, "a list") }
    for (index, element) in value.elements.enumerated() {
      within(.index(index)) { $0.task(element, &drafts) }
    }
    if drafts.tasks.isEmpty {
      note("the plan has no tasks", hint: Self.tasksHint, at: value.start)
    }
  }

  private mutating func task(_ value: JSONValue, _ drafts: inout TaskDrafts) {
    var task = PlanTask(
      id: TaskDrafts.standInID, prompt: PromptTemplate(literal: ""), runnerName: "")
    var settings = TaskSettings()
    var runner: JSONValue?
    var onError: OnError?
    var prompt: JSONValue?
    var id: (value: JSONValue, text: String)?
    drafts.firstNeed.append(drafts.needs.count)
    let isObject = object(value, Self.taskKeys) { reader, key, value in
      switch key {
      case "id":
        id = (value, "")
        guard let (taskID, text) = reader.taskID(value) else { return }
        task.id = taskID ?? task.id
        id = (value, text)
      case "prompt": prompt = value
      case "needs": reader.needs(value, &drafts)
      case "runner":
        runner = value
        task.runnerName = reader.runner(value) ?? ""
      case "model": task.model = reader.filledText(value)
      case "priority":
        task.priority = reader.whole(value, in: -1_000_000...1_000_000) ?? task.priority
      case "onError": onError = reader.choice(value, of: OnError.self)
      case "when": task.when = reader.choice(value, of: StartCondition.self) ?? task.when
      case "vars":
        task.vars = reader.textsByName(value, check: Self.checkVariableName)
      case "capabilities":
        task.capabilities = reader.list(value) { $0.filledText($1) } ?? []
      case "budget": task.budget = reader.budget(value, level: .task)
      case "strategy":
        let draft = reader.strategy(value, drafts.tasks.count, &drafts)
        task.strategy = draft.strategy
        drafts.strategies[drafts.tasks.count] = draft
      default: _ = reader.setting(key, value, &settings)
      }
    }
    let index = drafts.tasks.count
    drafts.ids.append((id?.text ?? "", id?.value.start ?? value.start))
    if isObject {
      if id == nil {
        note(
          "\(label) has no `id`", hint: "an id is \(TaskID.rule)", at: value.start)
      }
      if let prompt {
        task.prompt = within(.key("prompt")) { $0.prompt(prompt, index, &drafts) }
      } else {
        note(
          "\(drafts.called(index)) has no `prompt`", hint: "say in `prompt` what is to be done",
          at: value.start)
      }
      task.onError = onError ?? drafts.plan.onError
      apply(settings, to: &task, drafts)
      checkPlace(task, index, drafts, value)
      checkSummariser(settings.context, of: drafts.called(index), value, drafts)
      checkStrategy(task, index, drafts, value)
      assign(&task, index, settings, value, runner, drafts)
    }
    drafts.tasks.append(task)
  }

  /// The id, nil where it breaks the rule, and its text.
  private mutating func taskID(_ value: JSONValue) -> (id: TaskID?, text: String)? {
    guard let text = value.string else {
      wrongType(value, "a string")
      return nil
    }
    if let id = TaskID(text) { return (id, text) }
    let why =
      text.hasSuffix(".") || text.contains("..") || text.lowercased().hasSuffix(".lock")
      ? ", without `..` and not ending in `.` or `.lock`" : ""
    let what = text.isEmpty ? "an empty text" : text.quoted
    note("\(what) is no id of a task", hint: "an id is \(TaskID.rule)\(why)", at: value.start)
    return (nil, text)
  }

  private mutating func needs(_ value: JSONValue, _ drafts: inout TaskDrafts) {
    var index = 0
    guard value.kind == .array else {
      drafts.hasUnreadNeeds = true
      return notAList(value)
    }
    for element in value.elements {
      if let name = element.string {
        drafts.needs.append((name, element.start))
      } else {
        within(.index(index)) { $0.wrongType(element, "the id of a task") }
        // It keeps its place, so that the needs after it are counted rightly.
        drafts.refusedNeeds.insert(drafts.needs.count)
        drafts.needs.append(("", element.start))
      }
      index += 1
    }
  }

  // MARK: - What the plan's defaults add

  /// What has no worktree can change no file, and finds none.
  private mutating func checkPlace(
    _ task: PlanTask, _ index: Int, _ drafts: TaskDrafts, _ value: JSONValue
  ) {
    guard task.worktree == .none else { return }
    if task.expect == .changes {
      note(
        "\(drafts.called(index)) expects changes and has no worktree to make them in",
        hint: "let it `expect` an \"answer\", or leave out `worktree`", at: value.start)
    }
    if task.context?.files?.isEmpty == false {
      note(
        "\(drafts.called(index)) is to be told files and has no worktree to find them in",
        hint: "give it context: { files: [] }, or leave out `worktree`", at: value.start)
    }
  }

  /// Looks at what a strategy refers to, now that the task is read.
  private mutating func checkStrategy(
    _ task: PlanTask, _ index: Int, _ drafts: TaskDrafts, _ value: JSONValue
  ) {
    guard let draft = drafts.strategies[index] else { return }
    let known = Set(drafts.plan.agents.map(\.name))
    for (name, offset, path) in draft.agents where !known.contains(name) {
      note(
        "the strategy of \(drafts.called(index)) names the agent \(name.quoted), which the plan does not define",
        hint: drafts.agentHint(for: name), at: offset, path: path)
    }
    if draft.hasItems, !task.prompts.contains(where: { $0.names.contains(.item) }) {
      within(.key("strategy")) {
        $0.note(
          "\(drafts.called(index)) is split over items that its prompt does not use",
          hint: "write {{item}} in the prompt where the item belongs",
          at: value["strategy"]?.start ?? value.start)
      }
    }
    if case .candidates(_, .verify) = task.strategy.kind, task.verify.isEmpty, !draft.isRefused {
      within(.key("strategy")) {
        $0.note(
          "\(drafts.called(index)) picks among candidates by verification and has none",
          hint: "add `verify`, or let a judge pick: pick: { judge: \"AGENT\" }",
          at: value["strategy"]?.start ?? value.start)
      }
    }
    if task.worktree == .none, task.strategy != .single {
      note(
        "\(drafts.called(index)) has a strategy and no worktree for its members",
        hint: "leave out `worktree`", at: value.start)
    }
  }

  private func apply(_ own: TaskSettings, to task: inout PlanTask, _ drafts: TaskDrafts) {
    let defaults = drafts.defaults
    task.timeout = (own.timeout ?? defaults.timeout)?.duration
    task.idleTimeout = (own.idleTimeout ?? defaults.idleTimeout)?.duration
    task.grace = own.grace ?? defaults.grace ?? task.grace
    task.verify = own.verify ?? defaults.verify ?? task.verify
    task.repair = own.repair ?? defaults.repair ?? task.repair
    task.expect = own.expect ?? defaults.expect ?? task.expect
    task.worktree = own.worktree ?? defaults.worktree ?? task.worktree
    task.partialWork = own.partialWork ?? defaults.partialWork ?? task.partialWork
    task.context = TaskContext.merged(own.context, defaults.context)
    task.retry = own.retry.policy(over: defaults.retry, onError: task.onError)
    if !task.vars.isEmpty {
      task.vars = task.vars.filter { drafts.decoder.variables[$0.key] == nil }
    }
  }

  /// Gives the task its agent: its own, else its runner, else the default, else the only one.
  private mutating func assign(
    _ task: inout PlanTask, _ index: Int, _ own: TaskSettings, _ value: JSONValue,
    _ runner: JSONValue?, _ drafts: TaskDrafts
  ) {
    if let runner {
      assignRunner(task.runnerName, index, own, value, runner, drafts)
      return
    }
    let agents = drafts.plan.agents
    let only = agents.count == 1 ? agents[0].name : nil
    // A strategy names its members itself.
    if own.agent == nil, !task.strategy.members.isEmpty { return }
    guard let name = own.agent ?? drafts.defaults.agent ?? only else {
      // A name that was refused as it was read needs no second refusal.
      guard value["agent"] == nil else { return }
      if agents.isEmpty {
        task.runnerName = drafts.decoder.defaultRunner
      } else {
        // Chosen when it starts.
        checkCapabilities(task, of: agents, index, value, drafts)
      }
      return
    }
    guard let agent = agents.first(where: { $0.name == name }) else {
      if own.agent != nil { unknownAgent(name, index, value, drafts) }
      return
    }
    task.agentName = agent.name
    task.runnerName = agent.runner
    task.model = task.model ?? agent.model
    checkCapabilities(task, of: [agent], index, value, drafts)
  }

  /// What a task asks for somebody must have, and that one agent all of it.
  private mutating func checkCapabilities(
    _ task: PlanTask, of agents: [AgentRole], _ index: Int, _ value: JSONValue,
    _ drafts: TaskDrafts
  ) {
    let wanted = Set(task.capabilities)
    guard !agents.contains(where: { wanted.isSubset(of: $0.capabilities) }) else { return }
    let who =
      agents.count == 1 ? "its agent \(agents[0].name.quoted) lacks" : "no agent of the plan has"
    within(.key("capabilities")) {
      $0.note(
        "\(drafts.called(index)) asks for \(task.capabilities.map(\.quoted).joined(separator: ", ")), which \(who)",
        hint: "add it to the `capabilities` of an agent",
        at: value["capabilities"]?.start ?? value.start)
    }
  }

  private mutating func assignRunner(
    _ name: String, _ index: Int, _ own: TaskSettings, _ value: JSONValue, _ runner: JSONValue,
    _ drafts: TaskDrafts
  ) {
    within(.key("runner")) { reader in
      if own.agent != nil {
        reader.note(
          "\(drafts.called(index)) names both an agent and a runner",
          hint: "remove one of them: an agent brings its own runner", at: runner.start)
      } else if name == "command" {
        reader.note(
          "\(drafts.called(index)) uses the runner `command` without saying which",
          hint: "define an agent with runner: \"command\" and command: [\"…\"], and name that",
          at: runner.start)
      }
    }
  }

  private mutating func unknownAgent(
    _ name: String, _ index: Int, _ value: JSONValue, _ drafts: TaskDrafts
  ) {
    within(.key("agent")) {
      $0.note(
        "\(drafts.called(index)) names the agent \(name.quoted), which the plan does not define",
        hint: drafts.agentHint(for: name), at: value["agent"]?.start ?? value.start)
    }
  }
}
