// Knows what a plan can want where a provider's limit is hit. Unaware of who is limited.

/// What becomes of a task whose agent is limited, when nobody else who may take over is awake.
package enum OnLimit: String, Sendable, CaseIterable {
  /// It waits until the agent wakes, and loses no try.
  case wait
  /// It fails with the cause `rateLimited`.
  case fail
}
