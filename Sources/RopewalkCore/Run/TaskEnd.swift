// Knows how a task comes to its final state. Unaware of what led there.

import RopewalkWire

/// The end of a task: the payload of `taskFinished`.
package struct TaskEnd: Sendable, Equatable {
  package var state: TaskState
  /// Why, in words; nil where the last attempt's result says all of it.
  package var because: String?
  /// Why its strategy failed.
  package var cause: FailureCause?
  /// Whether members of its strategy failed whose work is missing from the result.
  package var isPartial: Bool

  package init(
    _ state: TaskState, because: String? = nil, cause: FailureCause? = nil, isPartial: Bool = false
  ) {
    self.state = state
    self.because = because
    self.cause = cause
    self.isPartial = isPartial
  }

  /// The end that a task's strategy came to.
  init(_ end: StrategyRun.Finish, of task: PlanTask) {
    let timedOut = end.cause == .timedOut || end.cause == .idle
    self.init(
      end.cause == nil ? .completed : timedOut ? .timedOut : .failed, because: end.message,
      cause: task.strategy == .single ? nil : end.cause, isPartial: end.isPartial)
  }

  package var members: [(String, JSON?)] {
    [
      ("state", .string(state.rawValue)), ("because", because.map(JSON.string)),
      ("cause", cause.map { .string($0.rawValue) }), ("partial", isPartial ? true : nil),
    ]
  }

  package init?(_ value: JSONValue) {
    guard let state = value["state"]?.string.flatMap(TaskState.init) else { return nil }
    self.init(
      state, because: value["because"]?.string,
      cause: value["cause"]?.string.flatMap(FailureCause.init),
      isPartial: value["partial"]?.bool ?? false)
  }
}
