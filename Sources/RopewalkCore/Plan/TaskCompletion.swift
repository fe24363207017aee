// Knows how a task that was read gets what it does not say itself, and whether its parts fit together.
// Unaware of the order in which its members were read.

import RopewalkWire

extension StrictReader {
  /// What has no worktree can change no file, and finds none.
  mutating func checkPlace(
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
  mutating func checkStrategy(
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

  func apply(_ own: TaskSettings, to task: inout PlanTask, _ drafts: TaskDrafts) {
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
    (task.limits, task.sandbox) = (own.limits, own.sandbox)
    task.retry = own.retry.policy(over: defaults.retry, onError: task.onError)
    if !task.vars.isEmpty {
      task.vars = task.vars.filter { drafts.decoder.variables[$0.key] == nil }
    }
  }

  /// Gives the task its agent: its own, else its runner, else the default, else the only one.
  mutating func assign(
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
