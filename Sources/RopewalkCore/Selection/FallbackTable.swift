// Knows who takes over when an agent cannot go on. Unaware of programs: it is told which are missing.

/// By agent, those who take over, in the order in which they are asked.
package struct FallbackTable: Sendable, Equatable {
  private var chains: [AgentRole.Identity: [AgentRole]] = [:]
  private var missing: [AgentRole.Identity: String] = [:]

  package init() {}

  package subscript(role: AgentRole) -> [AgentRole] {
    get { chains[role.identity] ?? [] }
    set { chains[role.identity] = newValue }
  }

  /// Says that an agent cannot even be started: "`claude` was not found".
  package mutating func isMissing(_ role: AgentRole, because: String) {
    missing[role.identity] = because
  }

  func whyMissing(_ role: AgentRole) -> String? { missing[role.identity] }

  /// Who would take over from an agent: what it names, else the runners of its own runner's family.
  ///
  /// A runner that takes over keeps the agent's name, instructions and environment; model, arguments and command are
  /// the other CLI's affair. An agent that takes over is itself, with the instructions of the one it stands in for.
  ///
  /// - Parameter family: the other runners of a runner's family, in order; empty for one that is isolated.
  package static func candidates(
    for role: AgentRole, in plan: Plan, family: (String) -> [String]
  ) -> [AgentRole] {
    let names = role.fallback ?? family(role.runner)
    var seen: Set<String> = [role.name]
    return names.filter { seen.insert($0).inserted }.map { name in
      if role.fallback != nil, let agent = plan.agents.first(where: { $0.name == name }) {
        var other = agent
        other.role = role.role ?? agent.role
        return other
      }
      return AgentRole(
        name: role.name, runner: name, role: role.role, env: role.env, weight: role.weight,
        capabilities: role.capabilities)
    }
  }
}

extension FailureCause {
  /// Whether another agent can be expected to do better, and that at once: the fault is the CLI's, the login's or
  /// the provider's, not the task's.
  var callsForFallback: Bool {
    switch self {
    case .couldNotStart, .notLoggedIn, .rateLimited, .limitReached, .providerError: true
    case .conflict, .timedOut, .idle, .outputLimit, .cancelled, .orphaned, .cannotBeKilled, .lost,
      .diskFull, .worktreeGone, .escaped, .overBudget, .requestRejected, .interrupted, .agentError,
      .killedBySignal, .exitCode, .incomplete, .undecided, .rejected, .empty:
      false
    }
  }
}
