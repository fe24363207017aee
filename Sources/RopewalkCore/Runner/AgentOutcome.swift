// Knows what an agent's own account of its run comes to. Unaware of how it was read.

import RopewalkWire

/// What a CLI's output, its result file and its exit status say together.
package struct AgentOutcome: Sendable, Equatable {
  /// Terminal event, no error sign, exit status 0: all three.
  package var ok = false
  package var cause: FailureCause?
  /// The CLI's own words about its failure.
  package var message: String?
  /// The final answer; of a failure, what was said so far.
  package var text: String?
  package var sessionID: String?
  package var model: String?
  package var tokens: TokenCounts?
  package var cost = Cost.unknown
  package var turns: Int?
  /// Tools that were asked for and refused.
  package var denials: [String] = []
  /// The agent's reason, when its last line is `no-change: REASON`.
  package var declaredNoChange: String?
  /// Whether the CLI said that it had finished, whatever else happened.
  package var hasTerminalEvent = false

  /// When a limit of use ends, in seconds since 1970; only with the cause `rateLimited`.
  package var rateLimitedUntil: Int?
  /// Odd things worth a line in the report, as whole clauses.
  package var notes: [String] = []

  package init() {}

  package var json: JSON {
    .object([
      ("ok", .bool(ok)), ("cause", cause.map { .string($0.rawValue) } ?? .null),
      ("message", message.map(JSON.string) ?? .null), ("text", text.map(JSON.string) ?? .null),
      ("sessionId", sessionID.map(JSON.string) ?? .null),
      ("model", model.map(JSON.string) ?? .null), ("tokens", tokens?.json ?? .null),
      ("cost", cost.json), ("turns", turns.map(JSON.int) ?? .null),
      ("denials", .array(denials.map(JSON.string))),
    ])
  }
}

/// How the program itself ended.
package enum ProgramEnd: Sendable, Equatable {
  case exit(Int)
  case signal(Int)
  /// It never ran, or nobody knows.
  case unknown
}
