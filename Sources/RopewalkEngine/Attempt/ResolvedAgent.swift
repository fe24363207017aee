// Knows everything by which a task's agent is started: runner, program, version, the plan's words.
// Unaware of attempts.

import Foundation
import RopewalkCore

/// An agent whose runner and program were found.
package struct ResolvedAgent: Sendable {
  package var spec: RunnerSpec
  package var agent: AgentRole
  /// The program's path.
  package var program: String
  /// As the runner's version probe answered, where one was needed.
  package var version: String?
  /// How the output is read: the runner's rules, or those of the plan for a `command`.
  package var rules: OutputRules

  /// As the program is called by its users.
  package var name: String { agent.command?.first ?? spec.executable ?? program }
  /// The agent's role and what it is said to be good at, as it is told.
  package var role: String? { agent.introduction }

  /// "claude", or "reviewer (claude)".
  package var label: String {
    agent.name == spec.name ? spec.name : "\(agent.name) (\(spec.name))"
  }

  package func invocation(
    prompt: String, worktree: String, attempt: String, session: String?
  ) throws(InvocationError) -> Invocation {
    try Invocation(
      spec,
      Invocation.Request(
        prompt: prompt, model: agent.model, session: session, version: version,
        extraArguments: agent.arguments, extraEnvironment: agent.env, command: agent.command,
        worktree: worktree, attemptFolder: attempt))
  }

  /// What would be run, with the places of values still named.
  package var preview: [String] {
    do throws(InvocationError) {
      let invocation = try invocation(
        prompt: "{{prompt}}", worktree: "{{worktree}}", attempt: "{{attempt}}", session: nil)
      return [program] + invocation.arguments
    } catch {
      return [program]
    }
  }
}

/// Everyone who may be asked in a run, found on this machine.
package struct ResolvedAgents: Sendable {
  private var agents: [AgentRole.Identity: ResolvedAgent] = [:]

  package init() {}

  package subscript(role: AgentRole) -> ResolvedAgent? {
    get { agents[role.identity] }
    set { agents[role.identity] = newValue }
  }

  /// Whose limits are whose, where programs get that environment and their agents' own.
  func accounts(_ environment: [String: String]) -> AgentAccounts {
    var accounts = AgentAccounts()
    for resolved in agents.values {
      let agent = resolved.agent
      // A `command` has no file that says what tells its logins apart: whatever its agent sets may.
      let variables = agent.command == nil ? resolved.spec.account : Array(agent.env.keys)
      accounts[agent] = AgentAccount(
        runner: resolved.spec.name, variables: variables,
        environment: environment.merging(agent.env) { $1 }, command: agent.command)
    }
    return accounts
  }

  /// What their CLIs leave behind, as ignore patterns.
  package var litter: [String] { Set(agents.values.flatMap(\.spec.litter)).sorted() }
}

extension Attended.End {
  /// The end as the decoder takes it; what was ended only because it lived on counts as exit 0.
  func program(endedAfterResult: Bool) -> ProgramEnd {
    guard case .recorded(let record) = self else { return .unknown }
    if endedAfterResult { return .exit(0) }
    if let signal = record.signal { return .signal(Int(signal)) }
    return record.exit.map { .exit(Int($0)) } ?? .unknown
  }
}
