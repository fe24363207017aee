// Knows what a plan can ask for when tasks fail. Unaware of tasks and of why they failed.

/// What the failure of a task means for the others.
package enum OnError: String, Sendable, CaseIterable {
  /// Nothing new starts; what runs is left to end.
  case halt
  /// The tasks that need it are skipped and the rest goes on.
  case `continue`
  /// It is tried again as its `retry` says, three tries where it says nothing; then as `continue`.
  case retry
}

/// When a task may start, its needs having ended.
package enum StartCondition: String, Sendable, CaseIterable {
  /// All of its needs completed.
  case success
  /// However its needs ended, and also after a halt.
  case always
}
