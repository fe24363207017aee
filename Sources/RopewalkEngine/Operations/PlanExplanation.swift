// Knows what is looked at to say who would do each task of a plan. Unaware of how that is shown.

import RopewalkCore

/// Explains a plan's agents and strategies before anything runs, as an idle machine would choose them.
package struct PlanExplanation: Sendable {
  private let directory: String
  private let environment: [String: String]

  package init(directory: String, environment: [String: String]) {
    self.directory = directory
    self.environment = environment
  }

  /// - Throws: what is wrong with the user's `classifier.json`.
  package func explain(_ plan: Plan) async throws -> Explanation {
    let classifier = try ClassifierFile.classifier(environment: environment)
    return Explanation(plan, classifier: classifier, history: await history())
  }

  /// What agents did before in this repository; nothing where there is none.
  private func history() async -> AgentHistory {
    // Outside of a repository a plan can be explained as well.
    guard let repository = try? await Repository.find(from: directory, environment: environment)
    else { return AgentHistory() }
    return HistoryReader.read(RunStore(stateDirectory: repository.stateDirectory))
  }
}
