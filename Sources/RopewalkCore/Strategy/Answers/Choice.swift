// Knows how a moderator or a judge chooses. Unaware of what is done with the choice.

/// The choice of one agent that decides alone.
package enum Choice: Sendable, Equatable {
  /// The proposal at that place, from 0.
  case proposal(Int)
  /// None of them as they are, but this answer made from them.
  case answer(String)
  /// It cannot be told what was meant, and why. Nothing is guessed.
  case unreadable(String)

  /// What the agent is told to write. No example in it is JSON, so that an echo of it is no choice.
  package static func form(allowsAnswer: Bool) -> String {
    """
    End with your choice as JSON: {"choice": NUMBER, "reason": "WHY"}, where NUMBER is a \
    proposal's number\(allowsAnswer ? ", or with an answer of your own: {\"answer\": ANSWER}" : ""). \
    If you cannot write JSON, let the last line be `CHOICE: NUMBER`.
    """
  }

  /// Reads a choice from an answer: `{"choice": 2, "reason": "…"}`, `{"answer": "…"}`, or a last
  /// line `CHOICE: 2`. Proposals are numbered from 1. Takes time linear in the text.
  ///
  /// - Parameters:
  ///   - choices: how many proposals there are.
  ///   - allowsAnswer: whether an answer of the agent's own counts.
  package static func read(_ text: String, choices: Int, allowsAnswer: Bool) -> Choice {
    let numbers = AnswerReader.statements(of: "choice", in: text).map {
      ProposalNumber($0, choices: choices)
    }
    let answers = allowsAnswer ? answers(in: text) : []
    guard let number = ProposalNumber.agreed(numbers) else { return alone(answers) }
    switch number {
    case .unreadable(let why): return .unreadable(why)
    case .one where !answers.isEmpty:
      return .unreadable("it names a proposal and also gives an answer of its own")
    case .one(let place): return .proposal(place)
    case .noneOfThem: return answers.isEmpty ? .unreadable("it chooses none") : alone(answers)
    }
  }

  private static func answers(in text: String) -> [String?] {
    AnswerReader.statements(of: "answer", in: text).compactMap { statement in
      guard case .member(let value, _) = statement else { return nil }
      return .some(value.string)
    }
  }

  /// - Parameter answers: those that were given; nil is one that is no text.
  private static func alone(_ answers: [String?]) -> Choice {
    guard let first = answers.first else { return .unreadable("it holds no choice") }
    guard answers.allSatisfy({ $0 == first }) else {
      return .unreadable("it gives several answers of its own")
    }
    guard let first, !first.trimmed.isEmpty else {
      return .unreadable("its own answer is no text, or an empty one")
    }
    return .answer(first)
  }
}
