// Knows when an attended tree must be ended and by which steps. Unaware of signals and files.

/// The life of one attended program as a table: what is seen goes in, what is to be done comes out.
///
/// ```
/// running ── program ended ──> draining ── drain over, request ──> terminating ── grace over ──> killing
///  │ ↑  └────── limit, request, dead engine ────────────────────────────┘           (hard: at once)┘
///  ↓ │ pause and resume
/// paused ── program ended ──> draining; request, dead engine ──> terminating
/// any of them ── nothing left ──> ended          killing ── nothing helps for 10 s ──> ended
/// ```
///
/// It begins when the program runs; a program that could not be started has no attendance. While
/// it is paused the program's own limits stand still, and a dead engine's time does not. Times
/// are milliseconds by a clock that never jumps, and any `Int` is allowed as a limit.
package struct Attendance: Sendable {
  package enum State: String, Sendable, CaseIterable {
    /// The program runs.
    case running
    /// The program and all its descendants are stopped, until they are let go or ended.
    case paused
    /// The program has ended; what it left behind may still finish.
    case draining
    /// Everything got SIGTERM and has until the end of its grace time.
    case terminating
    /// SIGKILL, round by round.
    case killing
    /// Nothing is left, or nothing more can be done.
    case ended
  }

  package enum Action: Sendable, Equatable {
    /// SIGSTOP to all, until none runs.
    case stop
    /// SIGCONT to all.
    case `continue`
    /// Take down what outlived the program.
    case noteLeftovers
    /// SIGTERM and SIGCONT to all.
    case terminate
    /// SIGKILL to all that is there now; `round` counts from 1.
    case kill(round: Int)
    /// Write the end record and leave.
    case finish
  }

  /// Between two rounds of SIGKILL.
  package static let roundInterval = 10
  /// This long after the first SIGKILL, what is still there is stuck in the kernel.
  package static let giveUp = 10_000
  /// What outlived its program gets no more grace than this.
  package static let leftoverGrace = 1_000

  private let spec: AttemptSpec
  private let startedAt: Int
  package private(set) var state = State.running
  /// Why the tree was ended. What the program did itself comes first: once it has ended by itself
  /// this stays `exited`, whatever its leftovers do and whoever asks for their end.
  package private(set) var cause = EndRecord.Cause.exited
  /// The end of the drain, of the grace time, or of all hope; nil while running.
  private var deadline: Int?
  private var engineDiedAt: Int?
  private var pausedAt: Int?
  /// The pauses that are over, in milliseconds.
  package private(set) var pausedFor = 0
  private var outputBytes = 0
  private var outputChangedAt: Int
  private var requests = 0
  private var rounds = 0
  private var nextRound = 0

  package init(_ spec: AttemptSpec, startedAt now: Int) {
    self.spec = spec
    startedAt = now
    outputChangedAt = now
  }

  /// Whether SIGKILL was sent.
  package var killed: Bool { rounds > 0 }

  // MARK: - What is seen

  /// The program itself has ended; descendants may be left.
  package mutating func programEnded(at now: Int) -> [Action] {
    switch state {
    case .running, .paused:
      // Somebody else has killed it in its pause: what it left gets its time to finish.
      let wasPaused = endPause(at: now)
      state = .draining
      deadline = Self.moment(spec.drain, after: now)
      return wasPaused ? [.continue] : []
    case .draining, .terminating, .killing, .ended: return []
    }
  }

  /// No process of the tree is left.
  package mutating func treeEmptied(at now: Int) -> [Action] {
    guard state != .ended else { return [] }
    endPause(at: now)
    state = .ended
    return [.finish]
  }

  /// Somebody asks for the end. `hard` leaves no grace time, and neither does a second request.
  package mutating func stopRequested(hard: Bool, at now: Int) -> [Action] {
    requests += 1
    switch state {
    case .running, .paused:
      endPause(at: now)
      cause = .cancelled
      return hard ? kill(at: now) : terminate(grace: spec.grace, at: now)
    case .draining:
      return [.noteLeftovers] + (hard ? kill(at: now) : terminateLeftovers(at: now))
    case .terminating: return hard || requests > 1 ? kill(at: now) : []
    case .killing, .ended: return []
    }
  }

  /// Somebody asks for a pause; what is about to end is let end.
  package mutating func pauseRequested(at now: Int) -> [Action] {
    guard state == .running else { return [] }
    state = .paused
    pausedAt = now
    return [.stop]
  }

  /// Somebody asks for the pause's end.
  package mutating func resumeRequested(at now: Int) -> [Action] {
    guard state == .paused else { return [] }
    endPause(at: now)
    state = .running
    return [.continue]
  }

  /// The engine is gone; `passed` draws the conclusion once nobody came in time.
  package mutating func engineDied(at now: Int) { engineDiedAt = engineDiedAt ?? now }

  /// Another engine has come in time. An end that has begun takes its course.
  package mutating func engineAdopted() { engineDiedAt = nil }

  /// Time has passed; `outputBytes` is the size of both streams now.
  package mutating func passed(to now: Int, outputBytes bytes: Int) -> [Action] {
    // A program may also cut its own output short. That is a sign of life like any other.
    if bytes != outputBytes {
      outputBytes = bytes
      outputChangedAt = now
    }
    switch state {
    case .running, .paused:
      guard let cause = limitReached(at: now) else { return [] }
      endPause(at: now)
      self.cause = cause
      return terminate(grace: spec.grace, at: now)
    case .draining:
      guard isDue(now) || outputBytes > spec.outputLimit else { return [] }
      return [.noteLeftovers] + terminateLeftovers(at: now)
    case .terminating: return isDue(now) ? kill(at: now) : []
    case .killing:
      if isDue(now) {
        state = .ended
        return [.finish]
      }
      return now >= nextRound ? nextKill(at: now) : []
    case .ended: return []
    }
  }

  /// How long the attendant may sleep; nil when only an event can change anything.
  package func sleep(at now: Int) -> Int? {
    let moments: [Int?]
    switch state {
    case .running:
      moments = [
        spec.timeout.map { Self.moment($0, after: countedFrom) },
        spec.idleTimeout.map { Self.moment($0, after: outputChangedAt) },
        orphanedAt,
        Self.moment(sampling, after: now),
      ]
    case .paused: moments = [orphanedAt]
    case .draining: moments = [deadline, Self.moment(sampling, after: now)]
    case .terminating: moments = [deadline]
    case .killing: moments = [deadline, nextRound]
    case .ended: moments = [now]
    }
    return moments.compactMap(\.self).min().map { $0 > now ? $0 - now : 0 }
  }

  /// How often the output's size is looked at: ten times in the idle limit, so that its end is
  /// never a tenth late, and often enough that the output limit is not passed by much at 2 GB a
  /// second. At most fifty looks a second and at least one; each costs a few microseconds.
  private var sampling: Int {
    let bytesPerMillisecond = 2_000_000
    let room = max(0, spec.outputLimit.subtractingReportingOverflow(outputBytes).partialValue)
    let untilIdle = (spec.idleTimeout ?? .max) / 10
    return min(max(20, min(room / bytesPerMillisecond, untilIdle)), 1_000)
  }

  // MARK: - Steps

  /// The start, later by all pauses that are over.
  private var countedFrom: Int { startedAt + pausedFor }

  /// Counts the pause, if there is one, and moves what is measured past it.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  private mutating func endPause(at now: Int) -> Bool {
    guard let pausedAt else { return false }
    self.pausedAt = nil
    pausedFor += now - pausedAt
    // What was written just before the pause may have been seen only in it.
    outputChangedAt = min(outputChangedAt + (now - pausedAt), now)
    return true
  }

  private var orphanedAt: Int? {
    guard let engineDiedAt, let grace = spec.orphanGrace else { return nil }
    return Self.moment(grace, after: engineDiedAt)
  }

  private func limitReached(at now: Int) -> EndRecord.Cause? {
    if outputBytes > spec.outputLimit { return .outputLimit }
    if state == .running {
      if let limit = spec.timeout, now >= Self.moment(limit, after: countedFrom) {
        return .timedOut
      }
      if let limit = spec.idleTimeout, now >= Self.moment(limit, after: outputChangedAt) {
        return .idle
      }
    }
    if let orphanedAt, now >= orphanedAt { return .orphaned }
    return nil
  }

  private func isDue(_ now: Int) -> Bool { deadline.map { now >= $0 } ?? false }

  private mutating func terminateLeftovers(at now: Int) -> [Action] {
    terminate(grace: min(spec.grace, Self.leftoverGrace), at: now)
  }

  private mutating func terminate(grace: Int, at now: Int) -> [Action] {
    guard grace > 0 else { return kill(at: now) }
    state = .terminating
    deadline = Self.moment(grace, after: now)
    return [.terminate]
  }

  private mutating func kill(at now: Int) -> [Action] {
    state = .killing
    deadline = Self.moment(Self.giveUp, after: now)
    return nextKill(at: now)
  }

  private mutating func nextKill(at now: Int) -> [Action] {
    rounds += 1
    nextRound = Self.moment(Self.roundInterval, after: now)
    return [.kill(round: rounds)]
  }

  /// A limit that is too far away to be counted is never reached.
  private static func moment(_ limit: Int, after start: Int) -> Int {
    let (sum, overflow) = start.addingReportingOverflow(limit)
    return overflow ? .max : sum
  }
}
