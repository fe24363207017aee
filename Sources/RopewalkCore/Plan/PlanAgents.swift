// Knows how agents and the settings that tasks share stand in a plan. Unaware of tasks.

import RopewalkWire

/// What a task says of how it is done, or the plan's defaults for it.
struct TaskSettings {
  var agent: String?
  var timeout: Limit?
  var idleTimeout: Limit?
  var grace: Duration?
  var retry = RetrySettings()
  var verify: [VerifyCommand]?
  var repair: Int?
  var expect: Expectation?
  var worktree: WorktreePolicy?
  var partialWork: PartialWork?
  var context: TaskContext?
  var limits = TaskLimits()
  var sandbox: Sandbox?

  /// A limit of time, or the statement that there is none.
  enum Limit {
    case none
    case after(Duration)

    var duration: Duration? {
      switch self {
      case .none: nil
      case .after(let duration): duration
      }
    }
  }

  static let keys = [
    "agent", "timeout", "idleTimeout", "grace", "retry", "verify", "repair", "expect",
    "worktree", "partialWork", "context", "limits", "sandbox",
  ]
}

/// The parts of a retry policy that were given.
struct RetrySettings {
  var isGiven = false
  var attempts: Int?
  var backoff: Duration?
  var factor: Double?
  var jitter: Double?
  var max: Duration?

  /// The policy; what is not given here is taken from `defaults`, then from the standard one.
  func policy(over defaults: RetrySettings, onError: OnError) -> RetryPolicy {
    let isAsked = isGiven || defaults.isGiven || onError == .retry
    var policy = isAsked ? RetryPolicy(attempts: RetryPolicy.standardAttempts) : .none
    policy.attempts = attempts ?? defaults.attempts ?? policy.attempts
    policy.backoff = backoff ?? defaults.backoff ?? policy.backoff
    policy.factor = factor ?? defaults.factor ?? policy.factor
    policy.jitter = jitter ?? defaults.jitter ?? policy.jitter
    policy.max = max ?? defaults.max ?? policy.max
    return policy
  }
}

extension StrictReader {
  // MARK: - Settings

  /// Reads one member of a task or of `defaults`; false when the key is not a setting.
  mutating func setting(_ key: String, _ value: JSONValue, _ settings: inout TaskSettings) -> Bool {
    switch key {
    case "agent": settings.agent = filledText(value)
    case "timeout": settings.timeout = limit(value)
    case "idleTimeout": settings.idleTimeout = limit(value)
    case "grace": settings.grace = duration(value, allowsZero: true)
    case "retry": settings.retry = retry(value)
    case "verify": settings.verify = list(value) { $0.verifyCommand($1) }
    case "repair": settings.repair = whole(value, in: 0...100)
    case "expect": settings.expect = choice(value, of: Expectation.self)
    case "worktree": settings.worktree = choice(value, of: WorktreePolicy.self)
    case "partialWork": settings.partialWork = choice(value, of: PartialWork.self)
    case "limits": settings.limits = taskLimits(value)
    case "sandbox": settings.sandbox = choice(value, of: Sandbox.self)
    case "context": settings.context = taskContext(value)
    default: return false
    }
    return true
  }

  mutating func defaults(_ value: JSONValue) -> TaskSettings {
    let keys = Keys(owner: "`defaults`", known: TaskSettings.keys, later: Self.laterTaskKeys)
    var settings = TaskSettings()
    object(value, keys) { reader, key, value in
      _ = reader.setting(key, value, &settings)
    }
    return settings
  }

  /// A duration, or null for no limit where the defaults have one.
  private mutating func limit(_ value: JSONValue) -> TaskSettings.Limit? {
    value.isNull ? TaskSettings.Limit.none : duration(value).map { .after($0) }
  }

  private mutating func retry(_ value: JSONValue) -> RetrySettings {
    let keys = Keys(
      owner: "`retry`", known: ["attempts", "backoff", "factor", "jitter", "max"])
    var retry = RetrySettings(isGiven: true)
    object(value, keys) { reader, key, value in
      switch key {
      case "attempts": retry.attempts = reader.whole(value, in: 1...100)
      case "backoff": retry.backoff = reader.duration(value, allowsZero: true)
      case "factor": retry.factor = reader.number(value, in: 1...100)
      case "jitter": retry.jitter = reader.number(value, in: 0...1)
      default: retry.max = reader.duration(value, allowsZero: true)
      }
    }
    return retry
  }

  private mutating func verifyCommand(_ value: JSONValue) -> VerifyCommand? {
    switch value.kind {
    case .string: return filledText(value).map { .shell($0) }
    case .array: return command(value).map { .program($0) }
    case .null, .bool, .number, .object:
      wrongType(value, "a command line or a list of a program and its arguments")
      return nil
    }
  }

