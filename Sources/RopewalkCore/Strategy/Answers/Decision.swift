// Knows what is told of a decision between proposals. Unaware of how the winner was found.

import RopewalkWire

/// How one of several proposals was decided on, as the report and the event `decisionMade` tell it.
package struct Decision: Sendable, Equatable {
  package enum Rule: String, Sendable, CaseIterable {
    /// Most votes.
    case majority
    /// Most weight of those who voted for it.
    case weighted
    /// Most votes, when they are a large enough share of the votes cast.
    case consensus
    /// One agent chose, or made an answer of its own from the proposals.
    case moderator
    /// One agent chose.
    case judge
    /// Of those that passed the verification, the least changed.
    case fewestFiles = "fewest changed files"
    /// There was nothing to choose from.
    case only = "the only one"
  }

  /// Somebody who votes or has proposed.
  package struct Member: Sendable, Equatable {
    /// Unique among the members: "dev", and "dev#2" where one agent takes part twice.
    package var label: String
    package var weight: Double

    package init(label: String, weight: Double = 1) {
      self.label = label
      self.weight = weight
    }
  }

  package struct Vote: Sendable, Equatable {
    package var voter: String
    /// The label of the proposal's member.
    package var choice: String
  }

  package struct Unreadable: Sendable, Equatable {
    package var voter: String
    package var why: String
  }

  package struct Tie: Sendable, Equatable {
    package enum Breaker: String, Sendable {
      /// Those who voted for the winner weigh more.
      case weight
      /// The winner stands first in the plan.
      case order
    }

    /// The proposals that were level, in the plan's order.
    package var between: [String]
    package var brokenBy: Breaker
  }

  package struct Score: Sendable, Equatable {
    package var proposal: String
    package var points: Double
  }

  package var rule: Rule
  /// The winner's label; nil when there is none.
  package var winner: String?
  /// In the order of the voters, as are the next two.
  package var votes: [Vote] = []
  package var abstained: [String] = []
  package var unreadable: [Unreadable] = []
  package var tie: Tie?
  /// What each proposal got: votes, or their weight. They add up to the votes cast.
  package var scores: [Score] = []
  /// The share of the votes cast that a consensus needs.
  package var threshold: Double?

  /// The decision of one agent; it has no winner when what the agent chose cannot be told.
  ///
  /// An answer of the agent's own makes the agent the winner.
  package static func alone(
    _ choice: Choice, rule: Rule, by agent: Member, proposals: [Member]
  ) -> Decision {
    var decision = Decision(rule: rule)
    switch choice {
    case .proposal(let place):
      decision.winner = proposals[place].label
      decision.votes = [Vote(voter: agent.label, choice: proposals[place].label)]
    case .answer:
      decision.winner = agent.label
      decision.votes = [Vote(voter: agent.label, choice: agent.label)]
    case .unreadable(let why):
      decision.unreadable = [Unreadable(voter: agent.label, why: why)]
    }
    return decision
  }
}

extension Decision {
  /// `{"rule":"majority","winner":"dev","votes":{"ann":"dev"},"abstained":[],"unreadable":[],"tie":null,"scores":{"dev":1}}`;
  /// `unreadableBecause` and `threshold` stand where there is something to say.
  package var json: JSON {
    let reasons = unreadable.map { ($0.voter, JSON.string($0.why)) }
    return .known([
      ("rule", .string(rule.rawValue)),
      ("winner", winner.map(JSON.string) ?? .null),
      ("votes", .object(votes.map { ($0.voter, .string($0.choice)) })),
      ("abstained", .array(abstained.map(JSON.string))),
      ("unreadable", .array(unreadable.map { .string($0.voter) })),
      ("unreadableBecause", reasons.isEmpty ? nil : .object(reasons)),
      ("tie", tie.map(\.json) ?? .null),
      ("scores", .object(scores.map { ($0.proposal, .double($0.points)) })),
      ("threshold", threshold.map(JSON.double)),
    ])
  }

  /// Reads back what `json` wrote; nil when it names no rule.
  package init?(_ value: JSONValue) {
    guard let rule = value["rule"]?.string.flatMap(Rule.init) else { return nil }
    self.init(rule: rule)
    winner = value["winner"]?.string
    votes = Self.members(value["votes"]) { Vote(voter: $0, choice: $1.string ?? "") }
    abstained = value["abstained"]?.elements.compactMap(\.string) ?? []
    let reasons = value["unreadableBecause"]
    unreadable = (value["unreadable"]?.elements.compactMap(\.string) ?? []).map {
      Unreadable(voter: $0, why: reasons?[$0]?.string ?? "")
    }
    tie = value["tie"].flatMap(Tie.init)
    scores = Self.members(value["scores"]) { Score(proposal: $0, points: $1.double ?? 0) }
    threshold = value["threshold"]?.double
  }

  private static func members<Item>(
    _ value: JSONValue?, _ item: (String, JSONValue) -> Item
  ) -> [Item] {
    value?.members.map { item($0.key, $0.value) } ?? []
  }
}

extension Decision.Tie {
  fileprivate var json: JSON {
    ["between": .array(between.map(JSON.string)), "brokenBy": .string(brokenBy.rawValue)]
  }

  fileprivate init?(_ value: JSONValue) {
    guard let brokenBy = value["brokenBy"]?.string.flatMap(Breaker.init) else { return nil }
    self.brokenBy = brokenBy
    between = value["between"]?.elements.compactMap(\.string) ?? []
  }
}
