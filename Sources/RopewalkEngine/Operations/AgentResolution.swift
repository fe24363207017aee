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

  /// - Throws: `PlanErrors` for runners that nobody knows or rules that are wrong;
  ///   `MissingPrograms` for programs that are not in PATH.
  package func resolve(_ plan: Plan) async throws -> ResolvedAgents {
    try checkRunners(plan)
    let search = ProgramSearch(environment: environment, directory: directory)
    var missing: [String: MissingPrograms.Missing] = [:]
    var resolved = ResolvedAgents()
    for task in plan.tasks {
      for agent in plan.agents(of: task) where resolved[agent] == nil {
        guard let entry = catalog[agent.runner] else { continue }
        let name = agent.command?.first ?? entry.spec.executable ?? entry.spec.name
        guard let program = search.find(name) else {
          missing[name, default: Self.missing(name, search)].wantedBy.append(agent.name)
          continue
        }
        resolved[agent] = try await resolve(agent, entry.spec, program, plan)
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
    return resolved
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
    let errors = wanted.filter { catalog[$0.1] == nil }.map { path, name in
      PlanError(
        path: path, message: "there is no runner `\(name)`",
        hint: NearName.hint(for: name, in: catalog.names, owner: "there are"))
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
    _ agent: AgentRole, _ spec: RunnerSpec, _ program: String, _ plan: Plan
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
