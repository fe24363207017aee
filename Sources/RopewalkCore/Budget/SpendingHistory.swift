// Knows how recorded spending adds up by day, month and other groups. Unaware of files and tables.

/// Sums over the book of spending. Days and months are those of UTC, so that a record never moves
/// to another day with the traveller who reads it.
package struct SpendingHistory: Sendable {
  package enum Grouping: String, Sendable, CaseIterable {
    case day, month, model, agent, repository

    /// The group that a record belongs to.
    func key(_ record: SpendingRecord) -> String {
      switch self {
      case .day: record.time.day
      case .month: record.time.month
      case .model: record.model ?? "unknown"
      case .agent: record.agent
      case .repository: record.repository
      }
    }
  }

  /// One group's sum.
  package struct Group: Sendable, Equatable {
    /// `2026-11-21`, `2026-11`, or a name.
    package var name: String
    package var attempts = 0
    package var spending = Spending()
    /// How many attempts' costs have each source.
    package var sources: [Cost.Source: Int] = [:]

    package init(_ name: String) { self.name = name }

    mutating func add(_ record: SpendingRecord) {
      attempts += 1
      spending.add(record.usage)
      sources[record.usage.cost.source, default: 0] += 1
    }
  }

  private let grouping: Grouping
  private let since: String?
  private let now: Timestamp
  private var byName: [String: Group] = [:]
  /// The day and the month of `now`, whatever the grouping.
  package private(set) var today: Group
  package private(set) var month: Group

  /// - Parameters:
  ///   - since: the first day that counts, as `2026-11-01`; nil for all.
  ///   - now: what makes today today.
  package init(by grouping: Grouping, since: String?, now: Timestamp) {
    self.grouping = grouping
    self.since = since
    self.now = now
    today = Group(now.day)
    month = Group(now.month)
  }

  package mutating func add(_ record: SpendingRecord) {
    if record.time.day == now.day { today.add(record) }
    if record.time.month == now.month { month.add(record) }
    if let since, record.time.day < since { return }
    let name = grouping.key(record)
    byName[name, default: Group(name)].add(record)
  }

  /// Takes note that records are missing, after the last was added. Of when and of whom they are is not known, so
  /// that every sum becomes a lower bound.
  package mutating func addUnreadable() {
    today.spending.add(.unknown)
    month.spending.add(.unknown)
    for name in byName.keys { byName[name]?.spending.add(.unknown) }
  }

  /// Days and months from the newest; names from the dearest, as far as it is known.
  package var groups: [Group] {
    byName.values.sorted { left, right in
      switch grouping {
      case .day, .month: return left.name > right.name
      case .model, .agent, .repository:
        let (one, other) = (left.spending.knownUSD, right.spending.knownUSD)
        return one == other ? left.name < right.name : one > other
      }
    }
  }
}

extension Timestamp {
  /// The day in UTC: `2026-11-21`.
  package var day: String { String(description.prefix(10)) }
  /// The month in UTC: `2026-11`.
  package var month: String { String(description.prefix(7)) }

  /// Whether a text is a day that there is, as `2026-11-21`.
  package static func isDay(_ text: String) -> Bool {
    Timestamp("\(text)T00:00:00.000Z")?.day == text
  }
}
