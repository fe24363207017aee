// Knows which agent is best for a task, and why. Unaware of what agents do and of when.

/// Chooses agents for tasks whose plan names none.
///
/// An agent can do a task when it has every capability that the task demands. It suits the task
/// when it also has what the task's words suggest, as far as anybody has it. Of those that suit, are
/// awake and carry fewer tasks than they may, the one with the best `AgentScore` is taken; of equals
/// the one of more weight, then the one that stands first in the plan. A task rather waits for one
/// that suits than go to one that merely can.
package struct AgentSelection: Sendable {
  package struct Candidate: Sendable, Equatable {
    package var name: String
    package var runner: String
    package var capabilities: Set<String>
    package var weight: Double
    package var maxTasks: Int

    package init(
      name: String, runner: String, capabilities: Set<String> = [], weight: Double = 1,
      maxTasks: Int = AgentRole.standardMaxTasks
    ) {
      self.name = name
      self.runner = runner
      self.capabilities = capabilities
      self.weight = weight
      self.maxTasks = maxTasks
    }
  }

  /// How the agents stand at the moment of a choice.
  package struct Moment: Sendable {
    /// The tasks that an agent carries now, by its name.
    package var load: [String: Int] = [:]
    /// The agents that did what the task needs.
    package var affinity: Set<String> = []
    package var history = AgentHistory()
    /// Those that wait for a provider, or have failed too often.
    package var asleep: Set<String> = []

    package init() {}
  }

  package enum Answer: Sendable, Equatable {
    case assigned(Assignment)
    /// Somebody can do it, but not now; ask again when a task ends or an agent wakes.
    case wait(String)
    /// Nobody can ever do it, and why.
    case impossible(String)
  }

  package let candidates: [Candidate]

  /// - Parameter candidates: in the order of the plan.
  package init(_ candidates: [Candidate]) { self.candidates = candidates }

  /// Takes time linear in the candidates, but for the sorting of those that suit.
  package func choose(for task: TaskProfile, _ moment: Moment = Moment()) -> Answer {
    let able = candidates.filter { $0.capabilities.isSuperset(of: task.capabilities) }
    guard !able.isEmpty else { return .impossible(whyNobody(task.capabilities)) }
    let wishes = task.wishes.filter { !task.capabilities.contains($0) }
    let (suited, granted) = granting(wishes, able)
    let isFree = { (candidate: Candidate) in
      moment.load[candidate.name, default: 0] < candidate.maxTasks
        && !moment.asleep.contains(candidate.name)
    }
    let eligible = suited.filter(isFree)
    guard !eligible.isEmpty else { return .wait(whyNotNow(suited, moment)) }
    return .assigned(
      Assignment(
        ranked: ranked(eligible, moment),
        reserve: able.filter { !suited.contains($0) && isFree($0) },
        standing: standing(able: able.count, suited: suited.count, free: eligible.count),
        demands: task.capabilities + granted, moment))
  }

  /// The best first.
  private func ranked(
    _ eligible: [Candidate], _ moment: Moment
  ) -> [(candidate: Candidate, score: AgentScore)] {
    let fastest = eligible.compactMap { moment.history[$0.name, $0.runner]?.meanSeconds }.min()
    let scored = eligible.enumerated().map { place, candidate in
      (place: place, candidate: candidate, score: AgentScore(candidate, moment, fastest: fastest))
    }
    let sorted = scored.sorted { left, right in
      (right.score.total, right.candidate.weight, left.place)
        < (left.score.total, left.candidate.weight, right.place)
    }
    return sorted.map { ($0.candidate, $0.score) }
  }

  /// How the best one stands among the others; nil when the points decided.
  private func standing(able: Int, suited: Int, free: Int) -> String? {
    if able == 1 { return "it is the only agent that can" }
    if suited == 1 { return "it suits the task best" }
    return free == 1 ? "it is the only one free of \(suited) that suit" : nil
  }

  /// What the classifier would like is asked for only as far as somebody has it: a wish never
  /// leaves a task without an agent.
  private func granting(
    _ wishes: [String], _ able: [Candidate]
  ) -> (candidates: [Candidate], granted: [String]) {
    var candidates = able
    var granted: [String] = []
    for wish in wishes {
      let having = candidates.filter { $0.capabilities.contains(wish) }
      guard !having.isEmpty else { continue }
      candidates = having
      granted.append(wish)
    }
    return (candidates, granted)
  }

  private func whyNobody(_ demands: [String]) -> String {
    if candidates.isEmpty { return "the plan defines no agents" }
    let names = demands.map(\.quoted).joined(separator: ", ")
    let missing = demands.filter { demand in
      !candidates.contains { $0.capabilities.contains(demand) }
    }
    return missing.isEmpty
      ? "no one agent has all of \(names)"
      : "no agent has \(missing.map(\.quoted).joined(separator: ", "))"
  }

  private func whyNotNow(_ suited: [Candidate], _ moment: Moment) -> String {
    let states = suited.map { candidate in
      moment.asleep.contains(candidate.name)
        ? "`\(candidate.name)` is asleep"
        : "`\(candidate.name)` carries "
          + "\(Wording.count(moment.load[candidate.name, default: 0], "task")) already"
    }
    return states.joined(separator: ", ")
  }
}
