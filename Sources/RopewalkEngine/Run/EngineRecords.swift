// Knows how what happens in the engine's loop becomes events in the journal. Unaware of what follows from them.

import RopewalkCore
import RopewalkWire

extension EngineLoop {
  mutating func record(
    _ payload: RunEvent.Payload, _ task: Int? = nil, _ attempt: Int? = nil,
    at time: Timestamp? = nil
  ) {
    record(
      payload, subject: task.map { subject($0, attempt) } ?? RunEvent.Subject(), at: time)
  }

  mutating func record(
    _ payload: RunEvent.Payload, subject: RunEvent.Subject, at time: Timestamp? = nil
  ) {
    seq += 1
    let event = RunEvent(
      seq: seq, time: time ?? engine.time.now(), run: engine.run, subject: subject,
      payload: payload)
    report.apply(event)
    if failure == nil { lines += JournalLine.encode(event) }
    isPromise = isPromise || event.isPromise
  }

  /// Whom an event is about: the attempt's own agent where there is one, else the task's.
  func subject(_ task: Int, _ attempt: Int?) -> RunEvent.Subject {
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
  mutating func record(_ action: Schedule.Action) {
    switch action {
    case .queue(let task): record(.taskQueued, task)
    case .startAttempt(let task, let attempt, _):
      if attempt == 1 { record(.taskStarted, task) }
    case .assign(let task, let assignment): record(.agentAssigned(AgentAssigned(assignment)), task)
    case .fallBack(let task, let news):
      var fallback = Fallback(news)
      fallback.because = engine.secrets.mask(fallback.because)
      record(.fallback(fallback), task)
    case .startTimer, .limitOver, .lookLater, .pauseAttempt, .resumeAttempt: break
    case .sleep(let news): record(news)
    case .wait(let news):
      record(.waiting(Waiting(news.why, news.message, until: news.until.map(wallTime))))
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
      // What a cancelled one has reached is kept, should it be taken up again.
      if end.state != .cancelled { memory.forget(task) }
    case .finishRun(let state):
      let seconds = now.seconds
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

  func taskName(_ task: Int) -> String { engine.plan.tasks[task].id.text }

  mutating func write() async {
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
}
