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

/// The handle by which a running attempt is ended.
package final class AttemptControl: Sendable {
  private struct State {
    var reason: CancelReason?
    var handler: (@Sendable (CancelReason) -> Void)?
  }

  private let state = Mutex(State())

  package init() {}

  /// The strongest reason so far to end it.
  package var reason: CancelReason? { state.withLock { $0.reason } }

  /// Asks for the end; a weaker reason than one already given changes nothing.
  package func cancel(_ reason: CancelReason) {
    let handler = state.withLock { state -> (@Sendable (CancelReason) -> Void)? in
      if let known = state.reason, known >= reason { return nil }
      state.reason = reason
      return state.handler
    }
    handler?(reason)
  }

  /// Calls `handler` on each cancel while `body` runs, and at once when there was one before.
  package func onCancel<Value: Sendable>(
    _ handler: @escaping @Sendable (CancelReason) -> Void, during body: () async -> Value
  ) async -> Value {
    let known = state.withLock { state in
      state.handler = handler
      return state.reason
    }
    if let known { handler(known) }
    defer { state.withLock { $0.handler = nil } }
    return await body()
  }
}
