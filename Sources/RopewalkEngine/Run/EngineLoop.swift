// Knows how the engine's loop takes in what happens and acts on what follows. Unaware of how events are written.

import RopewalkCore
import RopewalkWire

/// What goes on where another engine has ended.
struct GoingOn {
  var resumed: RunResumed
  var conclusion: ScheduleReplay.Conclusion
  /// What the other engine has left under way.
  var open: [(AttemptKey, ScheduleReplay.OpenAttempt)]
}

/// The state of the loop. It lives in one task; nothing else sees it.
struct EngineLoop {
  let engine: Engine
  var schedule: Schedule
  var report: RunReport
  var failure: SystemError?
  var seq: Int
  let places: [TaskID: Int]
  var memory: AttemptMemory
  var controls: [AttemptKey: AttemptControl] = [:]
  var lines: [UInt8] = []
  var isPromise = false
  var acknowledgements: [CheckedContinuation<Void, Never>] = []
  var isOver = false
  /// Called when the actions at hand are carried out.
  var waiting: [@Sendable () -> Void] = []
  let begun: SuspendingClock.Instant
  /// How long engines before this one have worked on the run.
  let earlier: Duration

  /// - Parameter replay: a run whose own engine has ended; nil for one that begins.
  init(engine: Engine, replay: RunReplay? = nil) {
    self.engine = engine
    schedule =
      replay?.schedule.schedule
      ?? Schedule(
        plan: engine.plan, graph: engine.graph, choice: engine.choice, seed: engine.time.seed)
    report = replay?.report ?? RunReport()
    seq = report.lastSeq
    memory = replay?.memory ?? AttemptMemory(tasks: engine.plan.tasks.count)
    earlier = schedule.now
    places = Dictionary(
      uniqueKeysWithValues: engine.plan.tasks.enumerated().map { ($1.id, $0) })
    begun = SuspendingClock().now
  }

  mutating func carryOut(_ start: RunStart, _ group: inout DiscardingTaskGroup) async {
    record(.runStarted(start))
    lookAround()
    await carryOut(await hear() + schedule.start(), &group)
  }

  mutating func carryOut(_ going: GoingOn, _ group: inout DiscardingTaskGroup) async {
    lookAround()
    record(.runResumed(going.resumed))
    for action in going.conclusion.left { record(action) }
    if going.conclusion.isEnd { record(.cancelled(.requested)) }
    if let revived = going.conclusion.revived { record(.tasksRevived(revived)) }
    for action in going.conclusion.actions { record(action) }
    await write()
    for (key, open) in going.open { recover(key, open, &group) }
    for action in going.conclusion.actions { perform(action, [:], &group) }
    if !isOver { await carryOut(await hear(), &group) }
  }

  private mutating func carryOut(
    _ first: [Schedule.Action], _ group: inout DiscardingTaskGroup
  ) async {
    var actions = first
    while true {
      for action in actions { record(action) }
      await write()
      let starts = startGroups(actions)
      for action in actions { perform(action, starts, &group) }
      for call in waiting { call() }
      waiting = []
      if isOver { return }
      let inputs = await engine.inbox.next()
      lookAround()
      actions = await hear()
      for input in inputs { actions += take(input) }
    }
  }

  // MARK: - Taking in

  private mutating func take(_ input: EngineInput) -> [Schedule.Action] {
    schedule.now = now
    switch input {
    case .attemptStarting(let task, let attempt, let start, let written):
      record(.attemptStarted(start), task, attempt)
      if start.session != nil { schedule.takesUpSession(task, attempt: attempt) }
      acknowledgements.append(written)
      return []
    case .agent(let task, let attempt, let event):
      record(.agent(engine.secrets.mask(event)), task, attempt)
      guard case .usage(let usage) = event else { return [] }
      return schedule.used(
        task, attempt: attempt, tokens: usage.tokens, usd: usage.cost.known)
    case .verified(let task, let attempt, let verification):
      record(.verificationFinished(engine.secrets.mask(verification)), task, attempt)
      return []
    case .attemptEnded(let task, let attempt, let result):
      return attemptEnded(task, attempt, engine.secrets.mask(result))
    case .retryDue(let task, let step):
      return schedule.retryDue(task, step: step)
    case .agentAwake(let account, let turn): return schedule.agentAwake(account, turn: turn)
    case .lookAgain: return schedule.lookAgain()
    case .notShared(let problem):
      record(.errorOccurred(problem))
      return []
    case .wallTimeOver(let scope): return schedule.wallTimeOver(scope)
    case .budgetAnswered(let limit, let goOn): return schedule.answered(limit, goOn: goOn)
    case .retry(let tasks): return retry(tasks)
    case .cancel(let tasks, let reason):
      return cancel(tasks, reason)
    case .pause(let tasks, let drain):
      return schedule.pause(record(.paused(drain: drain), about: tasks), drain: drain)
    case .resume(let tasks): return schedule.resume(record(.resumed, about: tasks))
    case .resumeRun:
      record(.resumed)
      for held in schedule.heldTasks { record(.paused(drain: !held.isStopped), held.task) }
      return schedule.resumeRun()
    case .prioritise(let task, let priority):
      return record(.priorityChanged(priority), about: [task])?.flatMap {
        schedule.setPriority($0, priority)
      } ?? []
    case .carriedOut(let call):
      waiting.append(call)
      return []
    }
  }

