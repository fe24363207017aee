// Knows everything that can happen in a run and how it is written as a line of the journal.
// Unaware of where the lines go.

import RopewalkWire

/// One thing that happened in a run: a line of the journal and of `run --json`.
///
/// ```
/// {"seq":7,"time":"2026-11-21T04:02:51.039Z","kind":"taskFinished","run":"…","task":"api","state":"completed"}
/// ```
package struct RunEvent: Sendable {
  /// Counts from 1 within the run, in the order in which the engine's loop saw the events.
  package var seq: Int
  package var time: Timestamp
  package var run: RunID
  package var subject: Subject
  package var payload: Payload

  /// Which task, attempt, agent and runner an event is about, where it is about any.
  package struct Subject: Sendable, Equatable {
    package var task: TaskID?
    package var attempt: Int?
    package var agent: String?
    package var runner: String?

    package init(
      task: TaskID? = nil, attempt: Int? = nil, agent: String? = nil, runner: String? = nil
    ) {
      self.task = task
      self.attempt = attempt
      self.agent = agent
      self.runner = runner
    }
  }

  /// What happened. The engine's loop sends all of them; the comments say when.
  package enum Payload: Sendable {
    /// First of all, when the plan is resolved and nothing runs yet.
    case runStarted(RunStart)
    /// Another engine goes on with the run, whose own has ended or died; before it does anything.
    case runResumed(RunResumed)
    /// Ended tasks are taken up again: because the run goes on, or because a person wants them tried again.
    case tasksRevived(TasksRevived)
    /// A task's needs have ended and it waits for a slot.
    case taskQueued
    /// A task got its first slot.
    case taskStarted
    /// The attempt's folder is written and its program is about to be started.
    case attemptStarted(AttemptStart)
    /// The agent said or did something; the kind is the agent event's own.
    case agent(AgentEvent)
    /// One verification command has ended.
    case verificationFinished(Verification)
    /// The attempt's processes are gone and its result is judged and tied.
    case attemptFinished(AttemptResult)
    /// The attempt failed and the task will try again after a pause.
    case attemptRetried(afterSeconds: Double)
    /// The provider asked for a pause; the agent's account sleeps until then.
    case rateLimited(retryAfterSeconds: Double?, until: Timestamp?)
    /// Nothing starts for now though something could: told once for each reason.
    case waiting(Waiting)
    /// Somebody or something asked for an early end of the task, or of the run.
    case cancelled(CancelReason)
    /// Somebody asked for a pause of the task, or of the run: nothing of it starts, and unless it is
    /// to drain its attempts are about to be stopped. On disk before they are.
    case paused(drain: Bool)
    /// Somebody asked for the end of the task's pause, or of all pauses of the run.
    case resumed
    /// Somebody gave the task another priority.
    case priorityChanged(Int)
    /// A task reached its final state. On disk before anything that depends on it starts.
    case taskFinished(TaskEnd)
    /// An agent was chosen for a task whose plan names none; it is about to be started.
    case agentAssigned(AgentAssigned)
    /// An agent cannot go on, and another takes its step over.
    case fallback(Fallback)
    /// Four fifths of a limit are used, or somebody does not say what it used.
    case budgetWarned(BudgetNews)
    /// A limit is reached, and what is done about it.
    case budgetExceeded(BudgetNews)
    /// A member of a debate has made its proposal, or after a critique a new one.
    case proposalMade(member: String, round: Int, text: String)
    /// A round of critique of a debate begins.
    case debateRound(Int, of: Int)
    /// One of several proposals or candidates was decided on, or it failed that any was.
    case decisionMade(Decision)
    /// Something went wrong that no task's state tells.
    case errorOccurred(String)
    /// Last of all; carries the whole status.
    case runFinished(RunState, seconds: Double, status: JSON)
    /// An event read back whose payload is only shown, never folded.
    case other(kind: String, JSONValue)
  }

  package init(
    seq: Int, time: Timestamp, run: RunID, subject: Subject = Subject(), payload: Payload
  ) {
    self.seq = seq
    self.time = time
    self.run = run
    self.subject = subject
    self.payload = payload
  }

  package var kind: String {
    switch payload {
    case .runStarted: "runStarted"
    case .runResumed: "runResumed"
    case .tasksRevived: "tasksRevived"
    case .taskQueued: "taskQueued"
    case .taskStarted: "taskStarted"
    case .attemptStarted: "attemptStarted"
    case .agent(let event): event.kind
    case .verificationFinished: "verificationFinished"
    case .attemptFinished: "attemptFinished"
    case .attemptRetried: "attemptRetried"
    case .rateLimited: "rateLimited"
    case .waiting: "waiting"
    case .cancelled: "cancelled"
    case .paused: "paused"
    case .resumed: "resumed"
    case .priorityChanged: "priorityChanged"
    case .taskFinished: "taskFinished"
    case .agentAssigned: "agentAssigned"
    case .fallback: "fallback"
    case .budgetWarned: "budgetWarned"
    case .budgetExceeded: "budgetExceeded"
    case .proposalMade: "proposalMade"
    case .debateRound: "debateRound"
    case .decisionMade: "decisionMade"
    case .errorOccurred: "errorOccurred"
    case .runFinished: "runFinished"
    case .other(let kind, _): kind
    }
  }

  /// Whether others act upon it, so that it must be on disk before the loop goes on.
  package var isPromise: Bool {
    switch payload {
    case .runStarted, .runResumed, .tasksRevived, .taskFinished, .runFinished, .paused, .resumed:
      true
    default: false
    }
  }

  package var json: JSON {
    var members: [(String, JSON?)] = [
      ("seq", .int(seq)),
      ("time", .string(time.description)),
      ("kind", .string(kind)),
      ("run", .string(run.text)),
      ("task", subject.task.map { .string($0.text) }),
      ("attempt", subject.attempt.map(JSON.int)),
      ("agent", subject.agent.map(JSON.string)),
      ("runner", subject.runner.map(JSON.string)),
    ]
    members += payload.members
    return .known(members)
  }

  /// Reads one line's value; nil when it is no event at all.
  package init?(_ value: JSONValue) {
    guard let seq = value["seq"]?.int,
      let time = value["time"]?.string.flatMap(Timestamp.init),
      let kind = value["kind"]?.string,
      let run = value["run"]?.string.flatMap(RunID.init)
    else { return nil }
    self.init(
      seq: seq, time: time, run: run,
      subject: Subject(
        task: value["task"]?.string.flatMap(TaskID.init), attempt: value["attempt"]?.int,
        agent: value["agent"]?.string, runner: value["runner"]?.string),
      payload: Payload(kind: kind, value))
  }
}

