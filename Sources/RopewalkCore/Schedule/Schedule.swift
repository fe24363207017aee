// Knows which task starts when, and what a task's end means for the others.
// Unaware of processes, worktrees, files and clocks.

/// The plan's progress as a value: what happened goes in, what is to be done comes out.
///
/// It is synchronous and complete: every action that an input leads to is returned by it, in the
/// order in which the engine must carry them out. Tasks are indices into the plan.
package struct Schedule: Sendable {
  /// What the engine has to do next.
  package enum Action: Sendable {
    /// The task could start now and waits for a slot.
    case queue(Int)
    /// Start this attempt; attempts count from 1 within their task and never repeat within a run.
    case startAttempt(Int, attempt: Int, Purpose)
    /// Call `retryDue` after the delay.
    case retryLater(Int, step: Int, attempt: Int, after: Duration)
    /// End the attempt; its end is reported by `attemptEnded` as ever.
    case endAttempt(Int, attempt: Int, CancelReason)
    /// The task's strategy has something to tell.
    case tell(Int, StrategyNews)
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
  }

  private struct Lane {
    var limit: Int
    var live = 0
    var ready = ReadyQueue()
  }

  private let graph: TaskGraph
  private let plan: Plan
  private let concurrency: Int
  private var progress: [TaskProgress]
  /// One lane for each agent that carries only so many tasks at a time, and the first for the rest.
  private var lanes: [Lane]
  private let laneOfAgent: [String: Int]
  private var random: SplitMix64
  private var live = 0
  private var unfinished: Int
  private var haltedBy: Int?
  private var cancelReason: CancelReason?

  private var tasks: [PlanTask] { plan.tasks }

  /// - Parameter seed: for the jitter of retry delays.
  package init(plan: Plan, graph: TaskGraph, seed: UInt64) {
    self.graph = graph
    self.plan = plan
    concurrency = plan.strategy == .single ? 1 : plan.concurrency
    progress = plan.tasks.indices.map { task in
      var progress = TaskProgress()
      progress.openNeeds = graph.needs(of: task).count
      return progress
    }
    let limited = plan.agents.filter { $0.maxTasks != nil }
    lanes = ([Int.max] + limited.compactMap(\.maxTasks)).map { Lane(limit: $0) }
    laneOfAgent = Dictionary(
      limited.enumerated().map { ($1.name, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    unfinished = plan.tasks.count
    random = SplitMix64(state: seed)
  }

  package func state(of task: Int) -> TaskState { progress[task].state }

  /// What an attempt is to do, and its step's number within the task.
  package func step(of task: Int, attempt: Int) -> (index: Int, step: Step)? {
    progress[task].step(ofAttempt: attempt).map { ($0, progress[task].steps[$0].step) }
  }

  // MARK: - Inputs

  /// The run begins.
  package mutating func start() -> [Action] {
    var actions: [Action] = []
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
    live -= 1
    lanes[lane(task, step)].live -= 1
    progress[task].live -= 1
    progress[task].steps[step].isLive = false
    let state = progress[task].steps[step]
    if let cause = result.cause, progress[task].cancelReason == nil, !state.isUnwanted,
      case .agent = state.step.work
    {
      if cause == .rejected, haltedBy == nil, state.repairs < tasks[task].repair {
        progress[task].steps[step].repairs += 1
        start(task, step, .repair, &actions)
        return fill(actions)
      }
      if mayRetry(task, step, cause) {
        retry(task, step, after: result.retryAfter ?? .zero, &actions)
        return fill(actions)
      }
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
    if wanted == nil {
      guard cancelReason.map({ $0 < reason }) ?? true else { return [] }
      cancelReason = reason
    }
    for task in wanted ?? Array(tasks.indices) where !progress[task].state.isFinal {
      if let known = progress[task].cancelReason, known >= reason { continue }
      progress[task].cancelReason = reason
      if progress[task].live > 0 {
        for step in progress[task].steps where step.isLive {
          actions.append(.endAttempt(task, attempt: step.attempt, reason))
        }
      } else if wanted == nil {
        // All of them end, so nobody is left to be skipped because of this one.
        settle(task, TaskEnd(.cancelled, because: reason.text), &actions)
      } else {
        finish(task, TaskEnd(.cancelled, because: reason.text), &actions)
      }
    }
    return fill(actions)
  }

  // MARK: - Slots

  /// Gives free slots to the most urgent steps and says when the run is over.
  private mutating func fill(_ actions: [Action]) -> [Action] {
    var actions = actions
    while live < concurrency, let (task, step) = takeReady() {
      // A task may have been cancelled or skipped, and a step given up, while it waited.
      guard !progress[task].state.isFinal, !progress[task].steps[step].isDone else { continue }
      progress[task].steps[step].tries += 1
      if progress[task].state == .queued { move(task, .started) }
      start(task, step, .attempt, &actions)
    }
    if unfinished == 0, live == 0 {
      unfinished = -1
      actions.append(.finishRun(runState))
    }
    return actions
  }

  /// The most urgent step among the first of every lane that has room.
  private mutating func takeReady() -> (task: Int, step: Int)? {
    var best: (entry: ReadyQueue.Entry, lane: Int)?
    for (index, lane) in lanes.enumerated() where lane.live < lane.limit {
      guard let entry = lane.ready.first else { continue }
      if let known = best, !(entry < known.entry) { continue }
      best = (entry, index)
    }
    guard let best else { return nil }
    let entry = lanes[best.lane].ready.removeFirst()
    return (entry.task, entry.step)
  }

  private func lane(_ task: Int, _ step: Int) -> Int {
    progress[task].steps[step].step.agent.flatMap { laneOfAgent[$0.name] } ?? 0
  }

  private mutating func insert(_ task: Int, _ step: Int) {
    lanes[lane(task, step)].ready.insert(
      ReadyQueue.Entry(task: task, step: step, priority: tasks[task].priority))
  }

  private var runState: RunState {
    if cancelReason != nil { return .cancelled }
    let completed = progress.count { $0.state == .completed }
    return completed == progress.count ? .completed : completed > 0 ? .partial : .failed
  }

  private mutating func start(
    _ task: Int, _ step: Int, _ purpose: Purpose, _ actions: inout [Action]
  ) {
    live += 1
    lanes[lane(task, step)].live += 1
    progress[task].live += 1
    progress[task].steps[step].isLive = true
    let attempt = progress[task].steps[step].nextAttempt ?? nextAttempt(task)
    progress[task].steps[step].nextAttempt = nil
    progress[task].steps[step].attempt = attempt
    actions.append(.startAttempt(task, attempt: attempt, purpose))
  }

  private mutating func nextAttempt(_ task: Int) -> Int {
    progress[task].attempts += 1
    return progress[task].attempts
  }

  // MARK: - Steps

  private mutating func queue(_ task: Int, _ actions: inout [Action]) {
    move(task, .needsEnded)
    actions.append(.queue(task))
    var run = StrategyRun(tasks[task], in: plan)
    let effects = run.begin()
    progress[task].strategy = run
    carryOut(effects, task, &actions)
  }

  private mutating func stepEnded(
    _ task: Int, _ step: Int, _ result: AttemptResult, _ actions: inout [Action]
  ) {
    progress[task].steps[step].isDone = true
    let effects = progress[task].strategy?.ended(step, result) ?? []
    carryOut(effects, task, &actions)
    // A cancelled task ends when the last of its attempts has.
    if let reason = progress[task].cancelReason, progress[task].live == 0,
      !progress[task].state.isFinal
    {
      finish(task, TaskEnd(.cancelled, because: reason.text), &actions)
    }
  }

  private mutating func carryOut(
    _ effects: [StrategyRun.Effect], _ task: Int, _ actions: inout [Action]
  ) {
    for effect in effects {
      switch effect {
      case .step(let index, let step):
        precondition(index == progress[task].steps.count, "steps are numbered in their order")
        progress[task].steps.append(StepProgress(step))
        if progress[task].cancelReason == nil { insert(task, index) }
      case .tell(let news): actions.append(.tell(task, news))
      case .endSteps(let steps): for step in steps { giveUp(task, step, &actions) }
      case .finish(let end):
        if let reason = progress[task].cancelReason, end.cause != nil {
          finish(task, TaskEnd(.cancelled, because: reason.text), &actions)
        } else {
          finish(task, TaskEnd(end, of: tasks[task]), &actions)
        }
      }
    }
  }

  /// Ends a step that its strategy does not want any more, whether it runs or waits.
  private mutating func giveUp(_ task: Int, _ step: Int, _ actions: inout [Action]) {
    progress[task].steps[step].isUnwanted = true
    let state = progress[task].steps[step]
    if state.isLive {
      actions.append(.endAttempt(task, attempt: state.attempt, .memberFailed))
    } else if !state.isDone {
      stepEnded(
        task, step, AttemptResult(failed: .cancelled, CancelReason.memberFailed.text), &actions)
    }
  }

  private func mayRetry(_ task: Int, _ step: Int, _ cause: FailureCause) -> Bool {
    cause.isRetryable && haltedBy == nil
      && progress[task].steps[step].tries < tasks[task].allowedTries
  }

  private mutating func retry(
    _ task: Int, _ step: Int, after pause: Duration, _ actions: inout [Action]
  ) {
    // The others of its strategy may still run.
    if progress[task].live == 0 { move(task, .retried) }
    let delay = tasks[task].retry.delay(
      beforeRetry: progress[task].steps[step].tries,
      random: Double.random(in: 0..<1, using: &random))
    let attempt = nextAttempt(task)
    progress[task].steps[step].nextAttempt = attempt
    actions.append(.retryLater(task, step: step, attempt: attempt, after: max(delay, pause)))
  }

  // MARK: - Tasks

  /// Ends a task, and with it all that now cannot run; without recursion, for chains of any length.
  private mutating func finish(_ task: Int, _ end: TaskEnd, _ actions: inout [Action]) {
    settle(task, end, &actions)
    var ended = [task]
    while let need = ended.popLast() {
      let isGood = progress[need].state == .completed
      for dependent in graph.dependents(of: need) where !progress[dependent].state.isFinal {
        progress[dependent].openNeeds -= 1
        if !isGood, progress[dependent].badNeed == nil { progress[dependent].badNeed = need }
        if let skipped = decide(dependent, &actions) { ended.append(skipped) }
      }
    }
    if end.state == .failed || end.state == .timedOut, tasks[task].onError == .halt,
      haltedBy == nil
    {
      halt(by: task, &actions)
    }
  }

  /// Looks at a task one of whose needs has just ended; returns it when it was skipped.
  private mutating func decide(_ task: Int, _ actions: inout [Action]) -> Int? {
    guard progress[task].state == .pending else { return nil }
    if tasks[task].when == .always {
      if progress[task].openNeeds == 0 { queue(task, &actions) }
      return nil
    }
    if let need = progress[task].badNeed {
      let state = progress[need].state
      settle(
        task, TaskEnd(.skipped, because: "its need `\(tasks[need].id)` \(state.asEnd)"), &actions)
      return task
    }
    if progress[task].openNeeds == 0 { queue(task, &actions) }
    return nil
  }

  private mutating func halt(by task: Int, _ actions: inout [Action]) {
    haltedBy = task
    let because = "the run was halted when `\(tasks[task].id)` \(progress[task].state.asEnd)"
    for other in tasks.indices
    where progress[other].state.hasNotBegun && tasks[other].when != .always {
      settle(other, TaskEnd(.skipped, because: because), &actions)
    }
    // What must run always still does, once all of its needs have ended.
    for other in tasks.indices where progress[other].state == .pending {
      progress[other].openNeeds =
        graph.needs(of: other).count { !progress[$0].state.isFinal }
      _ = decide(other, &actions)
    }
  }

  private mutating func settle(_ task: Int, _ end: TaskEnd, _ actions: inout [Action]) {
    move(task, end.state.transition)
    progress[task].strategy = nil
    unfinished -= 1
    actions.append(.finish(task, end))
  }

  private mutating func move(_ task: Int, _ transition: TaskState.Transition) {
    let state = progress[task].state
    guard let next = state.after(transition) else {
      preconditionFailure("task `\(tasks[task].id)` is \(state) and cannot be \(transition)")
    }
    progress[task].state = next
  }
}

extension TaskState {
  /// Whether nothing of it runs and nothing was decided: also between two tries.
  fileprivate var hasNotBegun: Bool { self == .pending || self == .queued }

  /// The transition that leads to this final state.
  fileprivate var transition: Transition {
    switch self {
    case .completed: .completed
    case .failed: .failed
    case .timedOut: .timedOut
    case .cancelled: .cancelled
    case .skipped: .skipped
    case .pending, .queued, .running, .paused:
      preconditionFailure("\(self) is no end of a task")
    }
  }

  /// The state as the end of a sentence about a task.
  fileprivate var asEnd: String {
    switch self {
    case .completed: "completed"
    case .failed: "failed"
    case .timedOut: "timed out"
    case .cancelled: "was cancelled"
    case .skipped: "was skipped"
    case .pending, .queued, .running, .paused: "is \(self)"
    }
  }
}