  // MARK: - Agents

  private static let agentKeys = Keys(
    owner: "an agent",
    known: [
      "runner", "model", "role", "arguments", "env", "command", "output", "maxTasks", "weight",
      "capabilities", "fallback", "budget", "limits", "sandbox",
    ],
    later: ["resources"])

  mutating func agents(_ value: JSONValue) -> [AgentRole] {
    var agents: [AgentRole] = []
    names(value) { reader, member in
      if TaskID(member.key) == nil {
        reader.note(
          "\(member.key.quoted) is no name for an agent", hint: "a name is \(TaskID.rule)",
          at: member.keyOffset)
      }
      agents.append(reader.agent(member.value, named: member.key))
    }
    return agents
  }

  private mutating func agent(_ value: JSONValue, named name: String) -> AgentRole {
    var agent = AgentRole(name: name, runner: "")
    let isObject = object(value, Self.agentKeys) { reader, key, value in
      switch key {
      case "runner": agent.runner = reader.runner(value) ?? "?"
      case "model": agent.model = reader.filledText(value)
      case "role": agent.role = reader.text(value)
      case "arguments": agent.arguments = reader.texts(value) ?? []
      case "env": agent.env = reader.textsByName(value, check: Self.checkEnvironmentName)
      case "command": agent.command = reader.command(value) ?? ["?"]
      case "output": agent.output = reader.output(value)
      case "weight": agent.weight = reader.number(value, in: 0...1_000) ?? 1
      case "capabilities": agent.capabilities = reader.list(value) { $0.filledText($1) } ?? []
      case "budget": agent.budget = reader.budget(value, level: .agent)
      case "limits": agent.limits = reader.taskLimits(value)
      case "sandbox": agent.sandbox = reader.choice(value, of: Sandbox.self)
      case "fallback": agent.fallback = reader.list(value) { $0.runner($1) }
      default: agent.maxTasks = reader.whole(value, in: 1...10_000)
      }
    }
    if isObject { check(agent, value) }
    return agent
  }

  /// What only the runner `command` can use is refused elsewhere: it would do nothing there.
  private mutating func check(_ agent: AgentRole, _ value: JSONValue) {
    if agent.runner.isEmpty {
      note(
        "agent \(agent.name.quoted) has no `runner`",
        hint: "name the CLI that it uses, as in runner: \"claude\"", at: value.start)
    } else if agent.runner == "command" {
      if agent.command == nil {
        note(
          "agent \(agent.name.quoted) uses the runner `command` and has no `command`",
          hint: "name the program, as in command: [\"sh\", \"-c\", \"…\"]", at: value.start)
      }
    } else if agent.runner != "?" {
      for key in ["command", "output"] {
        guard let value = value[key] else { continue }
        within(.key(key)) {
          $0.note(
            "`\(key)` is only for agents whose runner is `command`",
            hint: "remove it, or use the runner `command`", at: value.start)
        }
      }
    }
  }

  /// The name of a runner; only its form is checked here.
  mutating func runner(_ value: JSONValue) -> String? {
    guard let name = filledText(value) else { return nil }
    if TaskID(name) != nil { return name }
    note(
      "\(name.quoted) is no name of a runner", hint: "a name is \(TaskID.rule)", at: value.start)
    return nil
  }

  /// Kept as JSON text: only the runner knows what may stand in it.
  private mutating func output(_ value: JSONValue) -> String? {
    guard value.kind == .string || value.kind == .object else {
      wrongType(value, "a string or an object")
      return nil
    }
    refuseRepeatedKeys(in: value)
    return value.json.text
  }

  private mutating func refuseRepeatedKeys(in value: JSONValue) {
    if value.kind == .array {
      _ = list(value) { reader, element -> Bool? in
        reader.refuseRepeatedKeys(in: element)
        return nil
      }
    } else if value.kind == .object {
      names(value) { $0.refuseRepeatedKeys(in: $1.value) }
    }
  }

  private static func checkEnvironmentName(_ name: String) -> (message: String, hint: String)? {
    guard name.isEmpty || name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }) else {
      return nil
    }
    return (
      "\(name.quoted) is no name of an environment variable",
      "a name is not empty and holds neither `=` nor NUL"
    )
  }

  static func checkVariableName(_ name: String) -> (message: String, hint: String)? {
    let isGood =
      (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: ".") }
    return isGood
      ? nil
      : (
        "\(name.quoted) is no name of a variable",
        "a name is 1 to 64 letters, digits, `.`, `_` or `-`"
      )
  }
}
