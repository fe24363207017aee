// Knows which task starts when, and what a task's end means for the others.
// Unaware of processes, worktrees, files and clocks.

/// The plan's progress as a value: what happened goes in, what is to be done comes out.
///
/// It is synchronous and complete: every action that an input leads to is returned by it, in the
/// order in which the engine must carry them out. Tasks are indices into the plan.
package struct Schedule: Sendable {
  /// What the engine has to do next.
  package enum Action: Sendable, Equatable {
    /// The task could start now and waits for a slot.
    case queue(Int)
    /// Start this try of the task; attempts count from 1 and never repeat within a run.
    case startAttempt(Int, attempt: Int, Purpose)
    /// Call `retryDue` after the delay.
    case retryLater(Int, attempt: Int, after: Duration)
    /// End the task's attempt; its end is reported by `attemptEnded` as ever.
    case endAttempt(Int, CancelReason)
    /// The task has reached a final state.
    case finish(Int, TaskState, because: String?)
    /// Every task has reached a final state.
    case finishRun(RunState)
  }

  /// What an attempt is for.
  package enum Purpose: Sendable, Equatable {
    /// A try from the task's starting tree.
    case attempt
    /// The verification refused what the attempt before made; the same worktree goes on.
    case repair
  }

  /// What the schedule needs to know of how an attempt ended.
  package enum AttemptEnd: Sendable, Equatable {
    case succeeded
    /// - retryAfter: the pause that the provider asked for.
    case failed(FailureCause, retryAfter: Duration?)
  }

  private struct Progress {
    var state = TaskState.pending
    /// Attempts started, repairs included.
    var attempts = 0
    /// Tries that count against the retry policy.
    var tries = 0
    var repairs = 0
    var openNeeds = 0
    /// A need of it that did not complete.
    var badNeed: Int?
    var cancelReason: CancelReason?
    /// Whether its attempt really runs, so that its end will be reported.
    var isLive = false
  }

  private struct Lane {
    var limit: Int
    var live = 0
    var ready: ReadyQueue
  }

  private let graph: TaskGraph
  private let tasks: [PlanTask]
  private let concurrency: Int
  private var progress: [Progress]
  /// One lane for each agent that carries only so many tasks at a time, and the first for the rest.
  private var lanes: [Lane]
  private let laneOfTask: [Int]
  private var random: SplitMix64
  private var live = 0
  private var unfinished: Int
  private var haltedBy: Int?
  private var cancelReason: CancelReason?

  /// - Parameter seed: for the jitter of retry delays.
  package init(plan: Plan, graph: TaskGraph, seed: UInt64) {
    self.graph = graph
    tasks = plan.tasks
    concurrency = plan.strategy == .single ? 1 : plan.concurrency
    progress = plan.tasks.indices.map { task in
      var progress = Progress()
      progress.openNeeds = graph.needs(of: task).count
      return progress
    }
    let priorities = plan.tasks.map(\.priority)
    let limited = plan.agents.filter { $0.maxTasks != nil }
    lanes = ([Int.max] + limited.compactMap(\.maxTasks)).map {
      Lane(limit: $0, ready: ReadyQueue(priorities: priorities))
    }
    let laneOfAgent = Dictionary(
      limited.enumerated().map { ($1.name, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    laneOfTask = plan.tasks.map { $0.agentName.flatMap { laneOfAgent[$0] } ?? 0 }
    unfinished = plan.tasks.count
    random = SplitMix64(state: seed)
  }

  package func state(of task: Int) -> TaskState { progress[task].state }

  /// The number of attempts that the task has had so far.
  package func attempts(of task: Int) -> Int { progress[task].attempts }

  // MARK: - Inputs

  /// The run begins.
  package mutating func start() -> [Action] {
    var actions: [Action] = []
    for task in tasks.indices where progress[task].openNeeds == 0 { queue(task, &actions) }
    return fill(actions)
  }

  /// An attempt that was started has ended and nothing of it is left running.
  package mutating func attemptEnded(_ task: Int, _ end: AttemptEnd) -> [Action] {
    var actions: [Action] = []
    live -= 1
    lanes[laneOfTask[task]].live -= 1
    progress[task].isLive = false
    switch end {
    case .succeeded:
      finish(task, .completed, because: nil, &actions)
    case .failed(let cause, let retryAfter):
      if let reason = progress[task].cancelReason {
        finish(task, .cancelled, because: reason.text, &actions)
      } else if cause == .rejected, haltedBy == nil, progress[task].repairs < tasks[task].repair {
        progress[task].repairs += 1
        start(task, .repair, &actions)
      } else if mayRetry(task, cause) {
        move(task, .retried)
        let delay = max(delayBeforeRetry(task), retryAfter ?? .zero)
        actions.append(
          .retryLater(task, attempt: progress[task].attempts + 1, after: delay))
      } else {
        let timedOut = cause == .timedOut || cause == .idle
        finish(task, timedOut ? .timedOut : .failed, because: nil, &actions)
      }
    }
    return fill(actions)
  }

  /// The pause before the task's next attempt is over.
  package mutating func retryDue(_ task: Int) -> [Action] {
    guard progress[task].state == .queued, !progress[task].isLive else { return [] }
    lanes[laneOfTask[task]].ready.insert(task)
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
      if progress[task].isLive {
        actions.append(.endAttempt(task, reason))
      } else if wanted == nil {
        // All of them end, so nobody is left to be skipped because of this one.
        settle(task, .cancelled, because: reason.text, &actions)
      } else {
        finish(task, .cancelled, because: reason.text, &actions)
      }
    }
    return fill(actions)
  }

  // MARK: - Decisions

  /// Gives free slots to the most urgent tasks and says when the run is over.
  private mutating func fill(_ actions: [Action]) -> [Action] {
    var actions = actions
    while live < concurrency, let task = takeReady() {
      // A task may have been cancelled or skipped while it waited.
      guard progress[task].state == .queued else { continue }
      progress[task].tries += 1
      move(task, .started)
      start(task, .attempt, &actions)
    }
    if unfinished == 0, live == 0 {
      unfinished = -1
      actions.append(.finishRun(runState))
    }
    return actions
  }

  /// The most urgent task among the first of every lane that has room.
  private mutating func takeReady() -> Int? {
    var best: (task: Int, lane: Int)?
    for (index, lane) in lanes.enumerated() where lane.live < lane.limit {
      guard let task = lane.ready.first else { continue }
      if let known = best, !lane.ready.comes(task, before: known.task) { continue }
      best = (task, index)
    }
    guard let best else { return nil }
    return lanes[best.lane].ready.removeFirst()
  }

  private var runState: RunState {
    if cancelReason != nil { return .cancelled }
    return progress.allSatisfy { $0.state == .completed } ? .completed : .failed
  }

  private mutating func start(_ task: Int, _ purpose: Purpose, _ actions: inout [Action]) {
    live += 1
    lanes[laneOfTask[task]].live += 1
    progress[task].isLive = true
    progress[task].attempts += 1
    actions.append(.startAttempt(task, attempt: progress[task].attempts, purpose))
  }

  private mutating func queue(_ task: Int, _ actions: inout [Action]) {
    move(task, .needsEnded)
    actions.append(.queue(task))
    lanes[laneOfTask[task]].ready.insert(task)
  }

  private func mayRetry(_ task: Int, _ cause: FailureCause) -> Bool {
    cause.isRetryable && haltedBy == nil && progress[task].tries < tasks[task].allowedTries
  }

  private mutating func delayBeforeRetry(_ task: Int) -> Duration {
    tasks[task].retry.delay(
      beforeRetry: progress[task].tries, random: Double.random(in: 0..<1, using: &random))
  }

  /// Ends a task, and with it all that now cannot run; without recursion, for chains of any length.
  private mutating func finish(
    _ task: Int, _ state: TaskState, because: String?, _ actions: inout [Action]
  ) {
    settle(task, state, because: because, &actions)
    var ended = [task]
    while let need = ended.popLast() {
      let isGood = progress[need].state == .completed
      for dependent in graph.dependents(of: need) where !progress[dependent].state.isFinal {
        progress[dependent].openNeeds -= 1
        if !isGood, progress[dependent].badNeed == nil { progress[dependent].badNeed = need }
        if let skipped = decide(dependent, &actions) { ended.append(skipped) }
      }
    }
    if state == .failed || state == .timedOut, tasks[task].onError == .halt, haltedBy == nil {
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
        task, .skipped, because: "its need `\(tasks[need].id)` \(state.asEnd)", &actions)
      return task
    }
    if progress[task].openNeeds == 0 { queue(task, &actions) }
    return nil
  }

  private mutating func halt(by task: Int, _ actions: inout [Action]) {
    haltedBy = task
    let because = "the run was halted when `\(tasks[task].id)` \(progress[task].state.asEnd)"
    for other in tasks.indices
    where !progress[other].state.isFinal && !progress[other].isLive
      && tasks[other].when != .always
    {
      settle(other, .skipped, because: because, &actions)
    }
    // What must run always still does, once all of its needs have ended.
    for other in tasks.indices where progress[other].state == .pending {
      progress[other].openNeeds =
        graph.needs(of: other).count { !progress[$0].state.isFinal }
      _ = decide(other, &actions)
    }
  }

  private mutating func settle(
    _ task: Int, _ state: TaskState, because: String?, _ actions: inout [Action]
  ) {
    move(task, state.transition)
    unfinished -= 1
    actions.append(.finish(task, state, because: because))
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
