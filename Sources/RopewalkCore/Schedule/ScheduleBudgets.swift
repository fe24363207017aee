// Knows what a run does when a budget is reached. Unaware of how spending is counted.

/// What is done about a limit that is reached.
package enum BudgetReaction: String, Sendable {
  /// A person is asked; nothing starts under this limit meanwhile.
  case asked
  /// Nothing more starts under this limit.
  case stopped
  /// The run goes on without this limit.
  case lifted
}

/// The budgets of a run under way.
struct BudgetState: Sendable {
  /// Nil where nothing is limited.
  var ledger: BudgetLedger?
  let onExceeded: Budget.OnExceeded
  var timers: Set<BudgetScope> = []
  /// Steps that wait until others have ended, or until somebody has answered.
  var waiting: [(task: Int, step: Int)] = []
  /// Limits that somebody was asked about.
  var asked: [BudgetLimit: BudgetExcess] = [:]
  /// Scopes in which nothing starts any more.
  var stopped: [BudgetScope: BudgetExcess] = [:]
  /// Attempts that were ended because of a limit.
  var ended: [AttemptKey: BudgetExcess] = [:]

  init(_ plan: Plan) {
    let tasks = plan.tasks.enumerated().compactMap { place, task in
      task.budget.map { (place, $0) }
    }
    let agents = plan.agents.compactMap { agent in agent.budget.map { (agent.name, $0) } }
    onExceeded = plan.budget?.onExceeded ?? .ask
    guard plan.budget != nil || !tasks.isEmpty || !agents.isEmpty else { return }
    ledger = BudgetLedger(
      plan: plan.budget, tasks: Dictionary(uniqueKeysWithValues: tasks),
      agents: Dictionary(agents, uniquingKeysWith: { first, _ in first }))
  }

  func wallTime(_ scope: BudgetScope) -> Duration? { ledger?.budgets[scope]?.wallTime }
}

extension Schedule {
  // MARK: - Inputs

  /// What a running attempt has used since its start, all together.
  package mutating func used(
    _ task: Int, attempt: Int, tokens: TokenCounts?, usd: Double?
  ) -> [Action] {
    let key = AttemptKey(task: task, number: attempt)
    guard budgets.ended[key] == nil,
      let excess = budgets.ledger?.used(key, tokens: tokens, usd: usd)
    else { return [] }
    if budgets.onExceeded == .warn {
      budgets.ledger?.raise(excess.limit)
      return [.limitReached(excess, .lifted)]
    }
    budgets.ended[key] = excess
    return [.limitReached(excess, .stopped), .endAttempt(task, attempt: attempt, .overBudget)]
  }

  /// The time that a budget allows is over.
  package mutating func wallTimeOver(_ scope: BudgetScope) -> [Action] {
    guard let allowed = budgets.wallTime(scope), isNeeded(scope) else { return [] }
    var actions: [Action] = []
    guard isDue(scope, &actions) else { return actions }
    let excess = BudgetExcess.wallTime(scope, allowed: allowed, seconds: allowed.seconds)
    react(to: excess, &actions)
    return fill(actions)
  }

  /// Somebody has answered whether the run goes on without a limit.
  package mutating func answered(_ limit: BudgetLimit, goOn: Bool) -> [Action] {
    guard let excess = budgets.asked.removeValue(forKey: limit) else { return [] }
    var actions: [Action] = []
    if goOn {
      lift(excess, &actions)
    } else {
      stop(excess, &actions)
    }
    return fill(actions)
  }

  /// Why an attempt was ended, where a limit was the cause.
  package func excess(of task: Int, attempt: Int) -> String? {
    budgets.ended[AttemptKey(task: task, number: attempt)].map(words)
  }

  func words(_ excess: BudgetExcess) -> String { excess.message { tasks[$0].id.text } }

  // MARK: - Before and after an attempt

  /// Sets aside what the step's next attempt may use; false when it cannot start now.
  mutating func reserve(
    _ task: Int, _ step: Int, _ agent: AgentRole, _ actions: inout [Action]
  ) -> Bool {
    guard budgets.ledger != nil else { return true }
    for scope in [BudgetScope.plan, .task(task), .agent(agent.name)] {
      if let excess = budgets.stopped[scope] {
        refuse(task, step, excess, &actions)
        return false
      }
    }
    let key = AttemptKey(task: task, number: upcoming(task, step))
    switch budgets.ledger?.reserve(key, agent: agent.name) {
    case nil, .granted: return true
    case .wait:
      budgets.waiting.append((task, step))
      return false
    case .exceeded(let excess):
      budgets.waiting.append((task, step))
      react(to: excess, &actions)
      return false
    }
  }

