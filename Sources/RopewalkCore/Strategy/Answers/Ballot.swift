// Knows how an agent votes. Unaware of how votes are counted.

/// An agent's vote for one of several proposals.
package enum Ballot: Sendable, Equatable {
  /// For the proposal at that place, from 0.
  case vote(Int)
  /// For none of them.
  case abstained
  /// It cannot be told what was meant, and why. Nothing is guessed.
  case unreadable(String)

  /// What a voter is told to write. No example in it is JSON, so that an echo of it is no vote.
  package static let form = """
    End with your vote as JSON: {"vote": NUMBER, "reason": "WHY"}, where NUMBER is a proposal's \
    number, or null to abstain. If you cannot write JSON, let the last line be `VOTE: NUMBER` or \
    `VOTE: none`.
    """

  /// Reads a vote from an answer: `{"vote": 2, "reason": "…"}`, or a last line `VOTE: 2`.
  ///
  /// Proposals are numbered from 1; null, 0 and "none" abstain. Statements that contradict each
  /// other are unreadable, wherever in the answer they stand. Takes time linear in the text.
  ///
  /// - Parameter choices: how many proposals there are.
  package static func read(_ text: String, choices: Int) -> Ballot {
    let numbers = AnswerReader.statements(of: "vote", in: text).map {
      ProposalNumber($0, choices: choices)
    }
    switch ProposalNumber.agreed(numbers) {
    case .one(let place): return .vote(place)
    case .noneOfThem: return .abstained
    case .unreadable(let why): return .unreadable(why)
    case nil: return .unreadable("it holds no vote")
    }
  }
}
