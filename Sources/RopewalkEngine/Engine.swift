// Knows how a run goes: takes what happens in the one order there is, writes it down, acts on it.
// Unaware of processes, git and terminals: attempts are carried out by an `AttemptRunner`.

import RopewalkCore
import RopewalkWire

/// The engine: one loop.
///
/// 1. Take all that has arrived.
/// 2. Fold it into the schedule and the report; number the events that come of it.
/// 3. Write them to the journal, to the disk when one of them is a promise.
/// 4. Only then do what the schedule asked for, and tell the observers.
///
/// While step 3 waits for the disk more arrives, so a slow disk makes larger batches, not a longer
/// queue of syncs.
package struct Engine: Sendable {
  package let run: RunID
  package let plan: Plan
  package let graph: TaskGraph
  package let runner: any AttemptRunner
  package let journal: JournalWriter
  package let inbox: Inbox<EngineInput>
  package let time: EngineTime
  /// Hidden in everything that an attempt reports before anybody sees it.
  package let secrets: SecretMask
  /// Who does what names no agent, and who takes over from whom.
  package let choice: AgentChoice?
  /// Asks a person whether the run goes on without a limit that is reached; returns early when cancelled. Nil where
  /// nobody can be asked, and then the answer is no.
  package let ask: (@Sendable (BudgetQuestion) async -> Bool)?
  /// Called after each write to the journal, from the loop: must not block.
  package let wrote: @Sendable () -> Void

  package init(
    run: RunID, plan: Plan, graph: TaskGraph, runner: any AttemptRunner, journal: JournalWriter,
    inbox: Inbox<EngineInput>, time: EngineTime,
    secrets: SecretMask = SecretMask(environments: []), choice: AgentChoice? = nil,
    ask: (@Sendable (BudgetQuestion) async -> Bool)? = nil, wrote: @escaping @Sendable () -> Void
  ) {
    self.run = run
    self.plan = plan
    self.graph = graph
    self.runner = runner
    self.journal = journal
    self.inbox = inbox
    self.time = time
    self.secrets = secrets
    self.choice = choice
    self.ask = ask
    self.wrote = wrote
  }

  /// Carries the plan out. Returns when every task is in a final state and no attempt runs.
  ///
  /// It is ended early through the inbox, not by cancelling the caller.
  ///
  /// - Throws: `SystemError` when the journal could not be written; every attempt is ended then.
  package func carryOut(_ start: RunStart) async throws(SystemError) -> RunReport {
    var loop = EngineLoop(engine: self)
    let failure = await withDiscardingTaskGroup { group in
      await loop.carryOut(start, &group)
      // Timers of retries that nobody waits for any more.
      group.cancelAll()
      return loop.failure
    }
    if let failure { throw failure }
    return loop.report
  }
}

/// What a person is asked when a budget is reached.
package struct BudgetQuestion: Sendable, Equatable {
  /// "the plan's budget of $20 is used up: $19.40 used".
  package var message: String
  package var hint: String
}

/// The state of the loop. It lives in one task; nothing else sees it.
private struct EngineLoop {
  let engine: Engine
  var schedule: Schedule
  var report = RunReport()
  var failure: SystemError?
  private var seq = 0
  private let places: [TaskID: Int]
  /// How each task's latest attempt ended.
  private var results: [AttemptResult?]
  /// How the latest attempt of each step ended, for the next.
  private var stepResults: [StepKey: AttemptResult] = [:]
  private var controls: [AttemptKey: AttemptControl] = [:]
  /// What a step's session has used so far; begins anew with each try.
  private var sessions: [StepKey: AttemptResult.Usage] = [:]
  private var lines: [UInt8] = []
  private var isPromise = false
  private var acknowledgements: [CheckedContinuation<Void, Never>] = []
  private var isOver = false
  private let begun: SuspendingClock.Instant

  init(engine: Engine) {
    self.engine = engine
    schedule = Schedule(
      plan: engine.plan, graph: engine.graph, choice: engine.choice, seed: engine.time.seed)
    results = Array(repeating: nil, count: engine.plan.tasks.count)
    places = Dictionary(
      uniqueKeysWithValues: engine.plan.tasks.enumerated().map { ($1.id, $0) })
    begun = SuspendingClock().now
  }

  mutating func carryOut(_ start: RunStart, _ group: inout DiscardingTaskGroup) async {
    record(.runStarted(start))
    var actions = schedule.start()
    while true {
      for action in actions { record(action) }
      await write()
      for action in actions { perform(action, &group) }
      if isOver { return }
      actions = []
      for input in await engine.inbox.next() { actions += take(input) }
    }
  }

