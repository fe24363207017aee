// Knows how a plan's agents become programs on this machine. Unaware of what they are asked.

import Foundation
import RopewalkCore

/// Programs that a plan needs and that are not here: all of them at once.
package struct MissingPrograms: Error, Sendable, Equatable {
  package struct Missing: Sendable, Equatable {
    package var name: String
    /// The runners, or the agents, that need it.
    package var wantedBy: [String]
    package var hint: String?
  }

  package var missing: [Missing]

  package init(_ missing: [Missing]) { self.missing = missing }
}

/// Finds the runner and the program of every task.
package struct AgentResolution: Sendable {
  private let catalog: RunnerCatalog
  private let environment: [String: String]
  private let directory: String

  package init(catalog: RunnerCatalog, environment: [String: String], directory: String) {
    self.catalog = catalog
    self.environment = environment
    self.directory = directory
  }

  /// Everyone who may be asked, and who takes over from whom.
  ///
  /// An agent whose program is missing is no error where another takes over.
  ///
  /// - Throws: `PlanErrors` for runners that nobody knows or rules that are wrong;
  ///   `MissingPrograms` for programs that are not in PATH.
  package func resolve(
    _ plan: Plan
  ) async throws -> (agents: ResolvedAgents, fallbacks: FallbackTable) {
    try checkRunners(plan)
    let search = ProgramSearch(environment: environment, directory: directory)
    var missing: [String: MissingPrograms.Missing] = [:]
    var resolved = ResolvedAgents()
    var fallbacks = FallbackTable()
    var seen: Set<AgentRole.Identity> = []
    for task in plan.tasks {
      for agent in plan.everyone(in: task) where seen.insert(agent.identity).inserted {
        let chain = try await substitutes(for: agent, plan, search, &resolved)
        fallbacks[agent] = chain
        if try await find(agent, search, &resolved) { continue }
        let name = program(of: agent)
        let found = Self.missing(name, search)
        if chain.isEmpty {
          missing[name, default: found].wantedBy.append(agent.name)
        } else {
          fallbacks.isMissing(agent, because: "`\(name)` was not found; \(found.hint ?? "")")
        }
      }
    }
    try checkPrompts(plan, resolved)
    guard missing.isEmpty else {
      throw MissingPrograms(
        missing.values.sorted { $0.name < $1.name }.map {
          MissingPrograms.Missing(
            name: $0.name, wantedBy: Set($0.wantedBy).sorted(), hint: $0.hint)
        })
    }
    return (resolved, fallbacks)
  }

  /// Those of an agent's substitutes that are on this machine.
  private func substitutes(
    for agent: AgentRole, _ plan: Plan, _ search: ProgramSearch, _ resolved: inout ResolvedAgents
  ) async throws -> [AgentRole] {
    let family = catalog[agent.runner]?.spec.family
    let candidates = FallbackTable.candidates(for: agent, in: plan) { runner in
      catalog.names.filter { $0 != runner && catalog[$0]?.spec.family == family }
    }
    var found: [AgentRole] = []
    for role in candidates where try await find(role, search, &resolved) { found.append(role) }
    return found
  }

  private func program(of agent: AgentRole) -> String {
    agent.command?.first ?? catalog[agent.runner]?.spec.executable ?? agent.runner
  }

  /// Looks for an agent's program; false when there is none.
  private func find(
    _ agent: AgentRole, _ search: ProgramSearch, _ resolved: inout ResolvedAgents
  ) async throws -> Bool {
    if resolved[agent] != nil { return true }
    guard let entry = catalog[agent.runner], let program = search.find(program(of: agent)) else {
      return false
    }
    resolved[agent] = try await resolve(agent, entry.spec, program)
    return true
  }

  private static func missing(_ name: String, _ search: ProgramSearch) -> MissingPrograms.Missing {
    if let path = search.anyFile(name) {
      return MissingPrograms.Missing(
        name: name, wantedBy: [], hint: "`\(path)` is there, but it is no executable file")
    }
    let near = name.contains("/") ? nil : NearName.nearest(to: name, in: search.names())
    let hint =
      near.map { "did you mean `\($0)`?" }
      ?? "PATH is \(search.path.joined(separator: ":"))"
    return MissingPrograms.Missing(name: name, wantedBy: [], hint: hint)
  }

  private func checkRunners(_ plan: Plan) throws(PlanErrors) {
    let wanted =
      plan.agents.map { ("agents.\($0.name).runner", $0.runner) }
      + plan.tasks.enumerated().filter { $1.agentName == nil && $1.isAssigned }.map {
        ("tasks[\($0)].runner", $1.runnerName)
      }
    var errors = wanted.filter { catalog[$0.1] == nil }.map { path, name in
      PlanError(
        path: path, message: "there is no runner `\(name)`",
        hint: NearName.hint(for: name, in: catalog.names, owner: "there are"))
    }
    let names = plan.agents.map(\.name) + catalog.names
    for agent in plan.agents {
      for (place, name) in (agent.fallback ?? []).enumerated() where !names.contains(name) {
        errors.append(
          PlanError(
            path: "agents.\(agent.name).fallback[\(place)]",
            message: "there is no agent and no runner `\(name)`",
            hint: NearName.hint(for: name, in: names, owner: "there are")))
      }
    }
    if !errors.isEmpty { throw PlanErrors(errors) }
  }

  /// Prompts that cannot reach their program are refused before anything starts. What the outputs
  /// of needs add to a prompt is not known yet; the attempt looks again.
  private func checkPrompts(
    _ plan: Plan, _ agents: ResolvedAgents
  ) throws(PlanErrors) {
    var errors: [PlanError] = []
    for (index, task) in plan.tasks.enumerated() {
      for role in plan.agents(of: task) {
        guard let agent = agents[role] else { continue }
        do throws(InvocationError) {
          _ = try agent.invocation(
            prompt: task.prompt.source, worktree: "", attempt: "", session: nil)
        } catch {
          errors.append(PlanError(path: "tasks[\(index)].prompt", message: "\(error)"))
        }
      }
    }
    if !errors.isEmpty { throw PlanErrors(errors) }
  }

  private func resolve(
    _ agent: AgentRole, _ spec: RunnerSpec, _ program: String
  ) async throws -> ResolvedAgent {
    var spec = spec
    var version: String?
    if spec.needsVersion {
      version = try await RunnerProbe(environment: environment).version(spec, program)
      spec = try catalog.variant(of: spec.name, version: version)
    }
    var rules = spec.output
    if let output = agent.output { rules = try OutputRules.decode(output).get() }
    return ResolvedAgent(
      spec: spec, agent: agent, program: program, version: version, rules: rules)
  }
}
