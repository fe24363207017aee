// Knows the progress of a run and what can happen to it. Unaware of processes, worktrees, files and clocks.

/// The plan's progress as a value: what happened goes in, what is to be done comes out.
///
/// It is synchronous and complete: every action that an input leads to is returned by it, in the
/// order in which the engine must carry them out. Tasks are indices into the plan.
///
/// Its parts: `ScheduleSlots` (which step starts, and by whom), `ScheduleSteps` (retries, fallback, strategies),
/// `ScheduleTasks` (what the end of a task means for the others), `ScheduleBudgets` (limits that are reached),
/// `ScheduleControl` (pauses and priorities), `ScheduleLimits` (agents that sleep), `ScheduleAdmission` (what a machine
/// has room for, and who is held back).
package struct Schedule: Sendable {
  /// What the engine has to do next.
  package enum Action: Sendable {
    /// The task could start now and waits for a slot.
    case queue(Int)
    /// An agent was chosen for a task that names none.
    case assign(Int, Assignment)
    /// Start this attempt; attempts count from 1 within their task and never repeat within a run.
    case startAttempt(Int, attempt: Int, Purpose)
    /// Call `retryDue` after the delay.
    case retryLater(Int, step: Int, attempt: Int, after: Duration)
    /// Another agent takes the step over.
    case fallBack(Int, FallbackNews)
    /// An account has hit a limit. Call `agentAwake` after the delay, and tell the user's other runs.
    case sleep(LimitNews)
    /// An account that had been limited is not any more. Tell the user's other runs.
    case limitOver(AgentAccount)
    /// Nothing starts for now, and why.
    case wait(WaitNews)
    /// Call `lookAgain` after the delay, with a new reading of the machine.
    case lookLater(after: Duration)
    /// End the attempt; its end is reported by `attemptEnded` as ever.
    case endAttempt(Int, attempt: Int, CancelReason)
    /// Stop the attempt's processes; what of it cannot be stopped goes on to its end.
    case pauseAttempt(Int, attempt: Int)
    case resumeAttempt(Int, attempt: Int)
    /// The task's strategy has something to tell.
    case tell(Int, StrategyNews)
    /// Call `wallTimeOver` after the delay.
    case startTimer(BudgetScope, after: Duration)
    case warn(BudgetNotice)
    /// A limit is reached; what is done about it.
    case limitReached(BudgetExcess, BudgetReaction)
    /// The task has reached a final state.
    case finish(Int, TaskEnd)
    /// Every task has reached a final state.
    case finishRun(RunState)
  }

  /// What an attempt is for.
  package enum Purpose: Sendable, Equatable {
    /// A try from the step's starting tree.
    case attempt
    /// The verification refused what the attempt before made; the same worktree goes on.
    case repair
    /// The attempt before was interrupted; its session goes on where its CLI can, else it is tried anew.
    case continuation
  }

  let graph: TaskGraph
  let plan: Plan
  let choice: AgentChoice
  let concurrency: Int
  var progress: [TaskProgress]
  /// Made as they are needed, and never removed.
  var lanes: [Lane] = []
  var laneOfKey: [Lane.Key: Int] = [:]
  let maxTasksOfAgent: [String: Int]
  var demands: Demands
  var sleep = AgentSleep()
  var waiting = WaitState()
  /// By agent, the attempts under way.
  var load: [String: Int] = [:]
  var random: SplitMix64
  var live = 0
  var unfinished: Int
  var haltedBy: Int?
  var cancelReason: CancelReason?
  var budgets: BudgetState
  /// Whether it follows what a journal tells, so that nothing is to be started.
  var isReplaying = false
  /// What the journal that is followed will yet tell; empty otherwise.
  var foreseen = ForeseenStarts()
  var control = ControlState()
  /// The time since the run began; to be set before each input. By it waiting is counted.
  package var now = Duration.zero
  /// How the machine stands; to be set before inputs after which something may start. Nil where nobody looks.
  package var host: HostReading?

  var tasks: [PlanTask] { plan.tasks }

  /// - Parameters:
  ///   - choice: nil where every task names its agent.
  ///   - seed: for the jitter of retry delays.
  package init(plan: Plan, graph: TaskGraph, choice: AgentChoice? = nil, seed: UInt64) {
    self.graph = graph
    self.plan = plan
    self.choice = choice ?? AgentChoice(plan)
    concurrency = plan.strategy == .single ? 1 : plan.concurrency
    progress = plan.tasks.indices.map { task in
      var progress = TaskProgress()
      progress.openNeeds = graph.needs(of: task).count
      return progress
    }
    maxTasksOfAgent = Dictionary(
      plan.agents.compactMap { agent in agent.maxTasks.map { (agent.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    demands = Demands(plan)
    unfinished = plan.tasks.count
    random = SplitMix64(state: seed)
    budgets = BudgetState(plan)
  }

  package func state(of task: Int) -> TaskState { progress[task].state }

  /// Whether an attempt of the task has a slot, be it that the journal tells of its start only later.
  func isUnderWay(_ task: Int) -> Bool { progress[task].live > 0 || foreseen.has(task) }

  /// What an attempt is to do, and its step's number within the task.
  package func step(of task: Int, attempt: Int) -> (index: Int, step: Step)? {
    progress[task].step(ofAttempt: attempt).map { ($0, progress[task].steps[$0].step) }
  }

  /// Why the agent of an attempt was chosen; nil where the plan names it.
  package func reason(of task: Int, by agent: AgentRole?) -> String? {
    guard let chosen = progress[task].chosen, chosen.agent == agent?.name,
      chosen.runner == agent?.runner
    else { return nil }
    return chosen.because
  }

  // MARK: - Inputs

  /// The run begins.
  package mutating func start() -> [Action] {
    var actions: [Action] = []
    startTimer(.plan, &actions)
    for task in tasks.indices where progress[task].openNeeds == 0 { queue(task, &actions) }
    return fill(actions)
  }

  /// An attempt that was started has ended and nothing of it is left running.
  package mutating func attemptEnded(
    _ task: Int, attempt: Int, _ result: AttemptResult
  ) -> [Action] {
    guard let step = progress[task].step(ofAttempt: attempt) else {
      preconditionFailure("task `\(tasks[task].id)` has no attempt \(attempt)")
    }
    var actions: [Action] = []
    release(task, step)
    wake(task)
    defer { rest(task) }
    settle(AttemptKey(task: task, number: attempt), step, result.usage, &actions)
    noteLimits(task, step, attempt, result, &actions)
    let state = progress[task].steps[step]
    if wasInterrupted(task, state, result) {
      interrupt(task, step, result, &actions)
      return fill(actions)
    }
    let isWanted = progress[task].cancelReason == nil && !state.isUnwanted
    if isWanted, let cause = result.cause, let agent = state.step.agent {
      if goOn(task, step, agent, cause, result, &actions) { return fill(actions) }
    }
    stepEnded(task, step, result, &actions)
    return fill(actions)
  }

  /// The pause before the step's next attempt is over.
  package mutating func retryDue(_ task: Int, step: Int) -> [Action] {
    let state = progress[task].steps[step]
    guard !progress[task].state.isFinal, !state.isLive, !state.isDone else { return [] }
    insert(task, step)
    return fill([])
  }

  /// Ends the given tasks, or the whole run; a stronger reason replaces a weaker one.
  package mutating func cancel(_ wanted: [Int]? = nil, _ reason: CancelReason) -> [Action] {
    var actions: [Action] = []
    cancel(wanted, reason, nil, &actions)
    return fill(actions)
  }

  /// - Parameter excess: the limit that is the cause.
  mutating func cancel(
    _ wanted: [Int]?, _ reason: CancelReason, _ excess: BudgetExcess?, _ actions: inout [Action]
  ) {
    if wanted == nil {
      guard cancelReason.map({ $0 < reason }) ?? true else { return }
      cancelReason = reason
    }
    let end = TaskEnd(
      .cancelled, because: excess.map(words) ?? reason.text,
      cause: excess == nil ? nil : .overBudget)
    for task in wanted ?? Array(tasks.indices) where !progress[task].state.isFinal {
      if let known = progress[task].cancelReason, known >= reason { continue }
      progress[task].cancelReason = reason
      progress[task].cancelEnd = end
      progress[task].isCancelledAlone = wanted != nil && excess == nil
      if isUnderWay(task) {
        for step in progress[task].steps where step.isLive {
          actions.append(.endAttempt(task, attempt: step.attempt, reason))
        }
      } else if wanted == nil {
        // All of them end, so nobody is left to be skipped because of this one.
        settle(task, end, &actions)
      } else {
        finish(task, end, &actions)
      }
    }
  }
}
