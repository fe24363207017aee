// Knows how proposals are made, criticised and decided upon. Unaware of how votes are counted.

/// Proposals in parallel, `rounds` of critique in which each member sees all proposals, then the decision.
///
/// Every member has a worktree of its own and keeps it. Proposals are handed on whole, by number and without names,
/// so that none can be taken for somebody else's. Events: `proposalMade` for each proposal in the members' order; for
/// each round `debateRound`, then again the proposals in that order; at last `decisionMade`.
///
/// A member that fails or proposes nothing is out, and the others go on; with `onError: "halt"` the first failure ends
/// the debate. What is left of a debate with one proposal is that proposal.
struct DebateStrategy: StrategyMachine {
  private let members: [StrategyMember]
  private let labels: [String]
  private let weights: [Double]
  private let rounds: Int
  private let rule: DecisionRule
  private let onError: OnError?
  /// The newest proposal of each member that is still in.
  private var proposals: [AttemptResult?]
  private var gathering: Gathering
  /// Which member each place of `gathering` stands for.
  private var asked: [Int]
  private var stage = Stage.proposals
  private var failures = MemberFailures()
  private var base = 0

  private enum Stage {
    case proposals
    case critique(Int)
    case votes
    case moderator
  }

  /// - Parameter weights: how much each member's vote counts, in the members' order.
  init(
    _ members: [StrategyMember], weights: [Double], rounds: Int, _ rule: DecisionRule,
    onError: OnError?
  ) {
    self.members = members
    self.weights = weights
    self.rounds = rounds
    self.rule = rule
    self.onError = onError
    labels = StrategyMember.labels(members)
    proposals = Array(repeating: nil, count: members.count)
    gathering = Gathering(labels, onError: onError)
    asked = Array(members.indices)
  }

  mutating func begin() -> [StrategyMove] { askAll(.proposal, round: 0) { _ in [] } }

