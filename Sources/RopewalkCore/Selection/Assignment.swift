// Knows what is told of a chosen agent. Unaware of how it was chosen.

/// An agent that was chosen for a task, with the reason.
package struct Assignment: Sendable, Equatable {
  package struct Scored: Sendable, Equatable {
    package var agent: String
    package var runner: String
    package var score: AgentScore
  }

  package var agent: String { ranking[0].agent }
  package var runner: String { ranking[0].runner }
  /// Those that would come next: first the others that suit as well, then who merely can.
  package let secondary: [String]
  /// One sentence without its full stop: "it is idle and has `swift`".
  package let justification: String
  /// How clear the choice was: 1 when no other suits as well, 0.5 when another has as many points.
  package let confidence: Double
  /// All that suit and are free, the best first. Never empty.
  package let ranking: [Scored]

  /// - Parameters:
  ///   - ranked: the best first; never empty.
  ///   - reserve: those that can do the task and are free, but suit it less.
  ///   - standing: how the best one stands among the others; nil when the points decided.
  ///   - demands: the capabilities that were asked for, all of which the ranked ones have.
  init(
    ranked: [(candidate: AgentSelection.Candidate, score: AgentScore)],
    reserve: [AgentSelection.Candidate], standing: String?, demands: [String],
    _ moment: AgentSelection.Moment
  ) {
    precondition(!ranked.isEmpty, "an assignment of nobody")
    ranking = ranked.map { Scored(agent: $0.name, runner: $0.runner, score: $1) }
    secondary = ranking.dropFirst().map(\.agent) + reserve.map(\.name)
    let (best, score) = ranked[0]
    confidence =
      ranked.count == 1
      ? 1 : 0.5 + 0.5 * min(1, (score.total - ranked[1].score.total) / AgentScore.idlePoints)
    let lead = standing ?? "of \(ranked.count) that suit, it scores \(Self.points(score.total))"
    justification = "\(lead): \(Self.reasons(best, score, demands, moment).listed)"
  }

  private static func reasons(
    _ candidate: AgentSelection.Candidate, _ score: AgentScore, _ demands: [String],
    _ moment: AgentSelection.Moment
  ) -> [String] {
    let tasks = moment.load[candidate.name, default: 0]
    var reasons = [tasks == 0 ? "it is idle" : "it carries \(Wording.count(tasks, "task"))"]
    if !demands.isEmpty { reasons.append("has \(demands.map(\.quoted).joined(separator: ", "))") }
    if score.affinity > 0 { reasons.append("did a task that this one needs") }
    if let record = moment.history[candidate.name, candidate.runner] {
      reasons.append(
        "succeeded in \(record.successes) of \(Wording.count(record.attempts, "attempt")) before")
    }
    return reasons
  }

  private static func points(_ points: Double) -> String {
    String(describing: (points * 10).rounded() / 10)
  }
}

extension [String] {
  /// "a, b and c".
  fileprivate var listed: String {
    count < 2 ? joined() : dropLast().joined(separator: ", ") + " and " + (last ?? "")
  }
}
