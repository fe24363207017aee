// Knows how one of several results of the same task is picked. Unaware of how results are verified.

/// The same task by every member, each in a worktree of its own; the best result is the task's.
///
/// Only results that pass the task's verification are chosen from. Events: one attempt a member, begun in the order
/// given; with a judge another; at last `decisionMade`, also when there was one result to choose from.
///
/// A candidate that fails is out, and the others go on; with `onError: "halt"` the first failure ends them all.
struct CandidatesStrategy: StrategyMachine {
  private let members: [StrategyMember]
  private let labels: [String]
  private let pick: CandidatePick
  private var gathering: Gathering
  private var isJudging = false

  init(_ members: [StrategyMember], pick: CandidatePick, onError: OnError?) {
    self.members = members
    self.pick = pick
    labels = StrategyMember.labels(members)
    gathering = Gathering(labels, onError: onError)
  }

  mutating func begin() -> [StrategyMove] {
    members.indices.map { place in
      .ask(
        StrategyRequest(
          key: place, doer: .member(members[place]), label: labels[place], role: .candidate,
          place: .own(place), verifies: true))
    }
  }

  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove] {
    if isJudging { return judged(result) }
    let moves = gathering.take(key, result)
    guard gathering.open == 0 else { return moves }
    return gathering.haltedBy.map { [.finish($0)] } ?? choose()
  }

  private mutating func choose() -> [StrategyMove] {
    let good = gathering.good
    guard let first = good.first else { return [.finish(gathering.failures.end)] }
    if good.count == 1 {
      var decision = Decision(rule: .only)
      decision.winner = first.label
      return won(first.place, decision)
    }
    switch pick {
    case .verify: return fewestFiles()
    case .judge(let judge):
      isJudging = true
      let answers = good.enumerated().map { ($0 + 1, $1.result.text ?? "") }
      let diffs = good.enumerated().compactMap { number, one in
        one.result.commit.map {
          PromptPiece.diff(label: "What candidate \(number + 1) changed", to: $0)
        }
      }
      return [
        .ask(
          StrategyRequest(
            key: members.count, doer: .member(judge), label: StrategyMember.labels([judge])[0],
            role: .judgement, round: 2,
            prompt: [.task, .text(StrategyPrompts.judge(count: good.count, answers: answers))]
              + diffs,
            place: .own(members.count), expect: .answer))
      ]
    }
  }

  private func fewestFiles() -> [StrategyMove] {
    let good = gathering.good
    let counts = good.map { $0.result.changedFiles ?? 0 }
    let least = counts.min() ?? 0
    let best = good.indices.filter { counts[$0] == least }
    var decision = Decision(rule: .fewestFiles)
    decision.winner = good[best[0]].label
    decision.scores = zip(good, counts).map { .init(proposal: $0.label, points: Double($1)) }
    if best.count > 1 {
      decision.tie = Decision.Tie(between: best.map { good[$0].label }, brokenBy: .order)
    }
    return won(good[best[0]].place, decision)
  }

  private func judged(_ result: AttemptResult) -> [StrategyMove] {
    if let cause = result.cause {
      return [.finish(.failed(cause, "the judge failed: \(result.message ?? cause.rawValue)"))]
    }
    let good = gathering.good
    guard case .judge(let judge) = pick else { return [] }
    let choice = Choice.read(result.text ?? "", choices: good.count, allowsAnswer: false)
    let name = StrategyMember.labels([judge])[0]
    let decision = Decision.alone(
      choice, rule: .judge, by: Decision.Member(label: name),
      proposals: good.map { Decision.Member(label: $0.label) })
    switch choice {
    case .proposal(let place): return won(good[place].place, decision)
    case .answer, .unreadable:
      let why = decision.unreadable.first?.why ?? "it chooses none"
      return [
        .tell(.decision(decision)),
        .finish(.failed(.undecided, "the choice of the judge `\(name)` cannot be read: \(why)")),
      ]
    }
  }

  private func won(_ place: Int, _ decision: Decision) -> [StrategyMove] {
    let failures = gathering.failures
    guard let winner = gathering.good.first(where: { $0.place == place }) else { return [] }
    return [
      .tell(.decision(decision)),
      .finish(
        StrategyEnd(
          text: winner.result.text,
          parts: winner.result.commit.map { [Step.Part(label: winner.label, commit: $0)] } ?? [],
          message: failures.isEmpty ? nil : failures.words,
          repairer: members[place])),
    ]
  }
}
