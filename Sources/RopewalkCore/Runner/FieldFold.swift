// Knows how values taken from one event after another become one value. Unaware of their meaning.

import RopewalkWire

/// Gathers one field over the events of a run.
struct FieldFold: Sendable {
  let field: OutputRules.Field
  private(set) var texts: [String] = []
  private(set) var number: Double?
  private(set) var hits = 0
  /// Whether an event that should have added to a sum had no number that can be believed.
  private(set) var isPartial = false
  private var bytes = 0

  init(_ field: OutputRules.Field) { self.field = field }

  mutating func take(_ event: JSONValue, from source: OutputRules.Source) {
    if source == field.from, let reset = field.reset, reset.matches(event) { forget() }
    guard field.applies(to: event, from: source) else { return }
    if field.take == .first, hits > 0 { return }
    guard let path = field.path else {
      hits += 1
      return
    }
    let values = path.values(in: event)
    switch field.take {
    case .count: hits += values.isEmpty ? 0 : 1
    case .sum: add(values)
    case .concat: append(values.compactMap(\.string))
    case .first, .last: replace(values)
    }
  }

  /// Whether the event has what the field asks for.
  func holds(_ event: JSONValue, from source: OutputRules.Source) -> Bool {
    field.applies(to: event, from: source)
      && field.path.map { $0.first(in: event).map { !$0.isNull } ?? false } ?? true
  }

  private mutating func forget() {
    texts = []
    number = nil
    hits = 0
    bytes = 0
  }

  private mutating func add(_ values: [JSONValue]) {
    let numbers = values.compactMap(\.double).filter { $0 >= 0 }
    if numbers.isEmpty || numbers.count < values.count { isPartial = true }
    let sum = numbers.reduce(number ?? 0, +)
    guard !numbers.isEmpty, sum.isFinite else {
      isPartial = true
      return
    }
    hits += 1
    number = sum
  }

  /// Pieces beyond the limit of an answer are not kept: the bytes are in the attempt's stdout.
  private mutating func append(_ pieces: [String]) {
    for piece in pieces where bytes + piece.utf8.count <= AgentOutputDecoder.wholeLimit {
      texts.append(piece)
      bytes += piece.utf8.count
      hits += 1
    }
  }

  private mutating func replace(_ values: [JSONValue]) {
    let found = values.compactMap(\.string)
    let numbers = values.compactMap(\.double).filter { $0 >= 0 }
    guard !found.isEmpty || !numbers.isEmpty else { return }
    hits += 1
    // An empty piece does not take the place of the last one that says something.
    let joined = found.joined()
    if !joined.isEmpty { texts = [joined] }
    let sum = numbers.reduce(0, +)
    if !numbers.isEmpty, sum.isFinite { number = sum }
  }

  /// The text, when there is one that says something.
  var text: String? {
    let joined = texts.joined()
    return joined.isEmpty ? nil : joined
  }

  /// A count of events, or the number found.
  var count: Int? {
    if field.take == .count { return hits > 0 ? hits : nil }
    return number.flatMap { Int(exactly: $0.rounded()) }
  }
}

/// Gathers token counts over the events of a run.
struct TokenFold: Sendable {
  let rule: OutputRules.Tokens
  private(set) var counts: TokenCounts?
  /// Whether a later total was smaller than an earlier one.
  private(set) var hasFallen = false

  init(_ rule: OutputRules.Tokens) { self.rule = rule }

  mutating func take(_ event: JSONValue, from source: OutputRules.Source) {
    guard source == rule.from, rule.when.matches(event) else { return }
    var found = TokenCounts(
      input: sum(rule.input, event), output: sum(rule.output, event),
      cacheRead: sum(rule.cacheRead, event), cacheWrite: sum(rule.cacheWrite, event))
    guard found != TokenCounts() else { return }
    if rule.inputHoldsCacheRead, let input = found.input, let cached = found.cacheRead {
      found.input = max(0, input - cached)
    }
    guard let known = counts else {
      counts = found
      return
    }
    if rule.sums {
      counts = known.adding(found)
    } else {
      counts = known.raised(to: found)
      hasFallen = hasFallen || found.isBelow(known)
    }
  }

  /// Nil when none of the paths holds a number; negative counts are no counts. Saturates.
  private func sum(_ paths: [JSONPath], _ event: JSONValue) -> Int? {
    let numbers = paths.flatMap { $0.values(in: event) }.compactMap { value -> Int? in
      if let count = value.int { return count >= 0 ? count : nil }
      guard let number = value.double, number >= 0 else { return nil }
      return Int(exactly: number.rounded()) ?? .max
    }
    guard !numbers.isEmpty else { return nil }
    return numbers.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 }
  }

  /// Whether something was counted at all.
  var isZero: Bool {
    guard let counts else { return true }
    return [counts.input, counts.output, counts.cacheRead, counts.cacheWrite].allSatisfy {
      ($0 ?? 0) == 0
    }
  }
}

extension TokenCounts {
  /// Whether a class that both know is smaller here.
  fileprivate func isBelow(_ other: TokenCounts) -> Bool {
    [\.input, \.output, \.cacheRead, \.cacheWrite].contains { (path: KeyPath<Self, Int?>) in
      guard let here = self[keyPath: path], let there = other[keyPath: path] else { return false }
      return here < there
    }
  }
}
