// Knows what an attempt is asked to do, and how it reports and is ended while it runs.
// Unaware of how it is done.

import RopewalkCore
import Synchronization

/// One try of one step of a task, with all that it may build upon.
package struct AttemptOrder: Sendable {
  package var task: PlanTask
  package var step: Step
  /// The step's number within the task.
  package var index: Int
  /// Counts from 1 within the task.
  package var attempt: Int
  package var purpose: Schedule.Purpose
  /// Why this agent was chosen; nil where the plan names it.
  package var reason: String?
  /// The results of the tasks that it needs, in the plan's order.
  package var needs: [NeedResult]
  /// The results that its prompt speaks of, also those of indirect needs.
  package var mentioned: [TaskID: NeedResult]
  /// How the step's attempt before ended, where there was one.
  package var previous: AttemptResult?

  /// What the attempts before used of the session that a repair takes up again.
  package var sessionUsage: AttemptResult.Usage?
  /// The members of its strategy that begin together with it; nil where it begins alone.
  package var startGroup: StartGroup.Member?
  /// What an engine before this one has begun of it; nil for an attempt that begins now.
  package var recovery: ScheduleReplay.OpenAttempt?

  /// What events tell of the step; nil where the task is done by one agent.
  package var info: StepInfo? {
    task.strategy == .single
      ? nil
      : StepInfo(index: index, role: step.role, member: step.member, round: step.round)
  }

  /// What a need left for those that depend on it.
  package struct NeedResult: Sendable {
    package var id: TaskID
    /// Nil when it made no commit, as a failed one.
    package var commit: ObjectID?
    package var output: String
    package var branch: String?
  }
}

/// The way by which a running attempt reaches the engine's loop, and the loop the attempt.
package protocol AttemptReporter: Sendable {
  /// Says what is about to be started. Returns when that is written to the journal.
  func starting(_ start: AttemptStart) async
  /// Hands on what the agent said; waits while the engine has its hands full.
  func agent(_ event: AgentEvent) async
  func verified(_ verification: Verification) async
}

/// What the loop knows of those who carry out attempts; `ProcessAttempts` is the real one.
package protocol AttemptRunner: Sendable {
  /// Carries out one attempt and returns when nothing of it is left running.
  ///
  /// It ends early only by `control`. Every failure is a result; nothing is thrown.
  func run(
    _ order: AttemptOrder, control: AttemptControl, reporter: any AttemptReporter
  ) async -> AttemptResult
}

/// What a running attempt is asked for.
package enum AttemptRequest: Sendable, Equatable {
  case end(CancelReason)
  /// Its processes stop, and time stands still for their limits.
  case pause
  case resume
}

/// The handle by which a running attempt is paused, let go and ended.
package final class AttemptControl: Sendable {
  private struct State {
    var reason: CancelReason?
    var isPaused = false
    var pausedSince: SuspendingClock.Instant?
    /// The pauses that are over.
    var pausedFor = Duration.zero
    var handler: (@Sendable (AttemptRequest) -> Void)?
    /// Those who wait for the pause's end before they start anything.
    var waiting: [CheckedContinuation<Void, Never>] = []

    mutating func letGo() -> [CheckedContinuation<Void, Never>] {
      defer { waiting = [] }
      return waiting
    }
  }

  private let state = Mutex(State())
  /// Held while a request is handed on, so that none overtakes another.
  private let handing = Mutex(())

  package init() {}

  /// The strongest reason so far to end it.
  package var reason: CancelReason? { state.withLock { $0.reason } }

  /// Asks for the end; a weaker reason than one already given changes nothing.
  package func cancel(_ reason: CancelReason) {
    handing.withLock { _ in
      let handler = state.withLock { state -> (@Sendable (AttemptRequest) -> Void)? in
        if let known = state.reason, known >= reason { return nil }
        state.reason = reason
        return state.handler
      }
      handler?(.end(reason))
    }
    for continuation in state.withLock({ $0.letGo() }) { continuation.resume() }
  }

  /// Whether what runs, and what starts, has to stand still.
  package var isPaused: Bool { state.withLock { $0.isPaused } }

  /// How long the attempt has been paused, all in all.
  package var pausedFor: Duration {
    state.withLock { state in
      state.pausedFor + (state.pausedSince.map { SuspendingClock().now - $0 } ?? .zero)
    }
  }

  /// Stops what runs for the attempt; what was about to start waits, and what has just been
  /// started is stopped as soon as it can be reached.
  package func pause() { setPaused(true) }

  package func resume() {
    setPaused(false)
    for continuation in state.withLock({ $0.letGo() }) { continuation.resume() }
  }

  /// Returns once the attempt is not paused, or is to end: before each start of a program.
  package func untilResumed() async {
    await withCheckedContinuation { continuation in
      let mayGoOn = state.withLock { state in
        if !state.isPaused || state.reason != nil { return true }
        state.waiting.append(continuation)
        return false
      }
      if mayGoOn { continuation.resume() }
    }
  }

  private func setPaused(_ isPaused: Bool) {
    handing.withLock { _ in
      let handler = state.withLock { state -> (@Sendable (AttemptRequest) -> Void)? in
        guard state.isPaused != isPaused else { return nil }
        state.isPaused = isPaused
        let now = SuspendingClock().now
        if let since = state.pausedSince { state.pausedFor += now - since }
        state.pausedSince = isPaused ? now : nil
        return state.handler
      }
      handler?(isPaused ? .pause : .resume)
    }
  }

  /// Calls `handler` on each request while `body` runs, and at once for what holds already.
  ///
  /// It is called by one at a time and must neither wait nor ask for anything itself.
  package func onRequest<Value: Sendable>(
    _ handler: @escaping @Sendable (AttemptRequest) -> Void, during body: () async -> Value
  ) async -> Value {
    handing.withLock { _ in
      let (reason, isPaused) = state.withLock { state in
        state.handler = handler
        return (state.reason, state.isPaused)
      }
      if let reason { handler(.end(reason)) } else if isPaused { handler(.pause) }
    }
    defer { handing.withLock { _ in state.withLock { $0.handler = nil } } }
    return await body()
  }
}
