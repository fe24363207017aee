// Knows what of a plan has to be there on this machine before a run can start or go on. Unaware of runs.

import Foundation
import RopewalkCore

/// Finds everybody whom a plan may ask, and the program that attends them.
struct RunPrograms {
  let environment: [String: String]
  /// Within the repository.
  let directory: String
  /// The path of `ropewalk-attend`.
  let attendant: String
  /// The plan's file as the user knows it.
  let planFile: String

  /// Decides what the plan leaves open; a plan that names everybody costs no look at the past.
  func choice(_ plan: inout Plan, _ repository: Repository) throws -> AgentChoice {
    guard plan.tasks.contains(where: { $0.needsChoice || $0.strategy.kind == .auto }) else {
      return AgentChoice(plan)
    }
    let history = HistoryReader.read(RunStore(stateDirectory: repository.stateDirectory))
    let classifier = try ClassifierFile.classifier(environment: environment)
    plan = plan.decidingStrategies(classifier, history: history).plan
    return AgentChoice(plan, classifier: classifier, history: history)
  }

  /// - Throws: `PlanRefusal`, `MissingPrograms`.
  func agents(_ plan: Plan) async throws -> (agents: ResolvedAgents, fallbacks: FallbackTable) {
    let catalog = try RunnerFolders(environment: environment).catalog()
    do {
      return try await AgentResolution(
        catalog: catalog, environment: environment, directory: directory
      ).resolve(plan)
    } catch let errors as PlanErrors {
      throw PlanRefusal(file: planFile, errors: errors)
    }
  }

  func checkAttendant() throws(MissingPrograms) {
    guard access(attendant, X_OK) != 0 else { return }
    throw MissingPrograms([
      MissingPrograms.Missing(
        name: "ropewalk-attend", wantedBy: [], hint: "it belongs beside the program: \(attendant)")
    ])
  }
}
