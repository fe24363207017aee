// Knows what the check of a plan tells, to people and to programs. Unaware of how it is asked for.

import RopewalkWire

/// What there is to say of a plan before it runs.
package struct CheckReport: Sendable, Equatable {
  /// What the graph of a good plan looks like, in the tasks' ids.
  package struct Graph: Sendable, Equatable {
    /// All tasks, in the order in which they would start one at a time.
    package var order: [TaskID]
    /// As in `GraphShape`.
    package var width: Int
    package var criticalPath: [TaskID]
  }

  /// In the order of the text; empty for a good plan.
  package var errors: [PlanError]
  /// Nil when the plan has errors.
  package var graph: Graph?

  package var isOK: Bool { errors.isEmpty }

  package init(_ result: Result<Plan, PlanErrors>) {
    switch result {
    case .success(let plan): self = CheckReport(plan)
    case .failure(let refusal):
      errors = refusal.errors
      graph = nil
    }
  }

  package init(_ plan: Plan) {
    let graph = TaskGraph(plan)
    switch TopologicalSort(graph, priorities: plan.tasks.map(\.priority)) {
    case .ordered(let order):
      let shape = GraphShape(graph, order: order)
      self.errors = []
      self.graph = Graph(
        order: order.map { plan.tasks[$0].id }, width: shape.width,
        criticalPath: shape.criticalPath.map { plan.tasks[$0].id })
    case .cycles(let cycles):
      preconditionFailure("a decoded plan has cycles: \(cycles)")
    }
  }

  /// `{"ok":true,"errors":[],"order":["schema","api"],"width":1,"criticalPath":["schema","api"]}`;
  /// the last three are null when there are errors.
  package var json: JSON { json(nil) }

  /// The same, with `"tasks"`, who does each and why, where that was asked for.
  package func json(_ explanation: Explanation?) -> JSON {
    .known([
      ("ok", .bool(isOK)), ("errors", .array(errors.map(\.json))),
      ("order", graph.map { Self.list($0.order) } ?? .null),
      ("width", graph.map { .int($0.width) } ?? .null),
      ("criticalPath", graph.map { Self.list($0.criticalPath) } ?? .null),
      ("tasks", explanation?.json),
    ])
  }

  /// The errors for people, three lines each at most; nil for a good plan.
  ///
  /// - Parameter file: the plan's name as the user knows it.
  package func errorText(file: String) -> String? {
    errors.isEmpty ? nil : PlanErrors(errors).text(file: file)
  }

  private static func list(_ ids: [TaskID]) -> JSON {
    .array(ids.map { .string($0.text) })
  }
}
