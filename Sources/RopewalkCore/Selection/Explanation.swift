// Knows how the choice of agents and strategies is explained before a run. Unaware of the choosing.

import RopewalkWire

/// What `check --explain` tells of each task: who would do it, how, and why.
package struct Explanation: Sendable, Equatable {
  package struct Task: Sendable, Equatable {
    package var id: TaskID
    /// Nil when the plan names a runner and no agent, or when nobody can do the task.
    package var agent: String?
    /// Nil when nobody can do the task.
    package var runner: String?
    package var why: String
    /// From 0 to 1; nil where nothing was chosen.
    package var confidence: Double?
    package var secondary: [String] = []
    package var strategy: String
    package var strategyWhy: String

    /// A task whose agent or runner the plan names.
    package init(
      named id: TaskID, agent: String?, runner: String, strategy: String, strategyWhy: String
    ) {
      self.id = id
      self.agent = agent
      self.runner = runner
      why = "the plan names it"
      self.strategy = strategy
      self.strategyWhy = strategyWhy
    }

    /// A task for which an agent was looked for.
    package init(
      _ id: TaskID, _ profile: TaskProfile, _ answer: AgentSelection.Answer, strategy: String,
      strategyWhy: String
    ) {
      self.id = id
      self.strategy = strategy
      self.strategyWhy = strategyWhy
      switch answer {
      case .assigned(let assignment):
        agent = assignment.agent
        runner = assignment.runner
        why = "\(profile.summary); \(assignment.justification)"
        confidence = assignment.confidence
        secondary = assignment.secondary
      case .wait(let reason): why = "it would wait: \(reason)"
      case .impossible(let reason): why = "nobody can do it: \(reason)"
      }
    }
  }

  /// In the order in which the tasks would start.
  package var tasks: [Task]

  package init(_ tasks: [Task]) { self.tasks = tasks }

  /// Who would do each task of a plan if all agents were idle, with `auto` decided.
  package init(_ plan: Plan, classifier: TaskClassifier, history: AgentHistory) {
    let (decided, reasons) = plan.decidingStrategies(classifier, history: history)
    let choice = AgentChoice(decided, classifier: classifier, history: history)
    let order = CheckReport(decided).graph?.order ?? []
    let places = Dictionary(
      decided.tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    tasks = order.compactMap { places[$0] }.map { place in
      let task = decided.tasks[place]
      let why = reasons[place] ?? "as the plan says"
      if task.needsChoice {
        return Task(
          task.id, choice.profiles[place] ?? classifier.profile(of: task),
          choice.choose(for: place), strategy: task.strategy.name, strategyWhy: why)
      }
      let members = decided.agents(of: task)
      let names =
        task.strategy == .single ? task.agentName : members.map(\.name).joined(separator: ", ")
      let runners = members.map(\.runner).reduce(into: [String]()) { runners, runner in
        if !runners.contains(runner) { runners.append(runner) }
      }
      return Task(
        named: task.id, agent: names, runner: runners.joined(separator: ", "),
        strategy: task.strategy.name, strategyWhy: why)
    }
  }

  /// `[{"id":"api","agent":"dev","runner":"claude","why":"…","confidence":0.8,"secondary":["rev"],"strategy":"single","strategyWhy":"…"}]`;
  /// what is not known is null.
  package var json: JSON {
    .array(
      tasks.map { task in
        .object([
          ("id", .string(task.id.text)),
          ("agent", task.agent.map(JSON.string) ?? .null),
          ("runner", task.runner.map(JSON.string) ?? .null),
          ("why", .string(task.why)),
          ("confidence", task.confidence.map { .double(Self.rounded($0)) } ?? .null),
          ("secondary", .array(task.secondary.map(JSON.string))),
          ("strategy", .string(task.strategy)),
          ("strategyWhy", .string(task.strategyWhy)),
        ])
      })
  }

  /// Three lines or four a task:
  ///
  /// ```
  /// api: dev (claude), confidence 80 %
  ///   because a complex feature in swift; of 2 that suit, it scores 20.0: it is idle
  ///   next: rev
  ///   strategy: multi, it is a complex feature in swift: `schema` and 4 files named
  /// ```
  package var text: String { tasks.map(Self.text).joined() }

  private static func text(_ task: Task) -> String {
    var head = "\(task.id): "
    switch (task.agent, task.runner) {
    case (let agent?, let runner?): head += "\(agent) (\(runner))"
    case (nil, let runner?): head += runner
    case (let agent?, nil): head += agent
    case (nil, nil): head += "nobody"
    }
    if let confidence = task.confidence {
      head += ", confidence \(Int((confidence * 100).rounded())) %"
    }
    var lines = [head, "  because \(task.why)"]
    if !task.secondary.isEmpty { lines.append("  next: \(task.secondary.joined(separator: ", "))") }
    lines.append("  strategy: \(task.strategy), \(task.strategyWhy)")
    return lines.map { $0 + "\n" }.joined()
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
