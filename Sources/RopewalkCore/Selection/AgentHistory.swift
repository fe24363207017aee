// Knows how well agents did before, as a fold over events. Unaware of journals and runs.

/// What agents have done in earlier runs.
package struct AgentHistory: Sendable, Equatable {
  /// An agent is known by its name and its runner together: under another runner it is another.
  struct Key: Hashable {
    var agent: String
    var runner: String
  }

  package struct Record: Sendable, Equatable {
    package private(set) var attempts = 0
    package private(set) var successes = 0
    /// The mean time of the attempts that succeeded; nil when none did.
    package private(set) var meanSeconds: Double?

    mutating func add(success: Bool, seconds: Double) {
      attempts += 1
      guard success else { return }
      successes += 1
      let mean = meanSeconds ?? 0
      meanSeconds = mean + (max(0, seconds) - mean) / Double(successes)
    }
  }

  private var records: [Key: Record] = [:]

  package init() {}

  /// Nil for an agent that has not done anything yet.
  package subscript(agent: String, runner: String) -> Record? {
    records[Key(agent: agent, runner: runner)]
  }

  package mutating func add(agent: String, runner: String, success: Bool, seconds: Double) {
    records[Key(agent: agent, runner: runner), default: Record()]
      .add(success: success, seconds: seconds)
  }

  /// Takes in an ended attempt of a named agent; other events say nothing about agents.
  package mutating func apply(_ event: RunEvent) {
    guard case .attemptFinished(let result) = event.payload, let agent = event.subject.agent,
      let runner = event.subject.runner, result.cause?.tellsOfAgent ?? true
    else { return }
    add(agent: agent, runner: runner, success: result.isSuccess, seconds: result.seconds)
  }
}

extension FailureCause {
  /// Whether the agent, its CLI or its provider failed, and not the machine, the graph or the user.
  fileprivate var tellsOfAgent: Bool {
    switch self {
    case .conflict, .cancelled, .orphaned, .lost, .diskFull, .worktreeGone, .overBudget, .undecided:
      false
    case .couldNotStart, .timedOut, .idle, .outputLimit, .cannotBeKilled, .escaped, .notLoggedIn,
      .rateLimited, .limitReached, .requestRejected, .providerError, .interrupted, .agentError,
      .killedBySignal, .exitCode, .incomplete, .rejected, .empty:
      true
    }
  }
}
