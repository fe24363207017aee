// Knows which values must not be shown, and how they are made invisible in what agents print.
// Unaware of where the texts go.

/// Hides the secrets that were handed to agents in whatever comes back from them.
///
/// A secret is the value of a variable whose name says so (`…KEY`, `…TOKEN`, `…SECRET`, `…PASSWORD`,
/// `…CREDENTIALS`), from eight characters on: shorter values would hide innocent text. Raw output
/// files keep the true bytes, for the user alone.
package struct SecretMask: Sendable {
  package static let shown = "[masked]"

  /// The longest first, so that a secret which holds another is hidden whole.
  private let secrets: [String]

  package init(environments: [[String: String]]) {
    let values = environments.flatMap { environment in
      environment.filter { Self.isSecret($0.key) && $0.value.utf8.count >= 8 }.map(\.value)
    }
    secrets = Set(values).sorted { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
  }

  private static func isSecret(_ name: String) -> Bool {
    let name = name.uppercased()
    return ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIALS"].contains {
      name.hasSuffix($0)
    }
  }

  /// The text with every secret in it hidden.
  package func mask(_ text: String) -> String {
    secrets.reduce(text) { text, secret in
      text.contains(secret) ? text.replacing(secret, with: Self.shown) : text
    }
  }

  package func mask(_ event: AgentEvent) -> AgentEvent {
    guard !secrets.isEmpty else { return event }
    return switch event {
    case .message(let text): .message(mask(text))
    case .toolCall(let id, let name, let summary):
      .toolCall(id: id, name: mask(name), summary: summary.map(mask))
    case .unknown(let text, let byteCount, let why):
      .unknown(text: mask(text), byteCount: byteCount, why: why)
    case .working, .toolResult, .usage: event
    }
  }

  package func mask(_ verification: Verification) -> Verification {
    var verification = verification
    verification.message = verification.message.map(mask)
    verification.tail = verification.tail.map(mask)
    return verification
  }

  package func mask(_ result: AttemptResult) -> AttemptResult {
    guard !secrets.isEmpty else { return result }
    var result = result
    result.message = result.message.map(mask)
    result.text = result.text.map(mask)
    result.stderrTail = result.stderrTail.map(mask)
    result.notes = result.notes.map(mask)
    result.denials = result.denials.map(mask)
    return result
  }
}