  private mutating func attemptEnded(
    _ task: Int, _ attempt: Int, _ result: AttemptResult
  ) -> [Schedule.Action] {
    controls[AttemptKey(task: task, number: attempt)] = nil
    var result = result
    if result.cause == .cancelled, let excess = schedule.excess(of: task, attempt: attempt) {
      (result.cause, result.message) = (.overBudget, excess)
    }
    memory.ended(
      task, step: schedule.step(of: task, attempt: attempt)?.index, result,
      isInterruptedRepair: schedule.isInterruptedRepair(task, attempt: attempt, result))
    record(.attemptFinished(result), task, attempt)
    // Where an account is known, the schedule says for how long it sleeps.
    if result.cause == .rateLimited, schedule.account(of: task, attempt: attempt) == nil {
      record(
        .rateLimited(retryAfterSeconds: result.retryAfter?.seconds, until: nil), task, attempt)
    }
    return schedule.attemptEnded(task, attempt: attempt, result)
  }

  private mutating func cancel(
    _ tasks: [TaskID]?, _ reason: CancelReason
  ) -> [Schedule.Action] {
    schedule.cancel(record(.cancelled(reason), about: tasks), reason)
  }

  /// Records something about some tasks, or about the whole run, and says which tasks these are.
  private mutating func record(
    _ payload: RunEvent.Payload, about tasks: [TaskID]?
  ) -> [Int]? {
    guard let tasks else {
      record(payload)
      return nil
    }
    let wanted = tasks.compactMap { places[$0] }.sorted()
    for task in wanted { record(payload, task, nil) }
    return wanted
  }

  private mutating func retry(_ tasks: [TaskID]?) -> [Schedule.Action] {
    let revived = schedule.retriedTasks(tasks?.compactMap { places[$0] })
    guard !revived.isEmpty else { return [] }
    record(
      .tasksRevived(
        TasksRevived(tasks: revived.map { engine.plan.tasks[$0].id }, isFresh: true)))
    return schedule.revive(revived, isFresh: true)
  }

  // MARK: - Acting

  /// By task, the group of those that begin together.
  private func startGroups(_ actions: [Schedule.Action]) -> [Int: StartGroup] {
    var counts: [Int: Int] = [:]
    for action in actions {
      if case .startAttempt(let task, _, _) = action { counts[task, default: 0] += 1 }
    }
    return counts.compactMapValues { $0 > 1 ? StartGroup(count: $0) : nil }
  }

  private mutating func perform(
    _ action: Schedule.Action, _ starts: [Int: StartGroup], _ group: inout DiscardingTaskGroup
  ) {
    switch action {
    case .queue, .assign, .fallBack, .tell, .warn, .wait, .finish: break
    case .sleep(let news): fallAsleep(news, &group)
    case .limitOver(let account): wakeOthers(account)
    case .lookLater(let delay): sendLater(.lookAgain, after: delay, &group)
    case .startTimer(let scope, let delay):
      sendLater(.wallTimeOver(scope), after: delay, &group)
    case .limitReached(let excess, let reaction):
      if reaction == .asked { ask(excess, &group) }
    case .startAttempt(let task, let attempt, let purpose):
      startAttempt(task, attempt, purpose, starts[task]?.member(), &group)
    case .retryLater(let task, let step, _, let delay):
      sendLater(.retryDue(task, step: step), after: delay, &group)
    case .endAttempt(let task, let attempt, let reason):
      controls[AttemptKey(task: task, number: attempt)]?.cancel(reason)
    case .pauseAttempt(let task, let attempt):
      controls[AttemptKey(task: task, number: attempt)]?.pause()
    case .resumeAttempt(let task, let attempt):
      controls[AttemptKey(task: task, number: attempt)]?.resume()
    case .finishRun: isOver = true
    }
  }

