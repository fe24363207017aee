// Knows how votes are counted and how a tie is broken. Unaware of how they were cast.

extension Decision {
  /// The proposal with the most votes wins.
  ///
  /// Voters and ballots belong together by their places. Of several with as many votes the one
  /// wins whose voters weigh more, then the one that stands first in the plan. The order of the
  /// voters changes nothing but the order in which they are listed.
  package static func majority(
    ballots: [Ballot], voters: [Member], proposals: [Member]
  ) -> Decision {
    Tally(ballots, voters, proposals).decision(.majority)
  }

  /// The proposal whose voters weigh most wins; of several the one that stands first in the plan.
  package static func weighted(
    ballots: [Ballot], voters: [Member], proposals: [Member]
  ) -> Decision {
    Tally(ballots, voters, proposals).decision(.weighted)
  }

  /// As `majority`, but there is a winner only when its share of the votes cast, from 0 to 1,
  /// reaches the threshold. Who abstains or cannot be read has cast no vote.
  package static func consensus(
    ballots: [Ballot], voters: [Member], proposals: [Member], threshold: Double
  ) -> Decision {
    let tally = Tally(ballots, voters, proposals)
    var decision = tally.decision(.consensus)
    decision.threshold = threshold
    let most = Double(tally.counts.max() ?? 0)
    if most < threshold * Double(decision.votes.count) - Tally.rounding {
      decision.winner = nil
      decision.tie = nil
    }
    return decision
  }
}

/// The votes for each proposal.
private struct Tally {
  /// Sums of weights that differ by less are level: their order may have rounded them.
  static let rounding = 1e-9

  /// By the proposals' places.
  private(set) var counts: [Int]
  private(set) var weights: [Double]
  private let proposals: [Decision.Member]
  private let voters: [Decision.Member]
  private let ballots: [Ballot]

  init(_ ballots: [Ballot], _ voters: [Decision.Member], _ proposals: [Decision.Member]) {
    precondition(
      ballots.count == voters.count, "\(ballots.count) ballots of \(voters.count) voters")
    self.ballots = ballots
    self.voters = voters
    self.proposals = proposals
    counts = Array(repeating: 0, count: proposals.count)
    weights = Array(repeating: 0, count: proposals.count)
    for case (.vote(let place), let voter) in zip(ballots, voters) {
      counts[place] += 1
      weights[place] += voter.weight
    }
  }

  func decision(_ rule: Decision.Rule) -> Decision {
    var decision = Decision(rule: rule)
    for (ballot, voter) in zip(ballots, voters) {
      switch ballot {
      case .vote(let place):
        decision.votes.append(.init(voter: voter.label, choice: proposals[place].label))
      case .abstained: decision.abstained.append(voter.label)
      case .unreadable(let why): decision.unreadable.append(.init(voter: voter.label, why: why))
      }
    }
    let points = rule == .weighted ? weights : counts.map(Double.init)
    decision.scores = zip(proposals, points).map { .init(proposal: $0.label, points: $1) }
    let level = leaders(among: proposals.indices.filter { counts[$0] > 0 }, by: points)
    let heaviest = leaders(among: level, by: weights)
    decision.winner = heaviest.first.map { proposals[$0].label }
    if level.count > 1 {
      decision.tie = .init(
        between: level.map { proposals[$0].label },
        brokenBy: heaviest.count == 1 ? .weight : .order)
    }
    return decision
  }

  /// Those with the most points, in the plan's order.
  private func leaders(among places: [Int], by points: [Double]) -> [Int] {
    guard let most = places.map({ points[$0] }).max() else { return [] }
    return places.filter { points[$0] >= most - Self.rounding }
  }
}
