// Knows how a plan writes a budget, and every way in which it can be wrong. Unaware of spending.

import RopewalkWire

/// Whose budget it is.
package enum BudgetLevel: Sendable {
  case plan, task, agent

  fileprivate var owned: String {
    switch self {
    case .plan: "a plan's"
    case .task: "a task's"
    case .agent: "an agent's"
    }
  }
}

extension StrictReader {
  private static let budgetKeys = Keys(
    owner: "a budget",
    known: [
      "usd", "tokens", "attempts", "wallTime", "perAttempt", "unknownCost", "onExceeded",
    ])
  private static let perAttemptKeys = Keys(owner: "`perAttempt`", known: ["usd", "tokens"])

  /// Reads a budget and notes what is wrong in it; nil when it is no object.
  mutating func budget(_ value: JSONValue, level: BudgetLevel) -> Budget? {
    var budget = Budget()
    let isObject = object(value, Self.budgetKeys) { reader, key, value in
      switch key {
      case "usd": budget.usd = reader.dollars(value)
      case "tokens": budget.tokens = reader.tokenLimit(value)
      case "attempts": budget.attempts = reader.whole(value, in: 1...1_000_000)
      case "wallTime": budget.wallTime = reader.duration(value)
      case "perAttempt": budget.perAttempt = reader.perAttempt(value)
      case "unknownCost":
        guard reader.isOfPlan(level, value) else { return }
        budget.unknownCost = reader.choice(value, of: Budget.UnknownCost.self)
      default:
        guard reader.isOfPlan(level, value) else { return }
        budget.onExceeded = reader.choice(value, of: Budget.OnExceeded.self)
      }
    }
    checkPerAttempt(budget, value)
    return isObject ? budget : nil
  }

  private mutating func perAttempt(_ value: JSONValue) -> Budget.PerAttempt {
    var limits = Budget.PerAttempt()
    object(value, Self.perAttemptKeys) { reader, key, value in
      if key == "usd" {
        limits.usd = reader.dollars(value)
      } else {
        limits.tokens = reader.tokenLimit(value)
      }
    }
    return limits
  }

  /// A limit of nothing would refuse every attempt, so it is more likely a slip.
  private mutating func dollars(_ value: JSONValue) -> Double? {
    number(value, in: 0.0001...1_000_000)
  }

  private mutating func tokenLimit(_ value: JSONValue) -> Int? {
    whole(value, in: 1...1_000_000_000_000)
  }

  private mutating func isOfPlan(_ level: BudgetLevel, _ value: JSONValue) -> Bool {
    switch level {
    case .plan: return true
    case .task, .agent:
      note(
        "\(label) cannot be said of \(level.owned) budget",
        hint: "one answer holds for the whole run: move it to the plan's `budget`",
        at: value.start)
      return false
    }
  }

  /// With more for one attempt than there is for all of them, none could ever start.
  private mutating func checkPerAttempt(_ budget: Budget, _ value: JSONValue) {
    let one = budget.perAttempt
    let isOver = [
      ("usd", (one.usd ?? 0) > budget.usd ?? .infinity),
      ("tokens", (one.tokens ?? 0) > budget.tokens ?? .max),
    ]
    for (name, isOver) in isOver where isOver {
      within(.key("perAttempt")) { reader in
        reader.note(
          "`perAttempt.\(name)` is more than `\(name)`, so that no attempt could start",
          hint: "lower it, or raise `\(name)`", at: (value["perAttempt"] ?? value).start)
      }
    }
  }
}
