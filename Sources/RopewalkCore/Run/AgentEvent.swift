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
  /// What was used so far in all, as far as the CLI says while it works; nil is unknown.
  case usage(tokens: TokenCounts?, usd: Double?)
  /// A line that is not understood; the bytes are in the attempt's stdout.
  case unknown(text: String, byteCount: Int, why: String)

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
    case .usage(let tokens, let usd):
      [
        ("tokens", tokens?.json),
        ("cost", usd.map { Cost(usd: $0, source: .reported).json }),
      ]
    case .unknown(let text, let byteCount, let why):
      [("text", .string(text)), ("byteCount", .int(byteCount)), ("why", .string(why))]
    }
  }
}