  /// Puts what an ended attempt used in the place of what was set aside for it.
  mutating func settle(
    _ key: AttemptKey, _ step: Int, _ usage: AttemptResult.Usage?, _ actions: inout [Action]
  ) {
    if isReplaying {
      // What is to be said of it has been said.
      guard let agent = progress[key.task].steps[step].step.agent else { return }
      _ = budgets.ledger?.restore(key, agent: agent.name, usage: usage)
      return
    }
    guard let notices = budgets.ledger?.settle(key, usage: usage) else { return }
    actions += notices.map { .warn($0) }
    tryWaiting()
  }

  mutating func startTimer(_ scope: BudgetScope, _ actions: inout [Action]) {
    guard let after = budgets.wallTime(scope), budgets.timers.insert(scope).inserted else {
      return
    }
    control.standstill.set(scope, at: now)
    actions.append(.startTimer(scope, after: after))
  }

  private mutating func tryWaiting() {
    let waiting = budgets.waiting
    budgets.waiting = []
    for (task, step) in waiting { insert(task, step) }
  }

  // MARK: - A limit is reached

  private mutating func react(to excess: BudgetExcess, _ actions: inout [Action]) {
    guard budgets.asked[excess.limit] == nil else { return }
    switch budgets.onExceeded {
    case .warn:
      lift(excess, &actions)
    case .stop: stop(excess, &actions)
    case .ask:
      budgets.asked[excess.limit] = excess
      actions.append(.limitReached(excess, .asked))
    }
  }

  private mutating func lift(_ excess: BudgetExcess, _ actions: inout [Action]) {
    budgets.ledger?.raise(excess.limit)
    actions.append(.limitReached(excess, .lifted))
    tryWaiting()
  }

  private mutating func stop(_ excess: BudgetExcess, _ actions: inout [Action]) {
    actions.append(.limitReached(excess, .stopped))
    let scope = excess.limit.scope
    if excess.limit.measure == .wallTime {
      endAll(in: scope, excess, &actions)
    }
    // What one attempt needs and nobody has left says nothing of what others need.
    if excess.needed == nil || excess.limit.measure == .wallTime { budgets.stopped[scope] = excess }
    let waiting = budgets.waiting
    budgets.waiting = []
    for (task, step) in waiting {
      if isIn(scope, task, step) {
        refuse(task, step, excess, &actions)
      } else {
        insert(task, step)
      }
    }
  }

  private func isIn(_ scope: BudgetScope, _ task: Int, _ step: Int) -> Bool {
    switch scope {
    case .plan: true
    case .task(let other): task == other
    case .agent(let name): progress[task].steps[step].step.agent?.name == name
    }
  }

  /// Whether something that has not ended may still be done under the budget of that scope.
  private func isNeeded(_ scope: BudgetScope) -> Bool {
    tasks.indices.contains { task in
      guard !progress[task].state.isFinal else { return false }
      return switch scope {
      case .plan: true
      case .task(let other): task == other
      case .agent(let name): plan.agents(of: tasks[task]).contains { $0.name == name }
      }
    }
  }

  /// Ends what runs under a limit of time.
  private mutating func endAll(
    in scope: BudgetScope, _ excess: BudgetExcess, _ actions: inout [Action]
  ) {
    switch scope {
    case .plan: cancel(nil, .overBudget, excess, &actions)
    case .task(let task): cancel([task], .overBudget, excess, &actions)
    case .agent(let name):
      for task in tasks.indices where progress[task].live > 0 {
        for step in progress[task].steps where step.isLive && step.step.agent?.name == name {
          budgets.ended[AttemptKey(task: task, number: step.attempt)] = excess
          actions.append(.endAttempt(task, attempt: step.attempt, .overBudget))
        }
      }
    }
  }

  /// A step that no budget allows.
  private mutating func refuse(
    _ task: Int, _ step: Int, _ excess: BudgetExcess, _ actions: inout [Action]
  ) {
    guard !progress[task].state.isFinal, !progress[task].steps[step].isDone else { return }
    let because = words(excess)
    if progress[task].steps.allSatisfy({ $0.attempt == 0 }) {
      // Nothing of it has run.
      finish(task, TaskEnd(.skipped, because: because, cause: .overBudget), &actions)
    } else {
      if progress[task].state == .queued { move(task, .started) }
      guard tasks[task].strategy != .single else {
        // Its last attempt failed for a reason of its own, which would have been tried again.
        progress[task].steps[step].isDone = true
        finish(task, TaskEnd(.failed, because: because, cause: .overBudget), &actions)
        return
      }
      stepEnded(task, step, AttemptResult(failed: .overBudget, because), &actions)
    }
  }
}
