// Knows what `strategy: "auto"` comes to for a task. Unaware of how strategies go on.

extension Plan {
  /// The plan with every `auto` decided, and why, by the tasks' places.
  ///
  /// A complex task goes through a chain: an agent with the capability `design` where there is one, the agent that does
  /// the task, and an agent with the capability `review`, who may send the work back twice. Any other task, and one
  /// for which the plan has no second agent, is done by one agent.
  package func decidingStrategies(
    _ classifier: TaskClassifier, history: AgentHistory = AgentHistory()
  ) -> (plan: Plan, reasons: [Int: String]) {
    var plan = self
    var reasons: [Int: String] = [:]
    for (place, task) in tasks.enumerated() where task.strategy.kind == .auto {
      let profile = classifier.profile(of: task)
      let (name, why) = profile.automaticStrategy
      plan.tasks[place].strategy = .single
      reasons[place] = why
      guard name == "multi" else { continue }
      guard let (chain, hasReviewer) = chain(for: task, profile, history) else {
        reasons[place] = why + "; but no other agent has the capability `design` or `review`"
        continue
      }
      let members = chain.map { StrategyMember(.agent($0)) }
      plan.tasks[place].strategy = Strategy(.multi(members, rounds: hasReviewer ? 2 : 0))
    }
    return (plan, reasons)
  }

  private func chain(
    for task: PlanTask, _ profile: TaskProfile, _ history: AgentHistory
  ) -> (members: [String], hasReviewer: Bool)? {
    var choice = AgentChoice(self)
    choice.profiles[0] = profile
    choice.history = history
    var worker = task.agentName
    if worker == nil, case .assigned(let assignment) = choice.choose(for: 0) {
      worker = assignment.agent
    }
    guard let worker else { return nil }
    func other(_ capability: String) -> String? {
      agents.first { $0.name != worker && $0.capabilities.contains(capability) }?.name
    }
    let (designer, reviewer) = (other("design"), other("review"))
    let chain = [designer, worker, reviewer].compactMap(\.self)
    return chain.count < 2 ? nil : (chain, reviewer != nil)
  }
}
