// Knows how members share a task out among themselves. Unaware of how their results are merged.

/// All members at once, each in a worktree of its own, with its own prompt or its domain's share of the task's.
///
/// The results are merged in the order given. Events: the attempts begin in the order given and end in any. A member
/// that fails fails the task once all have ended; `onError: "halt"` ends the others at once, `"continue"` goes on with
/// a partial result.
struct ParallelStrategy: StrategyMachine {
  private let members: [StrategyMember]
  private let labels: [String]
  private var gathering: Gathering

  init(_ members: [StrategyMember], onError: OnError?) {
    self.members = members
    labels = StrategyMember.labels(members)
    gathering = Gathering(labels, onError: onError)
  }

  mutating func begin() -> [StrategyMove] {
    members.indices.map { place in
      let share = PromptPiece.text(StrategyPrompts.share(labels[place], of: labels))
      let hasOwn = members[place].prompt != nil || members.count == 1
      return .ask(
        StrategyRequest(
          key: place, doer: .member(members[place]), label: labels[place], role: .work,
          prompt: hasOwn ? [.task] : [.task, share], place: .own(place), expect: .either))
    }
  }

  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove] {
    let moves = gathering.take(key, result)
    return gathering.open > 0 ? moves : [.finish(gathering.end(repairer: members.first))]
  }
}