  // MARK: - Taking in

  private mutating func take(_ input: EngineInput) -> [Schedule.Action] {
    schedule.now = SuspendingClock().now - begun
    switch input {
    case .attemptStarting(let task, let attempt, let start, let written):
      record(.attemptStarted(start), task, attempt)
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
    case .wallTimeOver(let scope): return schedule.wallTimeOver(scope)
    case .budgetAnswered(let limit, let goOn): return schedule.answered(limit, goOn: goOn)
    case .cancel(let tasks, let reason):
      return cancel(tasks, reason)
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
    results[task] = result
    if let step = schedule.step(of: task, attempt: attempt)?.index {
      stepResults[StepKey(task: task, step: step)] = result
    }
    record(.attemptFinished(result), task, attempt)
    if result.cause == .rateLimited {
      record(.rateLimited(retryAfterSeconds: result.retryAfter?.seconds), task, attempt)
    }
    return schedule.attemptEnded(task, attempt: attempt, result)
  }

  private mutating func cancel(
    _ tasks: [TaskID]?, _ reason: CancelReason
  ) -> [Schedule.Action] {
    guard let tasks else {
      record(.cancelled(reason))
      return schedule.cancel(nil, reason)
    }
    let wanted = engine.plan.tasks.indices.filter { tasks.contains(engine.plan.tasks[$0].id) }
    for task in wanted { record(.cancelled(reason), task, nil) }
    return schedule.cancel(wanted, reason)
  }

  // MARK: - Writing down

  private mutating func record(
    _ payload: RunEvent.Payload, _ task: Int? = nil, _ attempt: Int? = nil,
    at time: Timestamp? = nil
  ) {
    seq += 1
    let event = RunEvent(
      seq: seq, time: time ?? engine.time.now(), run: engine.run,
      subject: task.map { subject($0, attempt) } ?? RunEvent.Subject(), payload: payload)
    report.apply(event)
    if failure == nil { lines += JournalLine.encode(event) }
    isPromise = isPromise || event.isPromise
  }

  /// Whom an event is about: the attempt's own agent where there is one, else the task's.
  private func subject(_ task: Int, _ attempt: Int?) -> RunEvent.Subject {
    let planned = engine.plan.tasks[task]
    var subject = RunEvent.Subject(
      task: planned.id, attempt: attempt, agent: planned.agentName,
      runner: planned.isAssigned ? planned.runnerName : nil)
    guard let attempt, let step = schedule.step(of: task, attempt: attempt)?.step else {
      return subject
    }
    guard let agent = step.agent else {
      // Nobody is asked.
      (subject.agent, subject.runner) = (nil, nil)
      return subject
    }
    // A task that names a runner has no agent of the plan.
    let namesRunner = planned.isAssigned && planned.agentName == nil
    subject.agent = namesRunner && planned.strategy == .single ? nil : agent.name
    subject.runner = agent.runner
    return subject
  }

  /// The events that an action leads to; they are on disk before the action is carried out.
  private mutating func record(_ action: Schedule.Action) {
    switch action {
    case .queue(let task): record(.taskQueued, task)
    case .startAttempt(let task, let attempt, _):
      if attempt == 1 { record(.taskStarted, task) }
    case .assign(let task, let assignment): record(.agentAssigned(AgentAssigned(assignment)), task)
    case .fallBack(let task, let news):
      var fallback = Fallback(news)
      fallback.because = engine.secrets.mask(fallback.because)
      record(.fallback(fallback), task)
    case .startTimer: break
    case .warn(let notice): record(.budgetWarned(BudgetNews(notice, taskName: taskName)))
    case .limitReached(let excess, let reaction):
      record(.budgetExceeded(BudgetNews(excess, reaction, taskName: taskName)))
    case .retryLater(let task, _, let attempt, let delay):
      record(.attemptRetried(afterSeconds: delay.seconds), task, attempt)
    case .endAttempt(let task, let attempt, let reason): record(.cancelled(reason), task, attempt)
    case .tell(let task, .proposal(let member, let round, let text)):
      record(
        .proposalMade(member: member, round: round, text: engine.secrets.mask(text)), task)
    case .tell(let task, .round(let round, let rounds)):
      record(.debateRound(round, of: rounds), task)
    case .tell(let task, .decision(let decision)): record(.decisionMade(decision), task)
    case .finish(let task, let end):
      record(.taskFinished(end), task)
      forget(task)
    case .finishRun(let state):
      let seconds = (SuspendingClock().now - begun).seconds
      let now = engine.time.now()
      // The status inside the last event is that of the run as this very event leaves it.
      var ended = report
      ended.apply(
        RunEvent(
          seq: seq + 1, time: now, run: engine.run,
          payload: .runFinished(state, seconds: seconds, status: .null)))
      record(.runFinished(state, seconds: seconds, status: ended.json), at: now)
    }
  }

  private func taskName(_ task: Int) -> String { engine.plan.tasks[task].id.text }

  private mutating func write() async {
    if failure == nil, !lines.isEmpty {
      let (bytes, durable) = (lines, isPromise)
      do throws(SystemError) {
        try await engine.journal.commit(bytes, durable: durable)
      } catch {
        storageFailed(error)
      }
    }
    lines = []
    isPromise = false
    for acknowledgement in acknowledgements { acknowledgement.resume() }
    acknowledgements = []
    engine.wrote()
  }

  /// What is not on disk must not be acted upon: the run ends here, its attempts with it.
  private mutating func storageFailed(_ error: SystemError) {
    failure = error
    engine.inbox.send(.cancel(nil, .storageFailed))
  }

  // MARK: - Acting

  private mutating func perform(_ action: Schedule.Action, _ group: inout DiscardingTaskGroup) {
    switch action {
    case .queue, .assign, .fallBack, .tell, .warn, .finish: break
    case .startTimer(let scope, let delay):
      sendLater(.wallTimeOver(scope), after: delay, &group)
    case .limitReached(let excess, let reaction):
      if reaction == .asked { ask(excess, &group) }
    case .startAttempt(let task, let attempt, let purpose):
      startAttempt(task, attempt, purpose, &group)
    case .retryLater(let task, let step, _, let delay):
      sendLater(.retryDue(task, step: step), after: delay, &group)
    case .endAttempt(let task, let attempt, let reason):
      controls[AttemptKey(task: task, number: attempt)]?.cancel(reason)
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
    _ task: Int, _ attempt: Int, _ purpose: Schedule.Purpose, _ group: inout DiscardingTaskGroup
  ) {
    let (inbox, runner) = (engine.inbox, engine.runner)
    if failure != nil {
      let unsafe = AttemptResult(failed: .cancelled, CancelReason.storageFailed.text)
      inbox.send(.attemptEnded(task, attempt: attempt, unsafe))
      return
    }
    guard let (index, step) = schedule.step(of: task, attempt: attempt) else {
      preconditionFailure("attempt \(attempt) belongs to no step")
    }
    let control = AttemptControl()
    controls[AttemptKey(task: task, number: attempt)] = control
    let planned = engine.plan.tasks[task]
    let key = StepKey(task: task, step: index)
    let order = AttemptOrder(
      task: planned, step: step,
      info: planned.strategy == .single
        ? nil
        : StepInfo(index: index, role: step.role, member: step.member, round: step.round),
      attempt: attempt, purpose: purpose, reason: schedule.reason(of: task, by: step.agent),
      needs: engine.graph.needs(of: task).map(needResult),
      mentioned: mentioned(in: planned),
      previous: stepResults[key], sessionUsage: sessionUsage(key, purpose))
    let reporter = InboxReporter(inbox: inbox, task: task, attempt: attempt)
    group.addTask {
      let result = await runner.run(order, control: control, reporter: reporter)
      inbox.send(.attemptEnded(task, attempt: attempt, result))
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

  /// Drops what was kept for further attempts of a task.
  private mutating func forget(_ task: Int) {
    stepResults = stepResults.filter { $0.key.task != task }
    sessions = sessions.filter { $0.key.task != task }
  }

  private mutating func sessionUsage(
    _ key: StepKey, _ purpose: Schedule.Purpose
  ) -> AttemptResult.Usage? {
    guard purpose == .repair, let last = stepResults[key]?.sessionUsage else {
      sessions[key] = nil
      return nil
    }
    sessions[key] = sessions[key].map { $0.adding(last) } ?? last
    return sessions[key]
  }

  private func needResult(_ need: Int) -> AttemptOrder.NeedResult {
    let id = engine.plan.tasks[need].id
    let isDone = schedule.state(of: need) == .completed
    return AttemptOrder.NeedResult(
      id: id, commit: isDone ? results[need]?.commit : nil, output: results[need]?.text ?? "",
      branch: isDone ? report[id]?.branch : nil)
  }
}

/// A step within the run.
private struct StepKey: Hashable {
  var task: Int
  var step: Int
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
