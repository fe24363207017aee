// Knows which limits a plan, a task or an agent can have, and how they are written.
// Unaware of what has been spent.

import RopewalkWire

/// Limits on what attempts may use. What is nil is not limited here; a wider budget may still bind.
///
/// ```
/// {"usd":20,"tokens":5000000,"attempts":40,"wallTime":"2h","perAttempt":{"usd":2},"onExceeded":"ask"}
/// ```
package struct Budget: Sendable, Equatable {
  /// What a single attempt may use.
  package struct PerAttempt: Sendable, Equatable {
    /// Dollars.
    package var usd: Double?
    /// Tokens of all four classes together.
    package var tokens: Int?

    package init(usd: Double? = nil, tokens: Int? = nil) {
      self.usd = usd
      self.tokens = tokens
    }
  }

  /// What is done about an attempt that ran and whose cost nobody knows.
  package enum UnknownCost: String, Sendable, CaseIterable {
    /// It is told, once for each agent, and the run goes on.
    case warn
    /// Nothing more is started under a limit that the cost could have passed.
    case refuse
    /// It is guessed from sizes where there is a price; else as `warn`.
    case estimate
  }

  /// What is done when a limit is reached.
  package enum OnExceeded: String, Sendable, CaseIterable {
    /// A person decides; where nobody can be asked it is `stop`.
    case ask
    /// Nothing more is started, and what passes its limit is ended.
    case stop
    /// It is told, and the run goes on.
    case warn
  }

  /// Dollars in all.
  package var usd: Double?
  /// Tokens of all four classes together.
  package var tokens: Int?
  /// Attempts that may start, retries included; one whose program never ran does not count.
  package var attempts: Int?
  /// Time from the first attempt that counts here to the end of the last.
  package var wallTime: Duration?
  package var perAttempt = PerAttempt()
  /// Of a plan only; nil is `warn`.
  package var unknownCost: UnknownCost?
  /// Of a plan only; nil is `ask`.
  package var onExceeded: OnExceeded?

  package init(
    usd: Double? = nil, tokens: Int? = nil, attempts: Int? = nil, wallTime: Duration? = nil,
    perAttempt: PerAttempt = PerAttempt(), unknownCost: UnknownCost? = nil,
    onExceeded: OnExceeded? = nil
  ) {
    self.usd = usd
    self.tokens = tokens
    self.attempts = attempts
    self.wallTime = wallTime
    self.perAttempt = perAttempt
    self.unknownCost = unknownCost
    self.onExceeded = onExceeded
  }

  /// What the reader of plans reads back; limits that are not set are left out.
  package var json: JSON {
    .known([
      ("usd", usd.map(JSON.double)), ("tokens", tokens.map(JSON.int)),
      ("attempts", attempts.map(JSON.int)),
      ("wallTime", wallTime.map { .string(DurationText.spelt($0)) }),
      ("perAttempt", perAttempt.json),
      ("unknownCost", unknownCost.map { .string($0.rawValue) }),
      ("onExceeded", onExceeded.map { .string($0.rawValue) }),
    ])
  }
}

extension Budget.PerAttempt {
  /// Nil when it limits nothing.
  fileprivate var json: JSON? {
    guard self != Budget.PerAttempt() else { return nil }
    return .known([("usd", usd.map(JSON.double)), ("tokens", tokens.map(JSON.int))])
  }
}
