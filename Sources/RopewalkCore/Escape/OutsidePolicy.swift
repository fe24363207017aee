// Knows what a plan can ask for when something outside of the worktrees changes. Unaware of how that is seen.

/// What becomes of an attempt while which something outside of its worktree was changed.
///
/// Nothing tells an agent's hand from that of the user who works in the same checkout at the same time, so it is the
/// user who says which of the two is likelier.
package enum OutsidePolicy: String, Sendable, CaseIterable {
  /// It failed: whoever may have done it did it.
  case fail
  /// It stands, and what was changed is noted.
  case warn
  /// Nobody looks.
  case ignore
}
