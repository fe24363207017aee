// Knows what a plan says of what an agent is told beside its task. Unaware of the texts themselves.

import RopewalkWire

/// The `context` of a task or of a plan's defaults:
/// `{ project: true, needs: true, files: ["docs/api.md"], limit: "100k", over: "cut" }`.
///
/// A task without one is sent its prompt, its agent's role and what is expected of the answer, and
/// nothing else. With one, be it empty, the agent is also told what its kind of CLI has to know.
package struct TaskContext: Sendable, Equatable {
  /// Whether the project's standards are told.
  package var project: Bool?
  /// Whether the answers of all needs are told.
  package var needs: Bool?
  /// Files in the task's worktree that are told, by relative path.
  package var files: [String]?
  /// The most tokens that the prompt may take, estimated.
  package var limit: Int?
  package var over: ContextLimit.Excess?

  package init(
    project: Bool? = nil, needs: Bool? = nil, files: [String]? = nil, limit: Int? = nil,
    over: ContextLimit.Excess? = nil
  ) {
    self.project = project
    self.needs = needs
    self.files = files
    self.limit = limit
    self.over = over
  }

  /// What is not said here is as in `defaults`.
  package func filled(from defaults: TaskContext) -> TaskContext {
    TaskContext(
      project: project ?? defaults.project, needs: needs ?? defaults.needs,
      files: files ?? defaults.files, limit: limit ?? defaults.limit, over: over ?? defaults.over)
  }

  /// A task's context with everything filled in; nil when neither it nor the defaults have one.
  static func merged(_ own: TaskContext?, _ defaults: TaskContext?) -> TaskContext? {
    guard own != nil || defaults != nil else { return nil }
    return (own ?? TaskContext()).filled(from: defaults ?? TaskContext()).filled(from: standard)
  }

  /// What a context has that says nothing. What needs answered is told only where the plan says so:
  /// a prompt may name it where it belongs.
  static let standard = TaskContext(project: true, needs: false)

  /// The project's standards are told unless the plan says otherwise.
  package var tellsProject: Bool { project ?? Self.standard.project == true }

  package var tellsNeeds: Bool { needs ?? Self.standard.needs == true }

  /// Nil where the plan sets no limit.
  package var contextLimit: ContextLimit? {
    limit.map { ContextLimit(tokens: $0, over: over ?? .cut) }
  }

  /// The agent that makes long parts shorter, which the plan must define.
  package var summariser: String? {
    if case .summarise(let agent) = over { agent } else { nil }
  }

  /// As the plan's text has it; nil when nothing is said.
  var json: JSON? {
    let members: [(String, JSON?)] = [
      ("project", project.map(JSON.bool)), ("needs", needs.map(JSON.bool)),
      ("files", files.map { .array($0.map(JSON.string)) }), ("limit", limit.map(JSON.int)),
      ("over", over.map(\.json)),
    ]
    return members.allSatisfy { $0.1 == nil } ? nil : .known(members)
  }
}

extension ContextLimit.Excess {
  fileprivate var json: JSON {
    switch self {
    case .cut: "cut"
    case .fail: "fail"
    case .summarise(let agent): ["summarise": .string(agent)]
    }
  }
}

extension Plan {
  /// The agent that a task's `context` names to make long parts shorter.
  package func summariser(of task: PlanTask) -> AgentRole? {
    task.context?.summariser.flatMap { name in agents.first { $0.name == name } }
  }

  /// Everyone who may be asked for a task, those who only help with its prompts included.
  package func everyone(in task: PlanTask) -> [AgentRole] {
    agents(of: task) + [summariser(of: task)].compactMap(\.self)
  }
}

