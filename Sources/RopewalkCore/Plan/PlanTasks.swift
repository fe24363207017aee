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
    "workspace", "matrix", "hooks",
  ]

  private static let taskKeys = Keys(
    owner: "a task",
    known: [
      "id", "prompt", "needs", "runner", "model", "priority", "onError", "when", "vars",
      "strategy", "capabilities", "budget", "resources", "touches",
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
        task.priority = reader.whole(value, in: PlanTask.priorities) ?? task.priority
      case "onError": onError = reader.choice(value, of: OnError.self)
      case "when": task.when = reader.choice(value, of: StartCondition.self) ?? task.when
      case "vars":
        task.vars = reader.textsByName(value, check: Self.checkVariableName)
      case "capabilities":
        task.capabilities = reader.list(value) { $0.filledText($1) } ?? []
      case "resources": task.resources = reader.resources(value)
      case "touches": task.touches = reader.touches(value)
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
      checkResources(index, value, drafts)
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
}
