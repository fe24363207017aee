// Knows how a prompt is made to fit a limit, and what is said of what was left out.
// Unaware of models and of how they count.

/// How long a prompt may be.
package struct ContextLimit: Sendable, Equatable {
  /// What becomes of a prompt that is longer.
  package enum Excess: Sendable, Equatable {
    case cut
    case fail
    /// The agent of that name makes the long parts shorter.
    case summarise(by: String)
  }

  /// Estimated: a token is taken to be four bytes.
  package var tokens: Int
  package var over: Excess

  package init(tokens: Int, over: Excess = .cut) {
    self.tokens = tokens
    self.over = over
  }

  static let bytesPerToken = 4

  /// The tokens of a text, estimated.
  package static func tokens(in text: String) -> Int {
    (text.utf8.count + bytesPerToken - 1) / bytesPerToken
  }
}

/// What became of a prompt under a limit.
package enum FitResult: Sendable, Equatable {
  case fits(String)
  /// Each note is a line such as "the output of `schema` was cut from about 12,000 to 3,000 tokens".
  case cut(String, notes: [String])
  /// Why it cannot be sent, in one line.
  case tooLong(String)
  /// These parts are to be replaced by summaries of at most so many tokens; then it is to be fitted
  /// again, with `cut` for what a summary is still too long.
  case needsSummary([Summary])

  package struct Summary: Sendable, Equatable {
    package var place: PromptParts.Place
    package var tokens: Int
  }
}

extension PromptComposer {
  /// A summary of fewer tokens would say nothing.
  static let leastSummary = 250

  /// Composes a prompt within a limit.
  ///
  /// Of a prompt that is too long, parts lose their middle: the project's standards first, then files,
  /// then answers of needs, the longest of each first, each as much as is needed before the next is
  /// touched. The task's own words, the role and the instructions are never cut.
  package static func fit(_ parts: PromptParts, _ limit: ContextLimit) -> FitResult {
    let whole = compose(parts)
    guard ContextLimit.tokens(in: whole) > limit.tokens else { return .fits(whole) }
    guard limit.over != .fail else { return .tooLong(refusal(whole, limit)) }
    var short = parts
    var touched: [PromptParts.Place] = []
    var excess = whole.utf8.count - limit.tokens * ContextLimit.bytesPerToken
    for place in parts.cuttable where excess > 0 {
      let long = parts[place]
      short[place] = MiddleCut.cut(long, to: long.utf8.count - excess - 1)
      excess -= length(long) - length(short[place])
      touched.append(place)
    }
    let text = compose(short)
    guard ContextLimit.tokens(in: text) <= limit.tokens else {
      return .tooLong(
        refusal(text, limit, subject: "the task's own words and what must stand beside them take"))
    }
    switch limit.over {
    case .cut, .fail: return .cut(text, notes: touched.map { note($0, parts, short) })
    case .summarise:
      return .needsSummary(
        touched.map {
          FitResult.Summary(
            place: $0, tokens: max(leastSummary, ContextLimit.tokens(in: short[$0])))
        })
    }
  }

  /// The bytes that a quoted text takes: it always ends its last line.
  private static func length(_ text: String) -> Int {
    text.utf8.count + (text.last?.isNewline == true ? 0 : 1)
  }

  private static func refusal(
    _ text: String, _ limit: ContextLimit, subject: String = "the prompt takes"
  ) -> String {
    "\(subject) about \(ContextLimit.tokens(in: text).grouped) tokens, more than the limit of "
      + limit.tokens.grouped
  }

  private static func note(
    _ place: PromptParts.Place, _ parts: PromptParts, _ short: PromptParts
  ) -> String {
    "\(parts.called(place)) was cut from about \(ContextLimit.tokens(in: parts[place]).grouped)"
      + " to \(ContextLimit.tokens(in: short[place]).grouped) tokens"
  }
}

extension Int {
  /// The number with its thousands apart: 12,000.
  package var grouped: String {
    var digits = String(magnitude)
    var at = digits.count - 3
    while at > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: at))
      at -= 3
    }
    return self < 0 ? "-" + digits : digits
  }
}
