// Knows what a task can be expected to bring and where it works. Unaware of how a result is judged.

/// What a task's result has to be.
package enum Expectation: String, Sendable, CaseIterable {
  /// Changes or an answer.
  case either
  /// Changes; none are a failure unless the agent declares that nothing was needed.
  case changes
  /// An answer in words.
  case answer
}

/// What becomes of the work that a failed attempt left, when another follows it.
package enum PartialWork: String, Sendable, CaseIterable {
  /// It is kept under a ref, and the next attempt starts afresh.
  case setAside
  /// The next attempt starts from it.
  case handOver
}

/// Where a task's attempts work.
package enum WorktreePolicy: String, Sendable, CaseIterable {
  /// In a git worktree of the task's own.
  case own
  /// In an empty folder that no git knows: for answers, checks and other work without files.
  case none
}
