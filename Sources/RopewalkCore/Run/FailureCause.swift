// Knows every way in which an attempt can fail. Unaware of who found it out.

/// Why an attempt failed; the code is what JSON shows.
///
/// Listed from the most specific to the most general: where several apply, the first is told.
package enum FailureCause: String, Sendable, CaseIterable {
  /// The program, its directory or its files could not be had: nothing ran.
  case couldNotStart
  /// The tasks that this one needs changed the same lines: their results do not merge.
  case conflict
  /// The plan's or the command line's time limit for the attempt passed.
  case timedOut
  /// Nothing was printed for the idle limit.
  case idle
  /// More was printed than the output limit allows.
  case outputLimit
  /// A person or a stronger reason ended it.
  case cancelled
  /// The engine died and nobody took over.
  case orphaned
  /// A process of the attempt did not end even after SIGKILL.
  case cannotBeKilled
  /// The attendant ended without an end record, or what the agent left could not be had: what
  /// happened is not known.
  case lost
  /// The disk that holds the output has no room left.
  case diskFull
  /// The attempt's worktree was removed, moved or replaced while the agent worked.
  case worktreeGone
  /// The agent wrote outside its worktree.
  case escaped
  /// The provider refused the login: HTTP 401, a missing or invalid key.
  case notLoggedIn
  /// The provider asked to slow down: HTTP 429.
  case rateLimited
  /// A limit of money was reached.
  case overBudget
  /// A limit of the CLI's own on turns, tokens or time was reached.
  case limitReached
  /// The provider refused the request itself: HTTP 400 and other 4xx.
  case requestRejected
  /// The provider failed or could not be reached: HTTP 5xx, overload, a broken stream.
  case providerError
  /// The CLI says that it was stopped before its end.
  case interrupted
  /// The CLI reports an error that fits none of the causes above.
  case agentError
  /// A signal that was not ours ended the program.
  case killedBySignal
  /// The program ended with an exit status other than 0 and said nothing more specific.
  case exitCode
  /// Exit status 0, but the sign that the work was done is missing or torn.
  case incomplete
  /// Members of a strategy came to no decision that could be read.
  case undecided
  /// The verification commands failed on the result.
  case rejected
  /// Success was claimed, changes were expected, and nothing was changed.
  case empty

  /// Whether another try can be expected to end otherwise.
  package var isRetryable: Bool {
    switch self {
    case .couldNotStart, .conflict, .cancelled, .orphaned, .cannotBeKilled, .diskFull, .escaped,
      .notLoggedIn, .overBudget, .requestRejected, .undecided:
      false
    case .timedOut, .idle, .outputLimit, .lost, .worktreeGone, .rateLimited, .limitReached,
      .providerError, .interrupted, .agentError, .killedBySignal, .exitCode, .incomplete,
      .rejected, .empty:
      true
    }
  }
}