  private func sendLater(
    _ input: EngineInput, after delay: Duration, _ group: inout DiscardingTaskGroup
  ) {
    let (inbox, clock) = (engine.inbox, engine.time.clock)
    group.addTask {
      do {
        try await clock.sleep(for: delay)
        inbox.send(input)
      } catch {
        // Only the end of the run cancels a timer, and then nothing is due.
      }
    }
  }

  private func ask(_ excess: BudgetExcess, _ group: inout DiscardingTaskGroup) {
    let question = BudgetQuestion(
      message: excess.message(taskName: taskName), hint: excess.hint)
    let (inbox, ask) = (engine.inbox, engine.ask)
    group.addTask {
      let goOn = await ask?(question) ?? false
      inbox.send(.budgetAnswered(excess.limit, goOn: goOn))
    }
  }

  private mutating func startAttempt(
    _ task: Int, _ attempt: Int, _ purpose: Schedule.Purpose, _ others: StartGroup.Member?,
    _ group: inout DiscardingTaskGroup
  ) {
    if failure != nil {
      others?.leave()
      let unsafe = AttemptResult(failed: .cancelled, CancelReason.storageFailed.text)
      engine.inbox.send(.attemptEnded(task, attempt: attempt, unsafe))
      return
    }
    var order = order(task, attempt, purpose)
    order.sessionUsage = memory.begun(task, step: order.index, purpose)
    order.startGroup = others
    carryOut(order, task, &group)
  }

  /// Takes over an attempt that the engine before this one has left under way.
  private mutating func recover(
    _ key: AttemptKey, _ open: ScheduleReplay.OpenAttempt, _ group: inout DiscardingTaskGroup
  ) {
    let purpose = open.start.purpose
    var order = order(key.task, key.number, purpose)
    order.sessionUsage = memory.begun(key.task, step: order.index, purpose)
    order.recovery = open
    carryOut(order, key.task, &group)
  }

  private func order(_ task: Int, _ attempt: Int, _ purpose: Schedule.Purpose) -> AttemptOrder {
    guard let (index, step) = schedule.step(of: task, attempt: attempt) else {
      preconditionFailure("attempt \(attempt) belongs to no step")
    }
    let planned = engine.plan.tasks[task]
    return AttemptOrder(
      task: planned, step: step, index: index, attempt: attempt, purpose: purpose,
      reason: schedule.reason(of: task, by: step.agent),
      needs: engine.graph.needs(of: task).map(needResult), mentioned: mentioned(in: planned),
      previous: memory.previous(task, step: index))
  }

  private mutating func carryOut(
    _ order: AttemptOrder, _ task: Int, _ group: inout DiscardingTaskGroup
  ) {
    let control = AttemptControl()
    controls[AttemptKey(task: task, number: order.attempt)] = control
    let (inbox, runner) = (engine.inbox, engine.runner)
    let reporter = InboxReporter(inbox: inbox, task: task, attempt: order.attempt)
    group.addTask {
      let result = await runner.run(order, control: control, reporter: reporter)
      order.startGroup?.leave()
      inbox.send(.attemptEnded(task, attempt: order.attempt, result))
    }
  }

  private func mentioned(in task: PlanTask) -> [TaskID: AttemptOrder.NeedResult] {
    var results: [TaskID: AttemptOrder.NeedResult] = [:]
    for prompt in task.prompts {
      for name in prompt.names {
        if let id = name.need, let need = places[id] { results[id] = needResult(need) }
      }
    }
    return results
  }

  /// The run's own time: that of all its engines.
  var now: Duration { earlier + (SuspendingClock().now - begun) }

  private func needResult(_ need: Int) -> AttemptOrder.NeedResult {
    let id = engine.plan.tasks[need].id
    let isDone = schedule.state(of: need) == .completed
    let latest = memory.latest(of: need)
    return AttemptOrder.NeedResult(
      id: id, commit: isDone ? latest?.commit : nil, output: latest?.text ?? "",
      branch: isDone ? report[id]?.branch : nil)
  }
}

extension PromptTemplate.Name {
  /// The task whose result the name stands for.
  fileprivate var need: TaskID? {
    switch self {
    case .needOutput(let id), .needBranch(let id): id
    case .taskID, .variable, .worktree, .run, .item: nil
    }
  }
}
