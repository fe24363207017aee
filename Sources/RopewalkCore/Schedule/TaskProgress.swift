// Knows how far one task and each of its steps have come. Unaware of the other tasks.

/// A task under way, as the schedule keeps it.
struct TaskProgress {
  var state = TaskState.pending
  /// Attempts started, repairs and steps without an agent included.
  var attempts = 0
  var openNeeds = 0
  /// A need of it that did not complete.
  var badNeed: Int?
  var cancelReason: CancelReason?
  /// How it ends once nothing of it runs, when it was cancelled.
  var cancelEnd: TaskEnd?
  /// Whether a person wanted just this task to end, so that going on with the run leaves it so.
  var isCancelledAlone = false
  /// Who was chosen for it and why, where the plan names nobody.
  var chosen: (agent: String, runner: String, because: String)?
  /// Nil until its needs have ended.
  var strategy: StrategyRun?
  var steps: [StepProgress] = []
  /// Attempts that really run, so that their ends will be reported.
  var live = 0

  /// The step that an attempt belongs to.
  func step(ofAttempt attempt: Int) -> Int? {
    steps.lastIndex { $0.attempt == attempt }
  }
}

/// One step of a task's strategy under way.
struct StepProgress {
  var step: Step
  /// The number of its latest attempt; 0 before the first.
  var attempt = 0
  /// The number that was told for the next attempt.
  var nextAttempt: Int?
  /// Whether it waits for a slot.
  var isQueued = false
  /// The lane that it was put into last.
  var lane = 0
  /// Since when; it is kept when a step is only put back, so that it does not lose its place.
  var queuedAt: Duration?
  /// The same of the time before its latest attempt.
  var lastQueuedAt: Duration?
  /// Whether it was started to wake an account that sleeps.
  var isProbe = false
  /// Tries that count against the retry policy.
  var tries = 0
  var repairs = 0
  /// Whether a repair waits until the budget has room for it.
  var isRepairDue = false
  /// Whether its latest attempt is a repair.
  var isRepair = false
  /// Whether its latest attempt took up the session of an interrupted one.
  var isInSession = false
  /// Whether its latest attempt was ended by nothing that it did: its engine died, or the run was ended.
  var isInterrupted = false
  /// Those who took over, so far.
  var fallbacks = 0
  /// The agent that it had before the first took over.
  var chosen: AgentRole?
  var isLive = false
  /// Whether it has ended, its retries included.
  var isDone = false
  /// Whether its strategy does not want it any more.
  var isUnwanted = false

  init(_ step: Step) { self.step = step }
}
