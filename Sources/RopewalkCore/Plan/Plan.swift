// Knows a whole plan as values, every default filled in. Unaware of the text that it came from.

import RopewalkWire

/// What a run is to do: the tasks, the agents that do them, and how many at once.
package struct Plan: Sendable, Equatable {
  /// How wide the graph of tasks is run.
  package enum GraphStrategy: String, Sendable, CaseIterable {
    /// One task at a time.
    case single
    /// As many as `concurrency` allows.
    case parallel
  }

  /// Nil when the plan has none.
  package var name: String?
  /// What tasks without needs start from, as git understands it; nil is the current commit.
  package var base: String?
  /// The most attempts at a time.
  package var concurrency: Int
  package var strategy: GraphStrategy
  /// What tasks had that say nothing themselves.
  package var onError: OnError
  /// What all attempts may use together; nil is without limit.
  package var budget: Budget?
  /// What becomes of attempts while which something outside of their worktrees was changed.
  package var outside: OutsidePolicy
  /// What attempts may use of whom neither the task nor the agent says it.
  package var limits: TaskLimits
  /// How attempts are confined of which neither the task nor the agent says it.
  package var sandbox: Sandbox?
  /// What becomes of a task whose agent is limited.
  package var onLimit = OnLimit.wait
  /// What the machine must have left so that something is started.
  package var admission = Admission.standard
  /// How much there is of what tasks must have for themselves, by name.
  package var resources: [String: Int] = [:]
  /// Values for `{{vars.…}}`, those of the command line included.
  package var vars: [String: String]
  /// In the order of the text.
  package var agents: [AgentRole]
  /// In the order of the text; a task is known by its place here.
  package var tasks: [PlanTask]

  package static let standardConcurrency = 5

  package init(
    name: String? = nil, base: String? = nil, concurrency: Int = standardConcurrency,
    strategy: GraphStrategy = .parallel, onError: OnError = .continue, budget: Budget? = nil,
    outside: OutsidePolicy = .fail, limits: TaskLimits = TaskLimits(), sandbox: Sandbox? = nil,
    vars: [String: String] = [:],
    agents: [AgentRole] = [], tasks: [PlanTask]
  ) {
    self.name = name
    self.base = base
    self.concurrency = concurrency
    self.strategy = strategy
    self.onError = onError
    self.budget = budget
    self.outside = outside
    self.limits = limits
    self.sandbox = sandbox
    self.vars = vars
    self.agents = agents
    self.tasks = tasks
  }

  /// The agent that does a task, with the task's model; for a task that names a runner, that runner
  /// alone.
  package func agent(of task: PlanTask) -> AgentRole {
    var agent =
      agents.first { $0.name == task.agentName }
      ?? AgentRole(name: task.agentName ?? task.runnerName, runner: task.runnerName)
    agent.model = task.model
    return agent
  }

  /// Everyone whom a task may ask, each once, in order; all agents where none is named.
  package func agents(of task: PlanTask) -> [AgentRole] {
    guard task.strategy != .single, !task.strategy.members.isEmpty else {
      return task.isAssigned ? [agent(of: task)] : agents
    }
    var seen: Set<String> = []
    return task.strategy.members.flatMap(\.agents).filter { seen.insert($0).inserted }
      .compactMap { name in agents.first { $0.name == name } }
  }

  /// The value of `{{vars.NAME}}` in a task's prompt; nil when neither it nor the plan has one.
  package func value(ofVariable name: String, in task: PlanTask) -> String? {
    task.vars[name] ?? vars[name]
  }

  /// The defaults that do not become the tasks' own, since an agent's stand before them.
  private var defaultsJSON: JSON? {
    guard !limits.isEmpty || sandbox != nil else { return nil }
    return .known([
      ("limits", limits.json), ("sandbox", sandbox.map { .string($0.rawValue) }),
    ])
  }

  /// The plan with nothing left to be filled in: what a run keeps. `PlanDecoder` makes an equal
  /// plan of it, in this version and in later ones with other defaults.
  package var json: JSON {
    .known([
      ("name", name.map(JSON.string)), ("base", base.map(JSON.string)),
      ("concurrency", .int(concurrency)), ("strategy", .string(strategy.rawValue)),
      ("onError", .string(onError.rawValue)), ("budget", budget.map(\.json)),
      ("outside", outside == .fail ? nil : .string(outside.rawValue)),
      ("onLimit", .string(onLimit.rawValue)), ("admission", admission.json),
      ("resources", .counts(resources)),
      ("vars", vars.isEmpty ? nil : .sorted(vars)),
      ("agents", agents.isEmpty ? nil : .object(agents.map { ($0.name, $0.json) })),
      ("defaults", defaultsJSON),
      ("tasks", .array(tasks.map { $0.json(in: self) })),
    ])
  }
}
