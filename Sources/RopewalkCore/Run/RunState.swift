// Knows how a whole run can stand. Unaware of its tasks.

/// Where a run stands.
package enum RunState: String, Sendable, CaseIterable {
  /// An engine works on it.
  case running
  /// An engine works on it, and starts nothing until it is told to go on.
  case paused
  /// Every task completed.
  case completed
  /// It came to its end; some tasks completed, and others did not.
  case partial
  /// It came to its end, and no task completed.
  case failed
  /// It was ended early by a person or a signal.
  case cancelled
  /// Its journal has no end and no engine works on it: the engine died.
  case interrupted
}