extension StrictReader {
  /// Refuses a context whose summariser is no agent of the plan.
  ///
  /// - Parameter owner: whose context it is, as messages call it.
  mutating func checkSummariser(
    _ context: TaskContext?, of owner: String, _ value: JSONValue, _ drafts: TaskDrafts
  ) {
    guard let name = context?.summariser else { return }
    let place = value["context"]?["over"]?["summarise"]?.start ?? value.start
    let agent = drafts.plan.agents.first { $0.name == name }
    let refusal: (message: String, hint: String)? =
      if agent == nil {
        (
          "the context of \(owner) names the agent \(name.quoted), which the plan does not define",
          drafts.agentHint(for: name)
        )
      } else if agent?.budget != nil {
        (
          "the summariser \(name.quoted) has a `budget` of its own, which would not hold its summaries",
          "their cost counts for the task: give the task or the plan a budget, and \(name.quoted) none"
        )
      } else {
        nil
      }
    guard let refusal else { return }
    within(.key("context")) {
      $0.within(.key("over")) {
        $0.within(.key("summarise")) { $0.note(refusal.message, hint: refusal.hint, at: place) }
      }
    }
  }

  private static let contextKeys = Keys(
    owner: "`context`", known: ["project", "needs", "files", "limit", "over"])
  private static let contextTokens = 100...100_000_000

  /// Reads a `context`; nil when it is no object.
  mutating func taskContext(_ value: JSONValue) -> TaskContext? {
    var context = TaskContext()
    let isObject = object(value, Self.contextKeys) { reader, key, value in
      switch key {
      case "project": context.project = reader.truth(value)
      case "needs": context.needs = reader.truth(value)
      case "files": context.files = reader.list(value) { $0.contextFile($1) }
      case "limit": context.limit = reader.tokens(value)
      default: context.over = reader.excess(value)
      }
    }
    return isObject ? context : nil
  }

  private mutating func truth(_ value: JSONValue) -> Bool? {
    if let truth = value.bool { return truth }
    wrongType(value, "true or false")
    return nil
  }

  /// A path that stays within the worktree.
  private mutating func contextFile(_ value: JSONValue) -> String? {
    guard let path = filledText(value) else { return nil }
    let isInside = !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    if isInside { return path }
    note(
      "the file \(path.quoted) is outside of the worktree",
      hint: "name a file inside by its path from the top, without `..`", at: value.start)
    return nil
  }

  /// `100000`, `"100k"` or `"1M"`.
  private mutating func tokens(_ value: JSONValue) -> Int? {
    guard let text = value.string else { return whole(value, in: Self.contextTokens) }
    let units: [Character: Int] = ["k": 1000, "K": 1000, "m": 1_000_000, "M": 1_000_000]
    let unit = text.last.flatMap { units[$0] }
    let digits = unit == nil ? text[...] : text.dropLast()
    let isNumber =
      (1...9).contains(digits.utf8.count) && digits.allSatisfy { $0.isASCII && $0.isNumber }
    if isNumber, let number = Int(digits), Self.contextTokens.contains(number * (unit ?? 1)) {
      return number * (unit ?? 1)
    }
    note(
      "\(label) is \(text.quoted), which is no number of tokens",
      hint: "write it as 100000 or \"100k\", from 100 to 100M", at: value.start)
    return nil
  }

  private mutating func excess(_ value: JSONValue) -> ContextLimit.Excess? {
    switch value.kind {
    case .object:
      var agent: String?
      object(value, Keys(owner: "`over`", known: ["summarise"])) { reader, _, value in
        agent = reader.filledText(value)
      }
      if agent == nil, value["summarise"] == nil {
        note(
          "\(label) names no agent", hint: "write it as { summarise: \"AGENT\" }", at: value.start)
      }
      return agent.map { .summarise(by: $0) }
    case .string:
      switch value.string {
      case "cut": return .cut
      case "fail": return .fail
      default:
        note(
          "\(label) cannot be \((value.string ?? "").quoted)",
          hint: "it takes \"cut\", \"fail\" or { summarise: \"AGENT\" }", at: value.start)
        return nil
      }
    case .null, .bool, .number, .array:
      wrongType(value, "\"cut\", \"fail\" or { summarise: \"AGENT\" }")
      return nil
    }
  }
}
