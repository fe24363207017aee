// Knows which limits there are in a run, and how it is told that one is reached or near.
// Unaware of when that is.

import RopewalkWire

/// Whose spending a budget limits.
package enum BudgetScope: Hashable, Sendable {
  case plan
  /// A task, by its place in the plan.
  case task(Int)
  case agent(String)
}

extension BudgetScope: Comparable {
  /// The plan, then tasks in order, then agents by name.
  package static func < (left: BudgetScope, right: BudgetScope) -> Bool {
    left.order < right.order
  }

  private var order: (Int, Int, String) {
    switch self {
    case .plan: (0, 0, "")
    case .task(let index): (1, index, "")
    case .agent(let name): (2, 0, name)
    }
  }
}

/// One limit of one budget.
package struct BudgetLimit: Hashable, Sendable {
  package enum Measure: String, Hashable, Sendable, CaseIterable {
    case usd, tokens, attempts, wallTime
    /// Dollars and tokens of a single attempt.
    case usdPerAttempt, tokensPerAttempt
    /// That the cost of whatever runs is known at all.
    case unknownCost
  }

  package var scope: BudgetScope
  package var measure: Measure

  package init(_ scope: BudgetScope, _ measure: Measure) {
    self.scope = scope
    self.measure = measure
  }
}

/// A limit that is reached, so that something cannot start or must end.
package struct BudgetExcess: Error, Sendable, Equatable {
  package var limit: BudgetLimit
  /// The limit and what is used of it: dollars, tokens, attempts or seconds.
  package var allowed: Double
  package var used: Double
  /// What the next attempt has to have at least; nil when nothing is left at all.
  package var needed: Double?

  /// - Parameter seconds: the time that passed under a limit of `wallTime`.
  package static func wallTime(
    _ scope: BudgetScope, allowed: Duration, seconds: Double
  ) -> BudgetExcess {
    BudgetExcess(
      limit: BudgetLimit(scope, .wallTime), allowed: allowed.seconds, used: seconds)
  }

  /// The excess in one clause.
  ///
  /// - Parameter taskName: the id of the task at that place of the plan.
  package func message(taskName: (Int) -> String) -> String {
    let owner = limit.scope.owner(taskName)
    let measure = limit.measure
    switch measure {
    case .unknownCost:
      return "what \(limit.scope.subject(taskName)) used is not known as a whole, and the plan"
        + " refuses to go on without that"
    case .usdPerAttempt, .tokensPerAttempt:
      return "the attempt used \(measure.amount(used)), more than the \(measure.amount(allowed))"
        + " that \(owner) budget gives one attempt"
    case .usd, .tokens, .attempts, .wallTime:
      let budget = "\(owner) budget of \(measure.amount(allowed))"
      let used = "\(measure.amount(self.used)) used"
      if let needed {
        return
          "\(budget) has no room for another attempt: \(used), \(measure.amount(needed)) needed"
      }
      return self.used < allowed
        ? "\(budget) has no room for more: \(used), the rest is set aside for other attempts"
        : "\(budget) is used up: \(used)"
    }
  }

  /// What the user can do.
  package var hint: String {
    switch limit.measure {
    case .usd, .tokens, .attempts, .wallTime:
      "raise `\(limit.measure.rawValue)` there, or let the run go on without this limit"
    case .usdPerAttempt: "raise `perAttempt.usd` there"
    case .tokensPerAttempt: "raise `perAttempt.tokens` there"
    case .unknownCost:
      "add the model's price to `prices.json`, or set `unknownCost` to \"warn\" or \"estimate\""
    }
  }

  /// `{"limit":"usd","scope":"plan","allowed":20,"used":19.4,"needed":2}`
  package func json(taskName: (Int) -> String) -> JSON {
    .known([
      ("limit", .string(limit.measure.rawValue)), ("scope", limit.scope.json(taskName)),
      ("allowed", .double(allowed)), ("used", .double(used)), ("needed", needed.map(JSON.double)),
    ])
  }
}

/// Something that the user should hear about and that stops nothing.
package enum BudgetNotice: Sendable, Equatable {
  /// Four fifths of a limit are used. Told once for each limit.
  case near(BudgetLimit, allowed: Double, used: Double)
  /// A limit is reached, or passed by what nobody could foresee. Told once for each limit.
  case reached(BudgetLimit, allowed: Double, used: Double)
  /// An attempt ran and did not say what it used. Told once for each agent and measure.
  ///
  /// - Parameter counted: what is counted for it all the same, as `perAttempt` says; nil when
  ///   nothing but what was seen of it while it ran.
  case unknown(agent: String, BudgetLimit.Measure, counted: Double?)

  package func message(taskName: (Int) -> String) -> String {
    switch self {
    case .near(let limit, let allowed, let used):
      return "\(limit.measure.amount(used)) of \(limit.scope.owner(taskName)) budget of"
        + " \(limit.measure.amount(allowed)) are used"
    case .reached(let limit, let allowed, let used):
      return "\(limit.scope.owner(taskName)) budget of \(limit.measure.amount(allowed)) is reached:"
        + " \(limit.measure.amount(used)) used"
    case .unknown(let agent, let measure, let counted):
      let what = measure == .tokens ? "what tokens it used" : "what it cost"
      let told = "agent `\(agent)` does not say \(what)"
      guard let counted else {
        return told + ", so that the budget cannot hold it; one attempt runs at a time unless"
          + " `perAttempt` is set"
      }
      return told + "; \(measure.amount(counted)) are counted for each of its attempts"
    }
  }

  /// `{"limit":"usd","scope":"plan","allowed":10,"used":8}` or, of what is not known,
  /// `{"unknown":"usd","agent":"dev","counted":2}`
  package func json(taskName: (Int) -> String) -> JSON {
    switch self {
    case .near(let limit, let allowed, let used), .reached(let limit, let allowed, let used):
      return [
        "limit": .string(limit.measure.rawValue), "scope": limit.scope.json(taskName),
        "allowed": .double(allowed), "used": .double(used),
      ]
    case .unknown(let agent, let measure, let counted):
      return .known([
        ("unknown", .string(measure.rawValue)), ("agent", .string(agent)),
        ("counted", counted.map(JSON.double)),
      ])
    }
  }
}

extension BudgetScope {
  fileprivate func subject(_ taskName: (Int) -> String) -> String {
    switch self {
    case .plan: "the plan"
    case .task(let index): "task `\(taskName(index))`"
    case .agent(let name): "agent `\(name)`"
    }
  }

  fileprivate func owner(_ taskName: (Int) -> String) -> String { subject(taskName) + "'s" }

  func json(_ taskName: (Int) -> String) -> JSON {
    switch self {
    case .plan: "plan"
    case .task(let index): ["task": .string(taskName(index))]
    case .agent(let name): ["agent": .string(name)]
    }
  }
}

extension BudgetLimit.Measure {
  /// "$0.25", "1200 tokens", "3 attempts", "2 m 0 s".
  fileprivate func amount(_ number: Double) -> String {
    switch self {
    case .usd, .usdPerAttempt, .unknownCost: Wording.dollars(number)
    case .tokens, .tokensPerAttempt: Wording.count(Int(exactly: number.rounded()) ?? .max, "token")
    case .attempts: Wording.count(Int(exactly: number.rounded()) ?? .max, "attempt")
    case .wallTime: Wording.duration(number)
    }
  }
}
