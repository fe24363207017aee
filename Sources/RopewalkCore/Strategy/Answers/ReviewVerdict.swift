// Knows how a reviewer passes judgement. Unaware of what happens then.

/// A reviewer's judgement of somebody's work.
package enum ReviewVerdict: Sendable, Equatable {
  case approve
  /// The work goes back with these notes.
  case revise(String)
  /// It cannot be told what was meant, and why. An approval is never guessed.
  case unreadable(String)

  /// What a reviewer is told to write. No example in it is JSON, so that an echo of it is no verdict.
  package static let form = """
    End with your verdict as JSON: {"verdict": VERDICT, "notes": "WHAT TO CHANGE"}, where VERDICT \
    is "approve" or "revise". If you cannot write JSON, let the last line be `VERDICT: approve` \
    or `VERDICT: revise`.
    """

  private enum Word: String {
    case approve, revise
  }

  /// Reads a verdict from an answer: `{"verdict": "revise", "notes": "…"}`, or a last line
  /// `VERDICT: revise`. Where a revision has no notes, the whole answer stands for them.
  package static func read(_ text: String) -> ReviewVerdict {
    let statements = AnswerReader.statements(of: "verdict", in: text)
    var verdict: Word?
    for statement in statements {
      let said = said(statement)
      guard let word = Word(rawValue: said.trimmed.lowercased()) else {
        return .unreadable("its verdict is \(said.quoted), neither `approve` nor `revise`")
      }
      if let verdict, verdict != word {
        return .unreadable("it says `approve` and also `revise`")
      }
      verdict = word
    }
    switch verdict {
    case .approve: return .approve
    case .revise: return .revise(notes(statements) ?? text.trimmed)
    case nil: return .unreadable("it holds no verdict")
    }
  }

  private static func said(_ statement: AnswerReader.Statement) -> String {
    switch statement {
    case .phrase(let text): text
    case .member(let value, _): value.string ?? value.kind.named
    }
  }

  private static func notes(_ statements: [AnswerReader.Statement]) -> String? {
    for case .member(_, let object) in statements {
      if let notes = object["notes"]?.string?.trimmed, !notes.isEmpty { return notes }
    }
    return nil
  }
}
