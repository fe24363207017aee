// Knows what an ended attempt can be worth. Unaware of how the evidence is gathered.

/// What the evidence says of an attempt that ran to its end.
package enum Verdict: String, Sendable, CaseIterable {
  /// Changes, and the verification passed on exactly that tree.
  case verified
  /// Changes; no verification was asked for.
  case changed
  /// No changes, and an answer where one was expected or allowed.
  case answered
  /// No changes, and the agent declared why none were needed.
  case unchanged
  /// Success was claimed, but the changes that were expected are missing.
  case empty
  /// No terminal event, or a torn stream.
  case incomplete
  /// The verification failed.
  case rejected
  /// Something outside the worktree was written.
  case escaped

  package var isSuccess: Bool {
    switch self {
    case .verified, .changed, .answered, .unchanged: true
    case .empty, .incomplete, .rejected, .escaped: false
    }
  }

  /// Weighs what a successful agent left behind.
  ///
  /// - Parameters:
  ///   - changed: whether the result's tree differs from the one the task started from.
  ///   - verified: whether the verification passed; nil when none was asked for.
  ///   - declaredNoChange: whether the agent said that nothing was needed.
  package static func of(
    expectation: Expectation, changed: Bool, hasAnswer: Bool, verified: Bool?,
    declaredNoChange: Bool
  ) -> Verdict {
    if verified == false { return .rejected }
    if changed { return verified == true ? .verified : .changed }
    switch expectation {
    case .changes: return declaredNoChange ? .unchanged : .empty
    case .answer: return hasAnswer ? .answered : .empty
    case .either:
      if declaredNoChange { return .unchanged }
      return hasAnswer ? .answered : .empty
    }
  }
}