  /// Asks every member that is still in.
  private mutating func askAll(
    _ role: StepRole, round: Int, _ words: (Int) -> [PromptPiece]
  ) -> [StrategyMove] {
    gathering = Gathering(asked.map { labels[$0] }, onError: onError)
    base += members.count
    return asked.enumerated().map { place, member in
      var request = StrategyRequest(
        key: base + place, doer: .member(members[member]), label: labels[member], role: role,
        round: round, prompt: [.task] + words(member), place: .own(member),
        start: proposals[member]?.commit)
      if role == .vote { request.expect = .answer }
      // Who finds nothing to improve may leave the work as it is, also where the task expects changes.
      if role == .critique { request.expect = .either }
      return .ask(request)
    }
  }

  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove] {
    if case .moderator = stage { return moderated(result) }
    let moves = gathering.take(key - base, result)
    guard gathering.open == 0 else { return moves }
    if let haltedBy = gathering.haltedBy { return [.finish(haltedBy)] }
    switch stage {
    case .proposals: return proposed(round: 0)
    case .critique(let round): return proposed(round: round)
    case .votes: return counted()
    case .moderator: return []
    }
  }

  // MARK: - Rounds

  private mutating func proposed(round: Int) -> [StrategyMove] {
    for (label, result) in gathering.failures.failures { failures.add(label, result) }
    var news: [StrategyMove] = []
    for (place, label, result) in gathering.good {
      var result = result
      let member = asked[place]
      result.commit = result.commit ?? proposals[member]?.commit
      if result.isEmptyProposal {
        // Nothing new to say after a critique is no withdrawal.
        if proposals[member] == nil {
          failures.add(label, AttemptResult(failed: .empty, "it proposed nothing"))
        }
        continue
      }
      proposals[member] = result
      news.append(.tell(.proposal(member: label, round: round, text: result.text ?? "")))
    }
    // A critique that failed takes nothing from the proposal that was made before it.
    asked = members.indices.filter { proposals[$0] != nil }
    if asked.isEmpty { return [.finish(failures.end)] }
    if asked.count == 1 { return news + alone() }
    if round < rounds { return news + critique(round + 1) }
    return news + decide()
  }

  private var numbered: [(number: Int, text: String)] {
    asked.enumerated().map { ($0 + 1, proposals[$1]?.text ?? "") }
  }

  /// What proposals changed, where any changed something.
  private var diffs: [PromptPiece] {
    asked.enumerated().compactMap { place, member in
      proposals[member]?.commit.map { .diff(label: "What proposal \(place + 1) changed", to: $0) }
    }
  }

  private mutating func critique(_ round: Int) -> [StrategyMove] {
    stage = .critique(round)
    let (numbered, asked, diffs) = (numbered, asked, diffs)
    return [.tell(.round(round, of: rounds))]
      + askAll(.critique, round: round) { member in
        let own = asked.firstIndex(of: member).map { $0 + 1 }
        return [.text(StrategyPrompts.critique(own, numbered))] + diffs
      }
  }

  // MARK: - The decision

  private mutating func decide() -> [StrategyMove] {
    guard case .moderator(let moderator) = rule else {
      stage = .votes
      let words = [PromptPiece.text(StrategyPrompts.vote(numbered))] + diffs
      return askAll(.vote, round: rounds + 1) { _ in words }
    }
    stage = .moderator
    return [
      .ask(
        StrategyRequest(
          key: -1, doer: .member(moderator), label: StrategyMember.labels([moderator])[0],
          role: .decision, round: rounds + 1,
          prompt: [.task, .text(StrategyPrompts.moderate(numbered))] + diffs,
          place: .own(members.count), expect: .answer))
    ]
  }

  private var electorate: [Decision.Member] {
    asked.map { Decision.Member(label: labels[$0], weight: weights[$0]) }
  }

  private mutating func counted() -> [StrategyMove] {
    let good = gathering.good
    let ballots = asked.indices.map { place -> Ballot in
      guard let vote = good.first(where: { $0.place == place })?.result else {
        return .unreadable("the voter failed")
      }
      return Ballot.read(vote.text ?? "", choices: asked.count)
    }
    let decision: Decision =
      switch rule {
      case .weighted: .weighted(ballots: ballots, voters: electorate, proposals: electorate)
      case .consensus(let threshold):
        .consensus(
          ballots: ballots, voters: electorate, proposals: electorate, threshold: threshold)
      case .majority, .moderator:
        .majority(ballots: ballots, voters: electorate, proposals: electorate)
      }
    return settle(decision)
  }

  /// Only one proposal is left, so there is nothing to decide between.
  private mutating func alone() -> [StrategyMove] {
    var decision = Decision(rule: .only)
    decision.winner = labels[asked[0]]
    return settle(decision)
  }

  private func settle(_ decision: Decision) -> [StrategyMove] {
    guard let place = asked.firstIndex(where: { labels[$0] == decision.winner }) else {
      return [
        .tell(.decision(decision)),
        .finish(.failed(.undecided, decision.words)),
      ]
    }
    return [.tell(.decision(decision)), .finish(won(asked[place]))]
  }

  private func won(_ member: Int) -> StrategyEnd {
    let proposal = proposals[member]
    return StrategyEnd(
      text: proposal?.text,
      parts: proposal?.commit.map { [Step.Part(label: labels[member], commit: $0)] } ?? [],
      message: failures.isEmpty ? nil : failures.words, isPartial: !failures.isEmpty,
      repairer: members[member])
  }

  private func moderated(_ result: AttemptResult) -> [StrategyMove] {
    if let cause = result.cause {
      return [
        .finish(
          .failed(cause, "the moderator failed: \(result.message ?? cause.rawValue)"))
      ]
    }
    guard case .moderator(let moderator) = rule else { return [] }
    let choice = Choice.read(result.text ?? "", choices: asked.count, allowsAnswer: true)
    let name = StrategyMember.labels([moderator])[0]
    let decision = Decision.alone(
      choice, rule: .moderator, by: Decision.Member(label: name), proposals: electorate)
    switch choice {
    case .proposal: return settle(decision)
    case .answer(let text):
      var end = won(asked[0])
      end.text = text
      end.parts = result.commit.map { [Step.Part(label: name, commit: $0)] } ?? []
      end.repairer = moderator
      return [.tell(.decision(decision)), .finish(end)]
    case .unreadable(let why):
      return [
        .tell(.decision(decision)),
        .finish(
          .failed(.undecided, "the choice of the moderator `\(name)` cannot be read: \(why)")),
      ]
    }
  }
}

extension Decision {
  /// Why there is no winner.
  fileprivate var words: String {
    if votes.isEmpty { return "nobody voted: \(voiceless)" }
    guard let threshold, let best = scores.max(by: { $0.points < $1.points }) else {
      return "no proposal won"
    }
    let needed = Int((threshold * 100).rounded())
    return "no proposal has \(needed) % of the votes: the nearest, `\(best.proposal)`, has "
      + "\(Int(best.points)) of \(votes.count)"
  }

  private var voiceless: String {
    let parts = [
      abstained.isEmpty ? nil : "\(abstained.joined(separator: ", ")) abstained",
      unreadable.isEmpty
        ? nil : unreadable.map { "\($0.voter): \($0.why)" }.joined(separator: ", "),
    ]
    return parts.compactMap(\.self).joined(separator: "; ")
  }
}

extension AttemptResult {
  /// Neither words nor work.
  fileprivate var isEmptyProposal: Bool {
    commit == nil && (text ?? "").allSatisfy(\.isWhitespace)
  }
}
