// Knows what the ledger keeps of a budget and of a running attempt. Unaware of limits.

extension BudgetLedger {
  /// What is spent under one budget.
  struct Account {
    var spent = BudgetAmounts()
    var attempts = 0
    var unknown: [BudgetAmounts.Kind: Int] = [:]
  }

  /// What a running attempt has set aside and used so far.
  struct Holding {
    var agent: String
    var scopes: [BudgetScope]
    /// Nil where no limit applied when it started.
    var held: [BudgetAmounts.Kind: Int] = [:]
    /// The scope whose `perAttempt` was set aside.
    var firm: [BudgetAmounts.Kind: BudgetScope] = [:]
    var used = BudgetAmounts()

    /// What others cannot have: what was set aside, or what it has taken beyond that.
    func claim(_ kind: BudgetAmounts.Kind) -> Int { max(held[kind] ?? 0, used[kind]) }
  }
}
