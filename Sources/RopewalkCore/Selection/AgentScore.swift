// Knows what speaks for an agent at the moment of a choice, in points. Unaware of the other agents.

/// The points of one agent for one task.
package struct AgentScore: Sendable, Equatable {
  /// For an agent that carries no task.
  static let idlePoints = 10.0
  /// For each task that it carries fewer than three.
  static let pointsPerFreeSlot = 2.0
  /// For an agent that always succeeded; half of them for one that nobody knows.
  static let successPoints = 5.0
  /// For the fastest of those that can be chosen; half of them for one whose speed nobody knows.
  static let speedPoints = 3.0
  /// For the agent that did what the task needs.
  static let affinityPoints = 3.0

  package var idle: Double
  package var load: Double
  package var success: Double
  package var speed: Double
  package var affinity: Double

  package var total: Double { idle + load + success + speed + affinity }

  /// - Parameter fastest: the least mean time of those that can be chosen; nil when none is known.
  init(
    _ candidate: AgentSelection.Candidate, _ moment: AgentSelection.Moment, fastest: Double?
  ) {
    let tasks = moment.load[candidate.name, default: 0]
    let record = moment.history[candidate.name, candidate.runner]
    idle = tasks == 0 ? Self.idlePoints : 0
    load = Self.pointsPerFreeSlot * Double(AgentRole.standardMaxTasks - tasks)
    // One success and one failure are added, so that a single attempt is no proof.
    let successes = Double(record?.successes ?? 0) + 1
    success = Self.successPoints * successes / (Double(record?.attempts ?? 0) + 2)
    speed = Self.speedPoints * Self.speed(record?.meanSeconds, fastest)
    affinity = moment.affinity.contains(candidate.name) ? Self.affinityPoints : 0
  }

  /// From 0 to 1 for the fastest.
  private static func speed(_ mean: Double?, _ fastest: Double?) -> Double {
    guard let mean, let fastest else { return 0.5 }
    return mean > 0 ? fastest / mean : 1
  }
}
