// Knows the order in which a plan's text becomes a plan. Unaware of files: prompts of their own are
// read by whoever asks.

import RopewalkWire

/// Why a file that a plan names could not be read, as the end of a sentence: "no such file".
package struct PromptFileError: Error, Sendable, Equatable {
  package var reason: String

  package init(_ reason: String) { self.reason = reason }
}

/// Reads plans: JSON5 text in, a `Plan` or everything that is wrong with it out.
package struct PlanDecoder {
  /// Larger plans are refused unless another bound is given: 64 MiB.
  package static let maximumBytes = 64 << 20
  package static let standardRunner = "opencode"

  /// Values for `{{vars.…}}` from the command line; they stand above those in the plan and in its tasks.
  package var variables: [String: String]
  /// The most bytes that are read. A plan written by `Plan.json` may be larger than what it came from.
  package var maximumBytes: Int
  /// Does the tasks of a plan that names nobody at all.
  package var defaultRunner: String
  /// Reads a prompt's file, once per path. The path is relative, and without `..`; that no symbolic
  /// link leads out of the repository is the reader's to see to.
  package var readFile: (String) -> Result<String, PromptFileError>

  package init(
    variables: [String: String] = [:], maximumBytes: Int = maximumBytes,
    defaultRunner: String = standardRunner,
    readFile: @escaping (String) -> Result<String, PromptFileError>
  ) {
    self.variables = variables
    self.maximumBytes = maximumBytes
    self.defaultRunner = defaultRunner
    self.readFile = readFile
  }

  /// Decodes a plan.
  ///
  /// ```
  /// { agents: { dev: { runner: "claude" } },
  ///   tasks: [{ id: "schema", prompt: "Add a users table." },
  ///           { id: "api", needs: ["schema"], prompt: "{{needs.schema.output}} Serve it." }] }
  /// ```
  ///
  /// Text that is no JSON5 is refused with its first mistake alone; otherwise every mistake is
  /// told. A plan that is returned has no cycle and no name that leads nowhere. Takes time linear
  /// in the text, but for prompts that use the output of distant needs.
  package func decode(_ bytes: [UInt8]) -> Result<Plan, PlanErrors> {
    if let refusal = PlanText.refusal(of: bytes, maximumBytes: maximumBytes) {
      return .failure(PlanErrors([refusal]))
    }
    return StrictReader.read(bytes, "the plan") { $0.plan($1, self) }
  }
}

extension StrictReader {
  private static let planKeys = Keys(
    owner: "a plan",
    known: [
      "name", "base", "concurrency", "strategy", "onError", "budget", "outside", "onLimit",
      "admission", "resources", "vars", "agents", "defaults", "tasks",
    ],
    later: ["workspace", "hooks", "matrix"])

  /// Reads the whole plan. What tasks refer to is read before them, wherever it stands.
  fileprivate mutating func plan(_ root: JSONValue, _ decoder: PlanDecoder) -> Plan {
    var plan = Plan(tasks: [])
    var later: [String: JSONValue] = [:]
    let isObject = object(root, Self.planKeys) { reader, key, value in
      switch key {
      case "name": plan.name = reader.name(value)
      case "base": plan.base = reader.base(value)
      case "concurrency":
        plan.concurrency = reader.whole(value, in: 1...10_000) ?? plan.concurrency
      case "strategy":
        plan.strategy = reader.choice(value, of: Plan.GraphStrategy.self) ?? plan.strategy
      case "budget": plan.budget = reader.budget(value, level: .plan)
      case "outside": plan.outside = reader.choice(value, of: OutsidePolicy.self) ?? plan.outside
      case "onLimit": plan.onLimit = reader.choice(value, of: OnLimit.self) ?? plan.onLimit
      case "admission": plan.admission = reader.admission(value) ?? plan.admission
      case "resources": plan.resources = reader.resources(value)
      case "onError": plan.onError = reader.choice(value, of: OnError.self) ?? plan.onError
      default: later[key] = value
      }
    }
    guard isObject else { return plan }
    plan.vars = later["vars"].map { variables($0) } ?? [:]
    plan.vars.merge(decoder.variables) { _, given in given }
    plan.agents = later["agents"].map { value in within(.key("agents")) { $0.agents(value) } } ?? []
    var drafts = TaskDrafts(plan: plan, decoder: decoder)
    if let value = later["defaults"] {
      within(.key("defaults")) { reader in
        drafts.defaults = reader.defaults(value)
        (plan.limits, plan.sandbox) = (drafts.defaults.limits, drafts.defaults.sandbox)
        reader.checkDefaultAgent(drafts, value)
        reader.checkSummariser(drafts.defaults.context, of: "`defaults`", value, drafts)
      }
    }
    guard let value = later["tasks"] else {
      note("the plan has no `tasks`", hint: Self.tasksHint, at: root.start)
      return plan
    }
    within(.key("tasks")) { $0.tasks(value, &drafts) }
    plan.tasks = link(consume drafts)
    return plan
  }

  static let tasksHint = "list at least one, as in tasks: [{ id: \"hello\", prompt: \"…\" }]"

  private mutating func name(_ value: JSONValue) -> String? {
    guard let name = filledText(value) else { return nil }
    if name.utf8.count <= 200,
      name.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    {
      return name
    }
    note(
      "`name` must be one line of at most 200 bytes", hint: "shorten it", at: value.start)
    return nil
  }

  private mutating func base(_ value: JSONValue) -> String? {
    guard let base = filledText(value) else { return nil }
    // Git would take it for an option.
    if !base.hasPrefix("-") { return base }
    note(
      "`base` is \(base.quoted), which is no commit", hint: "name a branch, a tag or a commit",
      at: value.start)
    return nil
  }

  private mutating func variables(_ value: JSONValue) -> [String: String] {
    within(.key("vars")) { $0.textsByName(value, check: Self.checkVariableName) }
  }

  private mutating func checkDefaultAgent(_ drafts: TaskDrafts, _ value: JSONValue) {
    guard let name = drafts.defaults.agent, !drafts.plan.agents.contains(where: { $0.name == name })
    else { return }
    within(.key("agent")) {
      $0.note(
        "`defaults` names the agent \(name.quoted), which the plan does not define",
        hint: drafts.agentHint(for: name), at: value["agent"]?.start ?? value.start)
    }
  }
}
