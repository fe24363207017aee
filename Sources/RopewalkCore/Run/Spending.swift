// Knows how what several attempts used adds up without ever taking unknown for nothing.
// Unaware of budgets and prices.

import RopewalkWire

/// The sum of what attempts used. Unknown stays visible: a sum with an unknown part says so.
package struct Spending: Sendable, Equatable {
  /// Dollars of the attempts whose cost is known.
  package private(set) var knownUSD = 0.0
  /// The weakest source among the known figures.
  package private(set) var source: Cost.Source?
  /// Attempts that ran and whose cost nobody knows.
  package private(set) var unknownCosts = 0
  package private(set) var tokens: TokenCounts?
  /// Attempts that ran and did not say what tokens they used.
  package private(set) var unknownTokens = 0

  package init() {}

  package mutating func add(_ usage: AttemptResult.Usage) {
    if let usd = usage.cost.usd {
      addCost(usd, usage.cost.source)
    } else {
      unknownCosts += 1
      if let part = usage.cost.atLeast { addCost(part, .estimated) }
    }
    if let counts = usage.tokens {
      tokens = tokens.map { $0.adding(counts) } ?? counts
    } else {
      unknownTokens += 1
    }
  }

  package mutating func add(_ other: Spending) {
    if let source = other.source { addCost(other.knownUSD, source) }
    unknownCosts += other.unknownCosts
    unknownTokens += other.unknownTokens
    if let counts = other.tokens { tokens = tokens.map { $0.adding(counts) } ?? counts }
  }

  private mutating func addCost(_ usd: Double, _ new: Cost.Source) {
    knownUSD += usd
    source = source.map { $0.weaker(than: new) } ?? new
  }

  /// `{usd, source}`; when a part is unknown `usd` is null and `atLeast` is the known part.
  package var costJSON: JSON? {
    if unknownCosts == 0 {
      return source.map { ["usd": .double(knownUSD), "source": .string($0.rawValue)] }
    }
    return .known([
      ("usd", .null),
      ("source", .string(Cost.Source.unknown.rawValue)),
      ("atLeast", source == nil ? nil : .double(knownUSD)),
    ])
  }

  /// The four classes; `unreportedAttempts` says how many attempts are missing from them.
  package var tokensJSON: JSON? {
    guard let tokens else { return nil }
    guard unknownTokens > 0, case .object(let members) = tokens.json else { return tokens.json }
    return .object(members + [("unreportedAttempts", .int(unknownTokens))])
  }
}
