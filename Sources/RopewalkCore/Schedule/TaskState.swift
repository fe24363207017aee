// Knows the states of a task and every way from one to another. Unaware of why a task moves.

/// Where a task stands within its run.
package enum TaskState: String, Sendable, CaseIterable {
  /// Some of its needs have not ended yet.
  case pending
  /// It could start, and waits for a slot or for the end of a pause between attempts.
  case queued
  /// An attempt is under way: it holds a slot, and a worktree once that is made.
  case running
  /// Its attempt's processes are stopped; it keeps its slot and its time stands still.
  case paused
  /// An attempt succeeded by its evidence; the result is tied by a branch.
  case completed
  /// No attempt succeeded and none is left.
  case failed
  /// As failed, and the last attempt was ended by a time limit.
  case timedOut
  /// A person, or the end of the run, ended it.
  case cancelled
  /// It never started, because of a need's end or of a halt.
  case skipped

  /// Whether it stays so, unless somebody wants the task to be taken up again.
  package var isFinal: Bool {
    switch self {
    case .pending, .queued, .running, .paused: false
    case .completed, .failed, .timedOut, .cancelled, .skipped: true
    }
  }

  /// What can happen to a task.
  package enum Transition: String, Sendable, CaseIterable {
    case needsEnded, started, retried, paused, resumed
    case completed, failed, timedOut, cancelled, skipped
    /// A run that was ended, or a task that failed, is taken up again.
    case revived
  }

  /// The state after `transition`, or nil when it cannot happen here. Every change of a task's
  /// state goes through this table.
  package func after(_ transition: Transition) -> TaskState? {
    switch (self, transition) {
    case (.pending, .needsEnded): .queued
    case (.queued, .started): .running
    case (.running, .retried): .queued
    case (.running, .paused): .paused
    case (.paused, .resumed): .running
    case (.running, .completed), (.paused, .completed): .completed
    case (.running, .failed), (.paused, .failed): .failed
    case (.running, .timedOut): .timedOut
    case (.pending, .cancelled), (.queued, .cancelled), (.running, .cancelled),
      (.paused, .cancelled):
      .cancelled
    case (.pending, .skipped), (.queued, .skipped): .skipped
    case (.failed, .revived), (.timedOut, .revived), (.cancelled, .revived), (.skipped, .revived):
      .pending
    default: nil
    }
  }
}
