// Knows how the results of several members at once are gathered in a fixed order. Unaware of what they are.

/// The results of members that work side by side.
///
/// They come in any order and are read in the order in which they were asked for. With `onError: "halt"` the first
/// failure ends the others, and is the failure of the whole.
struct Gathering: Sendable {
  private let labels: [String]
  private let onError: OnError?
  private var results: [AttemptResult?]
  private(set) var open: Int
  /// The first failure, where the first one halts the rest.
  private(set) var haltedBy: StrategyEnd?

  init(_ labels: [String], onError: OnError?) {
    self.labels = labels
    self.onError = onError
    results = Array(repeating: nil, count: labels.count)
    open = labels.count
  }

  /// Takes a result; returns what has to be done about the others at once.
  mutating func take(_ place: Int, _ result: AttemptResult) -> [StrategyMove] {
    if results[place] == nil { open -= 1 }
    results[place] = result
    guard let cause = result.cause, onError == .halt, haltedBy == nil else { return [] }
    haltedBy = .failed(cause, "`\(labels[place])` failed: \(result.message ?? cause.rawValue)")
    return open > 0 ? [.endOthers] : []
  }

  var good: [(place: Int, label: String, result: AttemptResult)] {
    labels.indices.compactMap { place in
      guard let result = results[place], result.cause == nil else { return nil }
      return (place, labels[place], result)
    }
  }

  var failures: MemberFailures {
    labels.indices.reduce(into: MemberFailures()) { failures, place in
      if let result = results[place], result.cause != nil { failures.add(labels[place], result) }
    }
  }

  /// All results merged into one, in order.
  ///
  /// A failure fails the whole; with `onError: "continue"` the rest is the result, and partial.
  func end(repairer: StrategyMember?) -> StrategyEnd {
    if let haltedBy { return haltedBy }
    let (good, failures) = (good, failures)
    guard failures.isEmpty || (onError == .continue && !good.isEmpty) else { return failures.end }
    return StrategyEnd(
      text: StrategyPrompts.together(
        good.compactMap { one in one.result.text.map { (one.label, $0) } }),
      parts: good.compactMap { one in
        one.result.commit.map { Step.Part(label: one.label, commit: $0) }
      },
      message: failures.isEmpty ? nil : failures.words, isPartial: !failures.isEmpty,
      repairer: repairer)
  }
}
