// Knows how a run stands, as a fold over its events. Unaware of journals, terminals and engines.

import RopewalkWire

/// The status of a run, built from its events alone: what `status`, the report and resume show.
package struct RunReport: Sendable {
  package private(set) var run: RunID?
  package private(set) var plan = ""
  package private(set) var state = RunState.running
  package private(set) var base: ObjectID?
  package private(set) var startedAt: Timestamp?
  package private(set) var finishedAt: Timestamp?
  package private(set) var enginePID: Int?
  /// Why the whole run was first told to end early; nil when it was not.
  package private(set) var endedBecause: CancelReason?
  package private(set) var tasks: [TaskReport] = []
  package private(set) var lastSeq = 0
  private var seconds: Double?
  private var places: [TaskID: Int] = [:]

  package init() {}

  package subscript(task: TaskID) -> TaskReport? { places[task].map { tasks[$0] } }

  /// Takes in the next event. Constant time, but for the first one.
  package mutating func apply(_ event: RunEvent) {
    lastSeq = event.seq
    switch event.payload {
    case .runStarted(let start):
      run = event.run
      plan = start.plan
      base = start.base
      startedAt = event.time
      enginePID = start.pid
      tasks = start.tasks.map(TaskReport.init)
      places = Dictionary(
        tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    case .runFinished(let end, let seconds, _):
      state = end
      finishedAt = event.time
      self.seconds = seconds
    case .runResumed(let resumed):
      state = .running
      finishedAt = nil
      endedBecause = nil
      enginePID = resumed.pid
      // What was paused went with its engine.
      for place in tasks.indices { tasks[place].goOn() }
    case .tasksRevived(let revived):
      for task in revived.tasks {
        if let place = places[task] { tasks[place].revive(isFresh: revived.isFresh) }
      }
    case .cancelled(let reason) where event.subject.task == nil:
      endedBecause = endedBecause ?? reason
    case .paused where event.subject.task == nil:
      state = .paused
      for place in tasks.indices { tasks[place].apply(event) }
    case .resumed where event.subject.task == nil:
      state = .running
      for place in tasks.indices { tasks[place].apply(event) }
    default:
      if let task = event.subject.task, let place = places[task] { tasks[place].apply(event) }
    }
  }

  /// Says that nobody works on the run although it has no end.
  package mutating func engineIsGone() {
    if finishedAt == nil { state = .interrupted }
  }

  /// How many tasks are in a state.
  package func count(_ state: TaskState) -> Int { tasks.count { $0.state == state } }

  /// What all attempts of all tasks used.
  package var spending: Spending { tasks.reduce(into: Spending()) { $0.add($1.spending) } }

  /// The object that `status RUN --json` prints.
  package var json: JSON {
    .known([
      ("run", run.map { .string($0.text) }),
      ("plan", .string(plan)),
      ("state", .string(state.rawValue)),
      ("base", base.map { .string($0.text) }),
      ("startedAt", startedAt.map { .string($0.description) }),
      ("finishedAt", finishedAt.map { .string($0.description) }),
      ("tasks", .array(tasks.map(\.json))),
      (
        "totals",
        .known([
          ("completed", .int(count(.completed))),
          ("failed", .int(count(.failed) + count(.timedOut))),
          ("skipped", .int(count(.skipped))),
          ("cancelled", .int(count(.cancelled))),
          ("cost", spending.costJSON),
          ("tokens", spending.tokensJSON),
          ("seconds", seconds.map(JSON.double)),
        ])
      ),
    ])
  }
}

/// How one task stands.
package struct TaskReport: Sendable {
  package let id: TaskID
  package let needs: [TaskID]
  /// Who does it, as the plan says, or as it was chosen; after a fallback who took over.
  package private(set) var agent: String?
  package private(set) var runner: String
  /// Why its agent was chosen, where the plan names none.
  package private(set) var assigned: AgentAssigned?
  package private(set) var fallbacks: [Fallback] = []
  package private(set) var state = TaskState.pending
  /// Why it was cancelled or skipped.
  package private(set) var because: String?
  package private(set) var attempts = 0
  package private(set) var worktree: String?
  /// The folders of its attempts within the run's, in order.
  package private(set) var folders: [String] = []
  /// How its latest attempt ended.
  package private(set) var last: AttemptResult?
  package private(set) var spending = Spending()
  /// The sum of its attempts' durations.
  package private(set) var seconds: Double?
  /// When the attempt that is under way began.
  package private(set) var runningSince: Timestamp?
  package private(set) var verifications: [Verification] = []
  /// What the members of its strategy did, in the order in which they were asked.
  package private(set) var contributions: [Contribution] = []
  /// How one of several results was decided on.
  package private(set) var decision: Decision?
  /// Whether members failed whose work is missing from the result.
  package private(set) var isPartial = false
  /// Why its strategy failed, whatever its last attempt brought.
  private var strategyCause: FailureCause?
  /// Whether its latest attempt was that of the whole, not of a member.
  private var lastIsWhole = false
  /// By attempt, what its end will be a contribution of.
  private var openSteps: [Int: (step: StepInfo, agent: String?)] = [:]

  init(_ start: RunStart.Task) {
    id = start.id
    needs = start.needs
    agent = start.agent
    runner = start.runner
  }

  /// The branch that holds its result; nil until there is one.
  package var branch: String? {
    guard let last, last.isSuccess, let ref = last.ref, ref.hasPrefix("refs/heads/") else {
      return nil
    }
    return String(ref.dropFirst("refs/heads/".count))
  }

  mutating func apply(_ event: RunEvent) {
    switch event.payload {
    case .taskQueued: state = .queued
    case .taskStarted: state = .running
    case .paused(let drain): if !drain, state == .running { state = .paused }
    case .resumed: if state == .paused { state = .running }
    case .attemptStarted(let start):
      // One that was being started when the pause began stands still with the others.
      if state != .paused { state = .running }
      attempts = max(attempts, event.subject.attempt ?? 0)
      worktree = start.worktree ?? worktree
      folders.append(start.folder)
      runningSince = event.time
      verifications = []
      if let step = start.step, let attempt = event.subject.attempt {
        openSteps[attempt] = (step, event.subject.agent)
      }
    case .verificationFinished(let verification): verifications.append(verification)
    case .attemptFinished(let result):
      last = result
      attempts = max(attempts, event.subject.attempt ?? 0)
      runningSince = nil
      seconds = (seconds ?? 0) + result.seconds
      if let usage = result.usage { spending.add(usage) }
      contribute(result, event.subject.attempt ?? 0)
    case .rateLimited(_, let until): if until != nil, openSteps.isEmpty { state = .queued }
    case .attemptRetried: if openSteps.isEmpty { state = .queued }
    case .decisionMade(let decision): self.decision = decision
    case .agentAssigned(let assigned):
      self.assigned = assigned
      (agent, runner) = (assigned.agent, assigned.runner)
    case .fallback(let fallback):
      fallbacks.append(fallback)
      if contributions.isEmpty, openSteps.isEmpty {
        (agent, runner) = (agent == nil ? nil : fallback.toAgent, fallback.toRunner)
      }
    case .taskFinished(let end):
      state = end.state
      because = end.because
      isPartial = end.isPartial
      strategyCause = end.cause
      openSteps = [:]
    default: break
    }
  }

  /// Whoever paused it is gone.
  fileprivate mutating func goOn() {
    if state == .paused { state = .running }
  }

  /// Ended, it is taken up again. What it has cost stays counted.
  fileprivate mutating func revive(isFresh: Bool) {
    if isFresh || state != .cancelled {
      contributions = []
      decision = nil
    }
    state = .pending
    because = nil
    isPartial = false
    strategyCause = nil
    lastIsWhole = false
  }

  private mutating func contribute(_ result: AttemptResult, _ attempt: Int) {
    guard let (step, agent) = openSteps.removeValue(forKey: attempt) else { return }
    lastIsWhole = step.role == .conclusion
    // What an engine's death ended is begun again, and was no contribution.
    guard !lastIsWhole, result.cause != .orphaned else { return }
    let new = Contribution(step: step, attempt: attempt, agent: agent, result: result)
    let place = contributions.firstIndex { new < $0 } ?? contributions.count
    contributions.insert(new, at: place)
  }

  /// Why it failed: its strategy or a budget, else its last attempt.
  package var cause: FailureCause? { strategyCause ?? last?.cause }

  /// What holds its result, or what is left of it: nothing where its strategy failed, for then the last attempt is
  /// only one of the contributions.
  package var outcome: AttemptResult? {
    strategyCause == nil || lastIsWhole || contributions.isEmpty ? last : nil
  }

  /// The failure in words, or why it never ran.
  package var message: String? { because ?? last?.message }

  package var json: JSON {
    .known([
      ("id", .string(id.text)),
      ("state", .string(state.rawValue)),
      ("verdict", outcome?.verdict.map { .string($0.rawValue) }),
      ("cause", cause.map { .string($0.rawValue) }),
      ("message", message.map(JSON.string)),
      ("agent", agent.map(JSON.string)),
      ("runner", runner.isEmpty ? nil : .string(runner)),
      ("attempts", .int(attempts)),
      ("needs", .array(needs.map { .string($0.text) })),
      ("branch", branch.map(JSON.string)),
      ("commit", outcome?.commit.map { .string($0.text) }),
      ("ref", outcome?.ref.map(JSON.string)),
      ("worktree", worktree.map(JSON.string)),
      ("output", outcome?.text.map(JSON.string)),
      ("assigned", assigned.map { .known($0.members) }),
      ("fallbacks", fallbacks.isEmpty ? nil : .array(fallbacks.map { .known($0.members) })),
      ("partial", isPartial ? true : nil),
      ("contributions", contributions.isEmpty ? nil : .array(contributions.map(\.json))),
      ("decision", decision?.json),
      ("sessionId", outcome?.sessionID.map(JSON.string)),
      ("model", outcome?.model.map(JSON.string)),
      ("denials", denials),
      ("escaped", escaped),
      ("notes", notes),
      ("cost", attempts == 0 ? nil : spending.costJSON),
      ("tokens", attempts == 0 ? nil : spending.tokensJSON),
      ("seconds", seconds.map(JSON.double)),
    ])
  }

  private var denials: JSON? {
    guard let last, !last.denials.isEmpty else { return nil }
    return .array(last.denials.map(JSON.string))
  }

  private var escaped: JSON? {
    guard let last, !last.escaped.isEmpty else { return nil }
    return .array(last.escaped.map(JSON.string))
  }

  private var notes: JSON? {
    guard let last, !last.notes.isEmpty else { return nil }
    return .array(last.notes.map(JSON.string))
  }
}
