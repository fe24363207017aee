// Knows what the ledger is asked about and what it answers. Unaware of how it finds out.

/// One attempt as the ledger calls it.
package struct AttemptKey: Hashable, Comparable, Sendable {
  /// The task's place in the plan.
  package var task: Int
  package var number: Int

  package init(task: Int, number: Int) {
    self.task = task
    self.number = number
  }

  package static func < (left: AttemptKey, right: AttemptKey) -> Bool {
    (left.task, left.number) < (right.task, right.number)
  }
}

extension BudgetLedger {
  /// What a granted attempt may reach.
  package struct Reservation: Sendable, Equatable {
    /// Dollars and tokens set aside; nil where nothing limits them.
    package var usd: Double?
    package var tokens: Int?
    /// Whether the ceiling is the user's word. One that is not grows while there is room, as
    /// `used` finds: to hand it to a CLI as its own limit would end attempts too early.
    package var usdIsFirm = false
    package var tokensAreFirm = false

    package init(
      usd: Double? = nil, tokens: Int? = nil, usdIsFirm: Bool = false, tokensAreFirm: Bool = false
    ) {
      self.usd = usd
      self.tokens = tokens
      self.usdIsFirm = usdIsFirm
      self.tokensAreFirm = tokensAreFirm
    }
  }

  package enum Answer: Sendable, Equatable {
    case granted(Reservation)
    /// When attempts that run have ended there may be room: ask again after each `settle`.
    /// Never answered while nothing runs.
    case wait
    /// No ending of an attempt can make room for this one.
    case exceeded(BudgetExcess)
  }
}
