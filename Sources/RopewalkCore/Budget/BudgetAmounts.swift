// Knows how dollars and tokens are added up without rounding errors. Unaware of limits.

/// Dollars and tokens, each as a whole number, so that sums are exact.
///
/// Dollars are counted in nanodollars, rounded up: a sum of figures can then never pass a limit, or
/// stay below one, by the way in which fractions are stored.
struct BudgetAmounts: Sendable, Equatable {
  /// The two measures that can be set aside before an attempt starts.
  enum Kind: CaseIterable, Sendable {
    case usd, tokens

    var measure: BudgetLimit.Measure { self == .usd ? .usd : .tokens }
    var perAttempt: BudgetLimit.Measure { self == .usd ? .usdPerAttempt : .tokensPerAttempt }

    /// A whole number as it is told: dollars, or tokens.
    func told(_ amount: Int) -> Double {
      self == .usd ? Double(amount) / nanodollars : Double(amount)
    }

    /// The limit of that kind in whole numbers.
    func limit(_ budget: Budget?) -> Int? {
      self == .usd ? budget?.usd.map(BudgetAmounts.nano) : budget?.tokens
    }

    func isLimited(_ budget: Budget?) -> Bool { limit(budget) ?? perAttempt(budget) != nil }

    /// What was used of it; nil when that is not known as a whole.
    func amount(of usage: AttemptResult.Usage) -> Int? {
      switch self {
      case .usd:
        return usage.cost.usd.map(BudgetAmounts.nano)
      case .tokens:
        guard let tokens = usage.tokens, tokens.input != nil, tokens.output != nil else {
          return nil
        }
        return tokens.sum
      }
    }

    /// What was surely used of it; 0 when nothing is known.
    func least(of usage: AttemptResult.Usage) -> Int {
      self == .usd ? BudgetAmounts.nano(usage.cost.known ?? 0) : usage.tokens?.sum ?? 0
    }

    func perAttempt(_ budget: Budget?) -> Int? {
      self == .usd ? budget?.perAttempt.usd.map(BudgetAmounts.nano) : budget?.perAttempt.tokens
    }
  }

  private static let nanodollars = 1e9
  /// So many nanodollars are a million dollars, more than any limit; sums of them do not overflow.
  private static let most = 1_000_000_000_000_000

  private var usd = 0
  private var tokens = 0

  subscript(kind: Kind) -> Int {
    get { kind == .usd ? usd : tokens }
    set {
      let kept = min(max(0, newValue), Self.most)
      if kind == .usd { usd = kept } else { tokens = kept }
    }
  }

  mutating func raise(_ kind: Kind, to amount: Int) { self[kind] = max(self[kind], amount) }

  /// Dollars as nanodollars; what is no number or below 0 counts for nothing.
  static func nano(_ usd: Double) -> Int {
    guard usd > 0 else { return 0 }
    // A figure such as 0.1 has a tail beyond its nanodollars that must not be rounded up.
    let (exact, near) = (usd * nanodollars, (usd * nanodollars).rounded())
    let whole = abs(exact - near) < 1e-3 ? near : exact.rounded(.up)
    return whole < Double(most) ? Int(whole) : most
  }
}

extension TokenCounts {
  /// All classes together; one that is unknown adds nothing, which makes it a lower bound.
  package var sum: Int {
    [input, output, cacheRead, cacheWrite].compactMap(\.self).reduce(0) { sum, count in
      let (next, overflow) = sum.addingReportingOverflow(max(0, count))
      return overflow ? .max : next
    }
  }
}
