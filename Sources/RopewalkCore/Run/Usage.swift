// Knows how tokens and money are counted without taking unknown for nothing. Unaware of CLIs.

import RopewalkWire

/// Tokens in four classes that do not overlap; nil is unknown, which is not 0.
package struct TokenCounts: Sendable, Equatable {
  /// Read by the model and not served from a cache.
  package var input: Int?
  /// Written by the model, reasoning included.
  package var output: Int?
  /// Served from a cache.
  package var cacheRead: Int?
  /// Put into a cache.
  package var cacheWrite: Int?

  package init(
    input: Int? = nil, output: Int? = nil, cacheRead: Int? = nil, cacheWrite: Int? = nil
  ) {
    self.input = input
    self.output = output
    self.cacheRead = cacheRead
    self.cacheWrite = cacheWrite
  }

  /// The sum; a class that only one side knows is what that side says. Saturates, never wraps.
  package func adding(_ other: TokenCounts) -> TokenCounts {
    combine(other) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
  }

  /// Of each class the larger count: a total never falls.
  package func raised(to other: TokenCounts) -> TokenCounts { combine(other, max) }

  private func combine(_ other: TokenCounts, _ join: (Int, Int) -> Int) -> TokenCounts {
    func joined(_ path: KeyPath<TokenCounts, Int?>) -> Int? {
      guard let left = self[keyPath: path] else { return other[keyPath: path] }
      return other[keyPath: path].map { join(left, $0) } ?? left
    }
    return TokenCounts(
      input: joined(\.input), output: joined(\.output), cacheRead: joined(\.cacheRead),
      cacheWrite: joined(\.cacheWrite))
  }

  package var json: JSON {
    .known([
      ("input", input.map(JSON.int)), ("output", output.map(JSON.int)),
      ("cacheRead", cacheRead.map(JSON.int)), ("cacheWrite", cacheWrite.map(JSON.int)),
    ])
  }

  package init(_ value: JSONValue) {
    self.init(
      input: value["input"]?.int, output: value["output"]?.int,
      cacheRead: value["cacheRead"]?.int, cacheWrite: value["cacheWrite"]?.int)
  }
}

/// What something cost, and who says so.
package struct Cost: Sendable, Equatable {
  /// Where a figure comes from, the best first.
  package enum Source: String, Sendable, CaseIterable {
    /// The CLI said so.
    case reported
    /// Tokens times a table of prices.
    case priced
    /// Guessed from sizes.
    case estimated
    /// Nobody knows.
    case unknown

    package func weaker(than other: Source) -> Source {
      let order = Source.allCases
      guard let left = order.firstIndex(of: self), let right = order.firstIndex(of: other) else {
        return .unknown
      }
      return order[max(left, right)]
    }
  }

  /// Dollars; nil when unknown, and then `source` says so.
  package var usd: Double?
  package var source: Source
  /// Of an unknown sum, the part that is known.
  package private(set) var atLeast: Double?

  package static let unknown = Cost(usd: nil, source: .unknown)

  package init(usd: Double?, source: Source) {
    self.usd = usd
    self.source = usd == nil ? .unknown : source
  }

  /// Dollars that were surely spent: the whole of a known cost, the known part of an unknown one.
  package var known: Double? { usd ?? atLeast }

  /// The sum; with an unknown part it is unknown, and its known part is kept.
  package func adding(_ other: Cost) -> Cost {
    let parts = [known, other.known].compactMap(\.self)
    let sum = parts.isEmpty ? nil : parts.reduce(0, +)
    if usd != nil, other.usd != nil {
      return Cost(usd: sum, source: source.weaker(than: other.source))
    }
    var cost = Cost.unknown
    cost.atLeast = sum
    return cost
  }

  package var json: JSON {
    .known([
      ("usd", usd.map(JSON.double) ?? JSON.null), ("source", .string(source.rawValue)),
      ("atLeast", atLeast.map(JSON.double)),
    ])
  }

  package init?(_ value: JSONValue) {
    guard let source = value["source"]?.string.flatMap(Source.init) else { return nil }
    self.init(usd: value["usd"]?.double, source: source)
    atLeast = usd == nil ? value["atLeast"]?.double : nil
  }
}
