// Knows how a ledger's limits stand, for reports. Unaware of who reads them.

import RopewalkWire

/// How one limit stands, for reports.
package struct BudgetStanding: Sendable, Equatable {
  package var limit: BudgetLimit
  package var allowed: Double
  /// What ended attempts used, as far as it is known.
  package var used: Double
  /// What is set aside for attempts that run.
  package var held: Double
  /// Ended attempts of which nobody knows what they used; then `used` is a lower bound.
  package var unknownAttempts: Int
  /// Whether the limit was lifted and binds no more.
  package var isRaised: Bool

  package func json(taskName: (Int) -> String) -> JSON {
    .object([
      ("limit", .string(limit.measure.rawValue)), ("scope", limit.scope.json(taskName)),
      ("allowed", .double(allowed)), ("used", .double(used)), ("held", .double(held)),
      ("unknownAttempts", .int(unknownAttempts)), ("raised", .bool(isRaised)),
    ])
  }
}

extension BudgetLedger {
  /// How the limits of dollars, tokens and attempts stand: the plan's, then tasks', then agents'.
  package var standings: [BudgetStanding] {
    budgets.keys.sorted().flatMap { scope in
      let account = accounts[scope] ?? Account()
      let amounts = Kind.allCases.compactMap { kind in
        kind.limit(budgets[scope]).map { allowed in
          standing(
            BudgetLimit(scope, kind.measure), allowed: kind.told(allowed),
            used: kind.told(account.spent[kind]), held: kind.told(claimed(kind, scope)),
            unknown: account.unknown[kind] ?? 0)
        }
      }
      let attempts = budgets[scope]?.attempts.map { allowed in
        let running = holdings.values.count { $0.scopes.contains(scope) }
        return standing(
          BudgetLimit(scope, .attempts), allowed: Double(allowed),
          used: Double(account.attempts - running), held: Double(running), unknown: 0)
      }
      return amounts + [attempts].compactMap(\.self)
    }
  }

  private func standing(
    _ limit: BudgetLimit, allowed: Double, used: Double, held: Double, unknown: Int
  ) -> BudgetStanding {
    BudgetStanding(
      limit: limit, allowed: allowed, used: used, held: held, unknownAttempts: unknown,
      isRaised: raised.contains(limit))
  }
}
