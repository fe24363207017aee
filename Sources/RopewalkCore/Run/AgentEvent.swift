// Knows what an agent can say while it works. Unaware of how any CLI says it.

import RopewalkWire

/// One thing that an agent said or did, whatever its CLI.
package enum AgentEvent: Sendable, Equatable {
  /// First sign of life; once an attempt.
  case working(sessionID: String?, model: String?)
  /// A finished piece of text, never a delta.
  case message(String)
  /// The agent uses a tool; once a use, however many lines the CLI prints about it.
  case toolCall(id: String?, name: String, summary: String?)
  /// The tool has ended; `ok` is nil when the CLI does not say how.
  case toolResult(id: String?, ok: Bool?)
  /// What was used so far in all, as far as the CLI says while it works. A cost that it does not
  /// say may be priced from its tokens; its source tells the one from the other.
  case usage(AttemptResult.Usage)
  /// A line that is not understood; the bytes are in the attempt's stdout.
  case unknown(text: String, byteCount: Int, why: String)

  /// The kinds of the events that agents' words and deeds become.
  static let kinds: Set<String> = [
    "agentWorking", "agentMessage", "agentToolCall", "agentToolResult", "agentUsage",
    "agentUnknown",
  ]

  package var kind: String {
    switch self {
    case .working: "agentWorking"
    case .message: "agentMessage"
    case .toolCall: "agentToolCall"
    case .toolResult: "agentToolResult"
    case .usage: "agentUsage"
    case .unknown: "agentUnknown"
    }
  }

  package var members: [(String, JSON?)] {
    switch self {
    case .working(let sessionID, let model):
      [("sessionId", sessionID.map(JSON.string)), ("model", model.map(JSON.string))]
    case .message(let text): [("text", .string(text))]
    case .toolCall(let id, let name, let summary):
      [
        ("id", id.map(JSON.string)), ("name", .string(name)),
        ("summary", summary.map(JSON.string)),
      ]
    case .toolResult(let id, let ok): [("id", id.map(JSON.string)), ("ok", ok.map(JSON.bool))]
    case .usage(let usage):
      [
        ("tokens", usage.tokens?.json),
        ("cost", usage.cost.known.map { _ in usage.cost.json }),
      ]
    case .unknown(let text, let byteCount, let why):
      [("text", .string(text)), ("byteCount", .int(byteCount)), ("why", .string(why))]
    }
  }
}
