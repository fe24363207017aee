// Knows how a journal's events bring a schedule to where their run was. Unaware of files, and of what is done then.

/// Follows a journal: the same schedule that led the run is told what happened, and starts nothing.
///
/// What the schedule decides by itself (what an end means for the others, retries, the steps of strategies) it decides
/// again; what is in the journal only, because it depended on the moment (starts, who was chosen, ends that a person
/// wanted), is taken from there. Actions whose event is missing at the journal's end were not yet carried out.
package struct ScheduleReplay: Sendable {
  /// An attempt that has begun and whose end is not told.
  package struct OpenAttempt: Sendable {
    package var start: AttemptStart
    /// What its agent has said is in the journal already, so many events.
    package var toldEvents = 0
  }

  /// What a schedule has to know of the moment at which it goes on.
  package struct Moment: Sendable {
    package var host: HostReading?
    package var limits: [(account: AgentAccount, rest: Duration, strikes: Int)]

    package init(
      host: HostReading? = nil,
      limits: [(account: AgentAccount, rest: Duration, strikes: Int)] = []
    ) {
      self.host = host
      self.limits = limits
    }
  }

  /// What follows from a journal, in the order in which it is to be told.
  package struct Conclusion: Sendable {
    /// What was decided and is not in the journal.
    package var left: [Schedule.Action]
    /// Whether the whole run is cancelled.
    package var isEnd: Bool
    package var revived: TasksRevived?
    /// What is to be done now.
    package var actions: [Schedule.Action]
  }

  /// Why a journal cannot be followed: its events are whole, but they do not fit the plan.
  package struct Misfit: Error, CustomStringConvertible {
    package var seq: Int
    package var what: String

    package var description: String { "event \(seq) does not fit the run's plan: \(what)" }
  }

  package private(set) var schedule: Schedule
  package private(set) var open: [AttemptKey: OpenAttempt] = [:]
  private let places: [TaskID: Int]
  private var pending = PendingActions()
  /// Times that a budget allows and when they began, by the run's own time.
  private var timers: [(scope: BudgetScope, allowed: Duration, begun: Duration)] = []
  /// When the engine whose events are read began, and the run's own time then.
  private var session: (begun: Timestamp, at: Duration)?

  package init(plan: Plan, graph: TaskGraph, choice: AgentChoice?, seed: UInt64) {
    schedule = Schedule(plan: plan, graph: graph, choice: choice, seed: seed)
    schedule.isReplaying = true
    places = Dictionary(
      plan.tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Takes note of an event that will be applied; all of them, before the first is.
  package mutating func foresee(_ event: RunEvent) { schedule.foreseen.note(event, places) }

  /// Takes in the next event.
  ///
  /// - Throws: `Misfit`; nothing more may be applied then.
  package mutating func apply(_ event: RunEvent) throws(Misfit) {
    passTime(to: event)
    schedule.foreseen.pass(event, places)
    switch event.payload {
    case .runStarted: take(schedule.start())
    case .runResumed: schedule.forgetCancellation()
    case .cancelled(let reason) where event.subject.attempt == nil:
      var tasks: [Int]?
      if let task = event.subject.task { tasks = [try place(task, event)] }
      take(schedule.cancel(tasks, reason))
    case .tasksRevived(let revived):
      var tasks: [Int] = []
      for task in revived.tasks { tasks.append(try place(task, event)) }
      take(schedule.revive(tasks, isFresh: revived.isFresh))
    default:
      if let task = event.subject.task { try apply(event, to: try place(task, event)) }
    }
  }

  private mutating func apply(_ event: RunEvent, to task: Int) throws(Misfit) {
    if let attempt = event.subject.attempt {
      try apply(event, to: AttemptKey(task: task, number: attempt))
    }
    switch event.payload {
    case .taskFinished(let end):
      if !pending.isDone(task, event.kind) { take(schedule.end(task, as: end)) }
    case .agentAssigned(let assigned): schedule.assign(task, assigned)
    case .fallback(let fallback):
      if !pending.isDone(task, event.kind) { schedule.fallBack(task, fallback) }
    default: _ = pending.isDone(task, event.kind)
    }
  }

  private mutating func apply(_ event: RunEvent, to key: AttemptKey) throws(Misfit) {
    switch event.payload {
    case .attemptStarted(let start):
      guard let actions = schedule.begin(key, start) else {
        throw misfit(event, "no step \(start.step?.index ?? 0) waits for attempt \(key.number)")
      }
      take(actions)
      if start.session != nil { schedule.takesUpSession(key.task, attempt: key.number) }
      open[key] = OpenAttempt(start: start)
    case .attemptFinished(let result):
      if open.removeValue(forKey: key) == nil {
        // An attempt that could not even be announced ends without having begun.
        guard let actions = schedule.beginUnannounced(key) else {
          throw misfit(event, "attempt \(key.number) has not begun")
        }
        take(actions)
      }
      take(schedule.attemptEnded(key.task, attempt: key.number, result))
    default:
      if AgentEvent.kinds.contains(event.kind) { open[key]?.toldEvents += 1 }
    }
  }

  /// Lets the schedule go on from here.
  ///
  /// - Parameters:
  ///   - wanted: what is taken up again of what has ended.
  ///   - moment: how the machine and the user's accounts stand.
  package mutating func finish(reviving wanted: Revival, _ moment: Moment = Moment())
    -> Conclusion
  {
    var left = pending.left
    for key in open.keys { schedule.hold(key) }
    var timers: [Schedule.Action] = []
    for timer in self.timers {
      let rest = timer.allowed - (schedule.now - timer.begun)
      timers.append(.startTimer(timer.scope, after: max(.zero, rest)))
    }
    // Who sleeps is in the user's book, by the time of day.
    schedule.sleep = AgentSleep()
    schedule.host = moment.host
    var limits: [Schedule.Action] = []
    for limit in moment.limits {
      limits += schedule.agentLimited(limit.account, for: limit.rest, strikes: limit.strikes)
    }
    schedule.isReplaying = false
    schedule.foreseen = ForeseenStarts()
    schedule.forgetCancellation()
    schedule.insertWaiting(&left)
    let revived = wanted.tasks(schedule)
    var actions = timers + limits
    for key in open.keys.sorted() { actions += schedule.endUnwanted(key) }
    // A run of which nothing is left is not cancelled: it only was not told that it is over.
    let isEnd = wanted == .end && schedule.hasUnfinishedTasks
    if isEnd {
      actions += schedule.cancel(nil, .requested)
    } else {
      actions += schedule.revive(revived, isFresh: wanted.isFresh)
    }
    let ids = revived.map { schedule.tasks[$0].id }
    return Conclusion(
      left: left, isEnd: isEnd,
      revived: ids.isEmpty ? nil : TasksRevived(tasks: ids, isFresh: wanted.isFresh),
      actions: actions)
  }

  // MARK: - Time

  /// The run's own time stands still while no engine works on it.
  private mutating func passTime(to event: RunEvent) {
    switch event.payload {
    case .runStarted, .runResumed: session = (event.time, schedule.now)
    default: break
    }
    guard let session else { return }
    // A clock that was set back makes no time pass.
    let passed = Duration.milliseconds(event.time.milliseconds - session.begun.milliseconds)
    schedule.now = max(schedule.now, session.at + passed)
  }

  // MARK: - Bookkeeping

  private mutating func take(_ actions: [Schedule.Action]) {
    for action in actions {
      if case .startTimer(let scope, let allowed) = action {
        timers.append((scope, allowed, schedule.now))
      } else {
        pending.add(action)
      }
    }
  }

  private func place(_ task: TaskID, _ event: RunEvent) throws(Misfit) -> Int {
    guard let place = places[task] else {
      throw misfit(event, "the plan has no task `\(task)`")
    }
    return place
  }

  private func misfit(_ event: RunEvent, _ what: String) -> Misfit {
    Misfit(seq: event.seq, what: what)
  }
}

/// What of a run that has ended is taken up again.
package enum Revival: Sendable, Equatable {
  /// Nothing: what has not ended is cancelled.
  case end
  /// What ended because the run did.
  case interrupted
  /// These, or all that failed; and what was skipped because of them.
  case retry([Int]?)

  var isFresh: Bool {
    if case .retry = self { true } else { false }
  }

  /// The tasks of a schedule that this takes up.
  package func tasks(_ schedule: Schedule) -> [Int] {
    switch self {
    case .end: []
    case .interrupted: schedule.interruptedTasks
    case .retry(let tasks): schedule.retriedTasks(tasks)
    }
  }
}

/// What a schedule has decided and whose event has not been seen yet.
private struct PendingActions: Sendable {
  private struct Key: Hashable {
    var task: Int
    var kind: String
  }

  private var actions: [Schedule.Action?] = []
  private var places: [Key: [Int]] = [:]

  mutating func add(_ action: Schedule.Action) {
    guard let (task, kind) = action.event else { return }
    places[Key(task: task, kind: kind), default: []].append(actions.count)
    actions.append(action)
  }

  /// Crosses out the first of that kind; false when nothing of it was decided.
  mutating func isDone(_ task: Int, _ kind: String) -> Bool {
    let key = Key(task: task, kind: kind)
    guard let first = places[key]?.first else { return false }
    places[key]?.removeFirst()
    actions[first] = nil
    return true
  }

  var left: [Schedule.Action] { actions.compactMap(\.self) }
}

extension Schedule.Action {
  /// The task and the kind of the event that tells of it; nil where none has to be told again.
  fileprivate var event: (task: Int, kind: String)? {
    switch self {
    case .queue(let task): (task, "taskQueued")
    case .fallBack(let task, _): (task, "fallback")
    case .tell(let task, .proposal): (task, "proposalMade")
    case .tell(let task, .round): (task, "debateRound")
    case .tell(let task, .decision): (task, "decisionMade")
    case .finish(let task, _): (task, "taskFinished")
    case .assign, .startAttempt, .endAttempt, .pauseAttempt, .resumeAttempt, .retryLater, .sleep,
      .limitOver, .wait,
      .lookLater, .startTimer, .warn, .limitReached,
      .finishRun:
      nil
    }
  }
}

extension Schedule {
  // MARK: - What only the journal knows

  /// An attempt has begun; nil when no step can have begun it.
  mutating func begin(_ key: AttemptKey, _ start: AttemptStart) -> [Action]? {
    let (task, step) = (key.task, start.step?.index ?? 0)
    guard progress[task].steps.indices.contains(step), !progress[task].steps[step].isLive else {
      return nil
    }
    if start.isRepair {
      progress[task].steps[step].isRepairDue = false
    } else {
      progress[task].steps[step].tries += 1
    }
    if progress[task].state == .queued { move(task, .started) }
    progress[task].attempts = max(progress[task].attempts, key.number - 1)
    progress[task].steps[step].nextAttempt = key.number
    var actions: [Action] = []
    self.start(task, step, start.isRepair ? .repair : .attempt, &actions)
    progress[task].attempts = max(progress[task].attempts, key.number)
    return actions.filter {
      if case .startTimer = $0 { true } else { false }
    }
  }

  /// An attempt whose end alone is told belongs to the first step that waits.
  mutating func beginUnannounced(_ key: AttemptKey) -> [Action]? {
    guard
      let step = progress[key.task].steps.firstIndex(where: { !$0.isLive && !$0.isDone })
    else { return nil }
    let state = progress[key.task].steps[step]
    let start = AttemptStart(
      folder: "", worktree: nil, start: nil, program: "", isRepair: state.isRepairDue,
      step: StepInfo(
        index: step, role: state.step.role, member: state.step.member, round: state.step.round))
    return begin(key, start)
  }

  mutating func assign(_ task: Int, _ assigned: AgentAssigned) {
    guard !progress[task].steps.isEmpty,
      let agent = plan.agents.first(where: { $0.name == assigned.agent })
    else { return }
    progress[task].steps[0].step.work = .agent(agent)
    progress[task].chosen = (assigned.agent, assigned.runner, assigned.because)
  }

  /// Another agent took over at the start of a step, since its own was missing.
  mutating func fallBack(_ task: Int, _ fallback: Fallback) {
    let found = progress[task].steps.indices.first { index in
      let step = progress[task].steps[index]
      return !step.isDone && !step.isLive && step.step.agent?.name == fallback.fromAgent
        && step.step.agent?.runner == fallback.fromRunner
    }
    guard let step = found, let agent = progress[task].steps[step].step.agent else { return }
    var actions: [Action] = []
    _ = fallBack(task, step, agent, because: fallback.because, &actions)
  }

  /// A task has ended for a reason that the journal alone knows.
  mutating func end(_ task: Int, as end: TaskEnd) -> [Action] {
    guard !progress[task].state.isFinal else {
      // What was told counts.
      progress[task].state = end.state
      return []
    }
    var actions: [Action] = []
    if progress[task].state == .queued, TaskState.queued.after(end.state.transition) == nil {
      move(task, .started)
    }
    guard progress[task].state.after(end.state.transition) != nil else { return [] }
    finish(task, end, &actions)
    // This very end has been told.
    return actions.filter {
      if case .finish(task, _) = $0 { false } else { true }
    }
  }

  // MARK: - Going on

  var hasUnfinishedTasks: Bool { progress.contains { !$0.state.isFinal } }

  /// An attempt that runs already sets aside what it may use.
  mutating func hold(_ key: AttemptKey) {
    guard let step = progress[key.task].step(ofAttempt: key.number),
      let agent = progress[key.task].steps[step].step.agent
    else { return }
    budgets.ledger?.hold(key, agent: agent.name)
  }

  /// Who wanted the end of a run is gone with its engine; who wanted that of one task meant just that.
  mutating func forgetCancellation() {
    cancelReason = nil
    for task in tasks.indices
    where !progress[task].state.isFinal && !progress[task].isCancelledAlone {
      progress[task].cancelReason = nil
      progress[task].cancelEnd = nil
    }
  }

  /// Lets everything that could start wait for a slot.
  mutating func insertWaiting(_ actions: inout [Action]) {
    for task in tasks.indices
    where progress[task].state == .queued || progress[task].state == .running {
      if progress[task].cancelReason == nil {
        insertOpenSteps(task)
      } else if let end = progress[task].cancelEnd, progress[task].live == 0 {
        finish(task, end, &actions)
      }
    }
  }

  /// Asks again for the end of an attempt that nobody wants any more.
  func endUnwanted(_ key: AttemptKey) -> [Action] {
    guard let step = progress[key.task].step(ofAttempt: key.number) else { return [] }
    if let reason = progress[key.task].cancelReason {
      return [.endAttempt(key.task, attempt: key.number, reason)]
    }
    return progress[key.task].steps[step].isUnwanted
      ? [.endAttempt(key.task, attempt: key.number, .memberFailed)] : []
  }
}
