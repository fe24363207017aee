// Knows how several programs are measured fairly on a shared machine. Unaware of what they do.

/// Programs that do the same work, measured in turns.
struct Contest {
  /// One program of a contest.
  struct Contestant {
    var name: String
    /// Prepares one repetition, outside the measured time, and says what is to be run.
    var prepare: () throws -> Command
    /// Looks, after the measured time, whether the work was done.
    var verify: () throws -> Void = {}
  }

  /// What the repetitions of each contestant took, by name.
  private(set) var costs: [String: [Command.Cost]] = [:]
  let names: [String]

  /// Measures all of them `repetitions` times: in turns, each other round in the opposite order, so
  /// that a slow moment of the machine strikes all alike.
  init(_ contestants: [Contestant], repetitions: Int, in site: BenchSite) throws {
    names = contestants.map(\.name)
    for round in 0..<repetitions {
      for contestant in round.isMultiple(of: 2) ? contestants : contestants.reversed() {
        let cost = try contestant.prepare().run(in: site)
        try contestant.verify()
        costs[contestant.name, default: []].append(cost)
      }
    }
  }

  func series(_ name: String, _ value: (Command.Cost) -> Double = \.seconds) -> Series? {
    costs[name].map { Series($0.map(value)) }
  }

  /// The time of `name` by that of `peer`, round by round; nil when the peer took no part.
  func ratios(of name: String, to peer: String) -> Series? {
    guard let own = costs[name], let other = costs[peer] else { return nil }
    return Series(zip(own, other).map { $0.seconds / $1.seconds })
  }
}

/// Repeated measurements of one thing.
struct Series {
  private let sorted: [Double]

  /// - Parameter values: at least one.
  init(_ values: [Double]) { sorted = values.sorted() }

  var minimum: Double { sorted[0] }
  var median: Double {
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }
}
