// Knows who can do the tasks of one plan and who takes over from whom. Unaware of when either happens.

/// What a schedule has to know of a plan's agents, beyond the plan itself.
package struct AgentChoice: Sendable {
  /// What the tasks that name no agent are, by their places in the plan.
  package var profiles: [Int: TaskProfile] = [:]
  package var history = AgentHistory()
  /// Who takes over from whom, in order.
  package var fallbacks = FallbackTable()
  /// Whose limits are whose.
  package var accounts = AgentAccounts()
  private let selection: AgentSelection

  package init(_ plan: Plan) {
    selection = AgentSelection(
      plan.agents.map { agent in
        AgentSelection.Candidate(
          name: agent.name, runner: agent.runner, capabilities: Set(agent.capabilities),
          weight: agent.weight, maxTasks: agent.maxTasks ?? AgentRole.standardMaxTasks)
      })
  }

  /// A plan whose tasks are looked at by a classifier.
  package init(_ plan: Plan, classifier: TaskClassifier, history: AgentHistory) {
    self.init(plan)
    self.history = history
    for (place, task) in plan.tasks.enumerated() where task.needsChoice {
      profiles[place] = classifier.profile(of: task)
    }
  }

  /// Who does a task that names nobody.
  ///
  /// - Parameters:
  ///   - load: the tasks that each agent carries now.
  ///   - affinity: the agents that did what the task needs.
  ///   - asleep: the agents that wait for a provider.
  package func choose(
    for task: Int, load: [String: Int] = [:], affinity: Set<String> = [],
    asleep: Set<String> = []
  ) -> AgentSelection.Answer {
    var moment = AgentSelection.Moment()
    moment.load = load
    moment.affinity = affinity
    moment.history = history
    moment.asleep = asleep
    return selection.choose(
      for: profiles[task] ?? TaskProfile(type: "task", complexity: .moderate), moment)
  }

  /// Whether anybody has room for another task that names nobody.
  func hasRoom(_ load: [String: Int]) -> Bool {
    selection.candidates.contains { load[$0.name, default: 0] < $0.maxTasks }
  }
}

extension TaskClassifier {
  package func profile(of task: PlanTask) -> TaskProfile {
    classify(prompt: task.prompt.source, verify: task.verify, capabilities: task.capabilities)
  }
}

extension PlanTask {
  /// Whether its agent is chosen when it starts.
  package var needsChoice: Bool { strategy == .single && !isAssigned }
}