extension RunEvent.Payload {
  fileprivate var members: [(String, JSON?)] {
    switch self {
    case .runStarted(let start): start.members
    case .runResumed(let resumed): resumed.members
    case .tasksRevived(let revived): revived.members
    case .taskQueued, .taskStarted: []
    case .attemptStarted(let start): start.members
    case .agent(let event): event.members
    case .verificationFinished(let verification): verification.members
    case .attemptFinished(let result): result.members
    case .attemptRetried(let seconds): [("afterSeconds", .double(seconds))]
    case .rateLimited(let seconds, let until):
      [
        ("retryAfterSeconds", seconds.map(JSON.double)),
        ("until", until.map { .string($0.description) }),
      ]
    case .waiting(let waiting): waiting.members
    case .cancelled(let reason): [("reason", .string(reason.text))]
    case .paused(let drain): [("drain", drain ? true : nil)]
    case .resumed: []
    case .priorityChanged(let priority): [("priority", .int(priority))]
    case .taskFinished(let end): end.members
    case .agentAssigned(let assigned): assigned.members
    case .fallback(let fallback): fallback.members
    case .budgetWarned(let news), .budgetExceeded(let news): news.members
    case .proposalMade(let member, let round, let text):
      [("member", .string(member)), ("round", .int(round)), ("text", .string(text))]
    case .debateRound(let round, let rounds): [("round", .int(round)), ("of", .int(rounds))]
    case .decisionMade(let decision): [("decision", decision.json)]
    case .errorOccurred(let message): [("message", .string(message))]
    case .runFinished(let state, let seconds, let status):
      [("state", .string(state.rawValue)), ("seconds", .double(seconds)), ("status", status)]
    case .other(_, let value):
      value.members.filter { !RunEvent.Subject.keys.contains($0.key) }.map {
        ($0.key, $0.value.json)
      }
    }
  }

  fileprivate init(kind: String, _ value: JSONValue) {
    self =
      switch kind {
      case "runStarted": .runStarted(RunStart(value))
      case "runResumed": .runResumed(RunResumed(value))
      case "tasksRevived": .tasksRevived(TasksRevived(value))
      case "taskQueued": .taskQueued
      case "taskStarted": .taskStarted
      case "cancelled": .cancelled(CancelReason(text: value["reason"]?.string ?? "") ?? .requested)
      case "attemptStarted": .attemptStarted(AttemptStart(value))
      case "verificationFinished": .verificationFinished(Verification(value))
      case "attemptFinished": .attemptFinished(AttemptResult(value))
      case "attemptRetried": .attemptRetried(afterSeconds: value["afterSeconds"]?.double ?? 0)
      case "rateLimited":
        .rateLimited(
          retryAfterSeconds: value["retryAfterSeconds"]?.double,
          until: value["until"]?.string.flatMap(Timestamp.init))
      case "paused": .paused(drain: value["drain"]?.bool ?? false)
      case "resumed": .resumed
      case "priorityChanged": .priorityChanged(value["priority"]?.int ?? 0)
      case "errorOccurred": .errorOccurred(value["message"]?.string ?? "")
      case "agentAssigned": .agentAssigned(AgentAssigned(value))
      case "fallback": .fallback(Fallback(value))
      case "budgetWarned": .budgetWarned(BudgetNews(value))
      case "budgetExceeded": .budgetExceeded(BudgetNews(value))
      default: Self.ending(kind: kind, value)
      }
  }

  private static func ending(kind: String, _ value: JSONValue) -> Self {
    if kind == "taskFinished", let end = TaskEnd(value) { return .taskFinished(end) }
    if kind == "decisionMade", let decision = value["decision"].flatMap(Decision.init) {
      return .decisionMade(decision)
    }
    if kind == "waiting", let waiting = Waiting(value) { return .waiting(waiting) }
    if kind == "runFinished", let state = value["state"]?.string.flatMap(RunState.init) {
      return .runFinished(
        state, seconds: value["seconds"]?.double ?? 0,
        status: value["status"].map { .raw(Array($0.source)) } ?? .null)
    }
    return .other(kind: kind, value)
  }
}

extension RunEvent.Subject {
  /// The members that every event may have, and the journal's own.
  fileprivate static let keys: Set<String> = [
    "seq", "time", "kind", "run", "task", "attempt", "agent", "runner", "sum",
  ]
}
