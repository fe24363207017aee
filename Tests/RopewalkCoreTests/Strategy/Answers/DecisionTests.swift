import RopewalkWire
import Testing

@testable import RopewalkCore

@Suite("Decisions by vote")
struct DecisionTests {
  private static func members(_ weights: [Double]) -> [Decision.Member] {
    weights.enumerated().map { Decision.Member(label: "m\($0)", weight: $1) }
  }

  @Test("the most votes win, and who did not vote is listed")
  func majority() {
    let decision = Decision.majority(
      ballots: [.vote(1), .vote(1), .vote(0), .abstained, .unreadable("it holds no vote")],
      voters: Self.members([1, 1, 9, 1, 1]), proposals: Self.members([1, 1, 1]))
    #expect(decision.winner == "m1")
    #expect(decision.tie == nil)
    #expect(decision.abstained == ["m3"])
    #expect(decision.unreadable == [.init(voter: "m4", why: "it holds no vote")])
    #expect(decision.scores.map(\.points) == [1, 2, 0])
  }

  @Test(
    "a tie is broken by weight, then by the plan's order, and says so",
    arguments: [
      ([1, 2], "m1", .weight), ([2, 1], "m0", .weight), ([1, 1], "m0", .order),
    ] as [([Double], String, Decision.Tie.Breaker)])
  func tie(weights: [Double], winner: String, breaker: Decision.Tie.Breaker) {
    let decision = Decision.majority(
      ballots: [.vote(0), .vote(1)], voters: Self.members(weights),
      proposals: Self.members([1, 1]))
    #expect(decision.winner == winner)
    #expect(decision.tie == Decision.Tie(between: ["m0", "m1"], brokenBy: breaker))
  }

  @Test("weights that differ only by rounding are level")
  func rounding() {
    let decision = Decision.weighted(
      ballots: [.vote(1), .vote(1), .vote(0)], voters: Self.members([0.1, 0.2, 0.3]),
      proposals: Self.members([1, 1]))
    #expect(decision.winner == "m0")
    #expect(decision.tie?.brokenBy == .order)
  }

  @Test("the most weight wins where votes are weighted")
  func weighted() {
    let decision = Decision.weighted(
      ballots: [.vote(0), .vote(0), .vote(1)], voters: Self.members([1, 1, 3]),
      proposals: Self.members([1, 1]))
    #expect(decision.winner == "m1")
    #expect(decision.scores.map(\.points) == [2, 3])
  }

  @Test(
    "a consensus needs its share of the votes that were cast",
    arguments: [(0.66, "m0"), (2.0 / 3, "m0"), (0.67, nil), (1, nil)] as [(Double, String?)])
  func consensus(threshold: Double, winner: String?) {
    let decision = Decision.consensus(
      ballots: [.vote(0), .vote(0), .vote(1), .abstained], voters: Self.members([1, 1, 1, 1]),
      proposals: Self.members([1, 1]), threshold: threshold)
    #expect(decision.winner == winner)
    #expect(decision.scores.map(\.points) == [2, 1])
  }

  @Test("without a vote nobody wins")
  func noVotes() {
    let nobody = Self.members([])
    let two = Self.members([1, 1])
    let silent: [Ballot] = [.abstained, .unreadable("")]
    for decision in [
      Decision.majority(ballots: [], voters: nobody, proposals: two),
      Decision.weighted(ballots: silent, voters: two, proposals: two),
      Decision.consensus(ballots: silent, voters: two, proposals: two, threshold: 0.5),
      Decision.majority(ballots: [.abstained], voters: Self.members([1]), proposals: nobody),
    ] {
      #expect(decision.winner == nil)
      #expect(decision.tie == nil)
    }
  }

  @Test("an agent that decides alone names a proposal, answers itself, or decides nothing")
  func alone() {
    let judge = Decision.Member(label: "judge")
    let decide = {
      Decision.alone($0, rule: .moderator, by: judge, proposals: Self.members([1, 1]))
    }
    #expect(decide(.proposal(1)).winner == "m1")
    #expect(decide(.answer("text")).winner == "judge")
    #expect(decide(.unreadable("why")).winner == nil)
    #expect(decide(.unreadable("why")).unreadable == [.init(voter: "judge", why: "why")])
  }

  @Test("the order of the voters changes no winner, no tie and no score", arguments: 0..<300)
  func permutations(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let proposals = Self.members([1, 1, 1])
    let weights = [0.1, 0.2, 0.3, 1, 2]
    let cast: [(Ballot, Decision.Member)] = (0..<Int.random(in: 0...7, using: &random)).map {
      let vote = Int.random(in: 0...4, using: &random)
      let ballot: Ballot = vote < 3 ? .vote(vote) : vote == 3 ? .abstained : .unreadable("x")
      let weight = weights.randomElement(using: &random) ?? 1
      return (ballot, Decision.Member(label: "v\($0)", weight: weight))
    }
    let shuffled = cast.shuffled(using: &random)
    for rule in [Decision.Rule.majority, .weighted, .consensus] {
      let first = Self.decide(rule, cast, proposals)
      let second = Self.decide(rule, shuffled, proposals)
      #expect(first.winner == second.winner)
      #expect(first.tie == second.tie)
      #expect(first.votes.count + first.abstained.count + first.unreadable.count == cast.count)
      let sum = first.scores.reduce(0) { $0 + $1.points }
      let castWeight = cast.reduce(0.0) { sum, vote in
        if case .vote = vote.0 { sum + vote.1.weight } else { sum }
      }
      let expected = rule == .weighted ? castWeight : Double(first.votes.count)
      #expect(abs(sum - expected) < 1e-9)
      let document = try JSONDocument(first.json.text)
      #expect(Decision(document.root) == first)
    }
  }

  private static func decide(
    _ rule: Decision.Rule, _ cast: [(Ballot, Decision.Member)], _ proposals: [Decision.Member]
  ) -> Decision {
    let (ballots, voters) = (cast.map(\.0), cast.map(\.1))
    switch rule {
    case .weighted:
      return .weighted(ballots: ballots, voters: voters, proposals: proposals)
    case .consensus:
      return .consensus(ballots: ballots, voters: voters, proposals: proposals, threshold: 0.5)
    case .majority, .moderator, .judge, .fewestFiles, .only:
      return .majority(ballots: ballots, voters: voters, proposals: proposals)
    }
  }

  @Test("the report tells a decision in the shape that programs rely on")
  func json() {
    let decision = Decision.majority(
      ballots: [.vote(0), .vote(1), .abstained, .unreadable("it holds no vote")],
      voters: ["ann", "dev", "dev#2", "eve"].map { Decision.Member(label: $0) },
      proposals: ["ann", "dev"].map { Decision.Member(label: $0) })
    #expect(
      decision.json.text == #"{"rule":"majority","winner":"ann","#
        + #""votes":{"ann":"ann","dev":"dev"},"abstained":["dev#2"],"unreadable":["eve"],"#
        + #""unreadableBecause":{"eve":"it holds no vote"},"#
        + #""tie":{"between":["ann","dev"],"brokenBy":"order"},"scores":{"ann":1,"dev":1}}"#)
  }
}
