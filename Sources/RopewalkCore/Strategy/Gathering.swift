// Knows how the results of several members at once are gathered in a fixed order. Unaware of what they are.

/// The results of members that work side by side.
///
/// They come in any order and are read in the order in which they were asked for.
struct Gathering: Sendable {
  private let labels: [String]
  private var results: [AttemptResult?]
  private(set) var open: Int

  init(_ labels: [String]) {
    self.labels = labels
    results = Array(repeating: nil, count: labels.count)
    open = labels.count
  }

  mutating func take(_ place: Int, _ result: AttemptResult) {
    if results[place] == nil { open -= 1 }
    results[place] = result
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
  func end(_ onError: OnError?, repairer: StrategyMember?) -> StrategyEnd {
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
