// Knows what a pause holds back, what it stops, and what another priority changes.
// Unaware of processes and of who asks.

/// What somebody has asked of a run under way.
struct ControlState: Sendable {
  /// Whether the run as a whole is paused.
  var isPaused = false
  /// Tasks let go one by one while the run as a whole is paused.
  var exempt: Set<Int> = []
  /// Tasks paused one by one.
  var held: Set<Int> = []
  /// Tasks whose running attempts were told to pause.
  var stopped: Set<Int> = []
  /// Steps that would have had a slot.
  var waiting: [(task: Int, step: Int)] = []
  /// Priorities that are not the plan's.
  var priorities: [Int: Int] = [:]
  /// The time that the budgets' clocks stood still.
  var standstill = Standstill()

  func isHeld(_ task: Int) -> Bool {
    held.contains(task) || (isPaused && !exempt.contains(task))
  }

  /// Whether nothing at all may start.
  var holdsAll: Bool { isPaused && exempt.isEmpty }
}

/// The time during which a paused run did nothing, as the timers of its budgets need it.
///
/// A timer that rings is owed the time that stood still since it was set, or was set again.
struct Standstill: Sendable {
  /// Since when, while it lasts.
  private(set) var since: Duration?
  private var total = Duration.zero
  /// By timer, what had stood still when it was set.
  private var before: [BudgetScope: Duration] = [:]
  /// Timers that rang meanwhile, and what each is owed.
  private(set) var asleep: [BudgetScope: Duration] = [:]

  private func stood(at now: Duration) -> Duration {
    since.map { total + (now - $0) } ?? total
  }

  mutating func set(_ timer: BudgetScope, at now: Duration) { before[timer] = stood(at: now) }

  /// What a timer that rings is still owed; one that rings in a standstill sleeps on.
  mutating func owed(_ timer: BudgetScope, at now: Duration) -> Duration {
    let owed = stood(at: now) - before[timer, default: .zero]
    if since != nil { asleep[timer] = owed }
    return owed
  }

  mutating func begin(at now: Duration) { since = since ?? now }

  /// - Returns: the timers to be set again, and for how long.
  mutating func end(at now: Duration) -> [BudgetScope: Duration] {
    guard since != nil else { return [:] }
    total = stood(at: now)
    since = nil
    defer { asleep = [:] }
    for timer in asleep.keys { before[timer] = total }
    return asleep
  }
}

extension Schedule {
  /// Whether the run as a whole is paused.
  package var isPaused: Bool { control.isPaused }

  // MARK: - Inputs

  /// Starts nothing more of the given tasks, or of the whole run, until `resume`.
  ///
  /// - Parameter drain: lets the attempts that run come to their end; without it they stop too.
  package mutating func pause(_ wanted: [Int]? = nil, drain: Bool) -> [Action] {
    var actions: [Action] = []
    if let wanted {
      control.held.formUnion(wanted)
      control.exempt.subtract(wanted)
    } else {
      control.isPaused = true
      control.exempt = []
    }
    for task in wanted ?? Array(tasks.indices) where !drain && !progress[task].state.isFinal {
      stop(task, &actions)
    }
    return fill(actions)
  }

  /// Ends the pause of the given tasks, also within a paused run, or all pauses there are.
  package mutating func resume(_ wanted: [Int]? = nil) -> [Action] {
    if let wanted {
      control.held.subtract(wanted)
      if control.isPaused { control.exempt.formUnion(wanted) }
      return goOn()
    }
    control.held = []
    return resumeRun()
  }

  /// Ends the pause of the run as a whole; tasks that were paused one by one stay so.
  package mutating func resumeRun() -> [Action] {
    control.isPaused = false
    control.exempt = []
    return goOn()
  }

  /// The tasks that were paused one by one, and whether their attempts were stopped.
  package var heldTasks: [(task: Int, isStopped: Bool)] {
    control.held.sorted().map { ($0, control.stopped.contains($0)) }
  }

  /// Lets go what nothing holds any more.
  private mutating func goOn() -> [Action] {
    var actions: [Action] = []
    for task in control.stopped.sorted() where !control.isHeld(task) { letGo(task, &actions) }
    let waiting = control.waiting
    control.waiting = []
    for (task, step) in waiting { insert(task, step) }
    return fill(actions)
  }

  /// Gives a task another priority: for what waits of it now, and for all that it will want.
  package mutating func setPriority(_ task: Int, _ priority: Int) -> [Action] {
    let change = priority - self.priority(of: task)
    control.priorities[task] = priority
    for lane in lanes.indices { lanes[lane].ready.raise(task, by: change) }
    return fill([])
  }

  func priority(of task: Int) -> Int { control.priorities[task] ?? tasks[task].priority }

  // MARK: - Steps

  private mutating func stop(_ task: Int, _ actions: inout [Action]) {
    guard control.stopped.insert(task).inserted else { return }
    for step in progress[task].steps where step.isLive {
      actions.append(.pauseAttempt(task, attempt: step.attempt))
    }
    if progress[task].state == .running { move(task, .paused) }
  }

  private mutating func letGo(_ task: Int, _ actions: inout [Action]) {
    control.stopped.remove(task)
    if progress[task].state == .paused { move(task, .resumed) }
    for step in progress[task].steps where step.isLive {
      actions.append(.resumeAttempt(task, attempt: step.attempt))
    }
  }

  /// Lets a paused task take what has ended of it: an attempt may be past what can be stopped, or
  /// somebody else has ended it.
  mutating func wake(_ task: Int) {
    if progress[task].state == .paused { move(task, .resumed) }
  }

  /// The way back from `wake`, for a task that goes on.
  mutating func rest(_ task: Int) {
    if control.stopped.contains(task), progress[task].state == .running { move(task, .paused) }
  }

  /// Puts a step aside whose task is paused; false when it may start.
  mutating func holdBack(_ task: Int, _ step: Int) -> Bool {
    guard control.isHeld(task) else { return false }
    control.waiting.append((task, step))
    return true
  }

  // MARK: - Time

  /// Stops the budgets' clocks while the run is paused and nothing works, and lets them go on after.
  mutating func keepTime(_ actions: inout [Action]) {
    if control.isPaused, isAtRest {
      control.standstill.begin(at: now)
    } else if control.standstill.since != nil {
      let timers = control.standstill.end(at: now)
      for (timer, left) in timers.sorted(by: { "\($0.key)" < "\($1.key)" }) {
        actions.append(.startTimer(timer, after: left))
      }
    }
  }

  private var isAtRest: Bool {
    live == 0 || tasks.indices.allSatisfy { progress[$0].live == 0 || control.stopped.contains($0) }
  }

  /// Whether a timer that rings has run its whole time; if not it is set again, now or after the pause.
  mutating func isDue(_ timer: BudgetScope, _ actions: inout [Action]) -> Bool {
    let owed = control.standstill.owed(timer, at: now)
    if control.standstill.since != nil { return false }
    if owed <= .zero { return true }
    control.standstill.set(timer, at: now)
    actions.append(.startTimer(timer, after: owed))
    return false
  }
}
