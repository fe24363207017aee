// Knows how recorded spending is written, read and added up. Unaware of files.

import RopewalkCore
import Testing

@Suite("spending across runs")
struct SpendingHistoryTests {
  private func record(
    _ time: String, _ usd: Double?, model: String? = "m", agent: String = "a"
  ) throws -> SpendingRecord {
    SpendingRecord(
      time: try #require(Timestamp("\(time):00:00.000Z")), run: "r", repository: "/repo",
      task: "t", attempt: 1, agent: agent, runner: "claude", model: model,
      usage: .init(tokens: TokenCounts(input: 5, output: 1), cost: Cost(usd: usd, source: .priced)))
  }

  @Test("a record is read back as it was written", arguments: [0.25, nil])
  func roundTrip(_ usd: Double?) throws {
    let record = try record("2026-11-21T04", usd)
    #expect(SpendingRecord(line: record.line.dropLast()) == record)
    #expect(record.line.last == 10)
  }

  @Test("a line of another version is read as far as it is understood, and never as a cost of 0")
  func otherVersions() throws {
    let line = #"{"time":"2026-11-21T04:00:00.000Z","usd":3,"source":"guessed","team":"x"}"#
    let record = try #require(SpendingRecord(line: Array(line.utf8)[...]))
    #expect(record.usage.cost == .unknown)
    #expect(SpendingRecord(line: Array(#"{"usd":3}"#.utf8)[...]) == nil)
    #expect(SpendingRecord(line: Array(line.utf8.dropLast(5))[...]) == nil)
  }

  @Test("days are those of UTC, the newest first; names are sorted by what they cost")
  func groups() throws {
    let records = [
      try record("2026-10-31T23", 1, model: "old"), try record("2026-11-01T00", 2, agent: "b"),
      try record("2026-11-20T12", nil), try record("2026-11-21T00", 4, model: nil),
    ]
    func history(_ by: SpendingHistory.Grouping, since: String? = nil) throws -> SpendingHistory {
      var history = SpendingHistory(
        by: by, since: since, now: try #require(Timestamp("2026-11-21T23:59:59.999Z")))
      for record in records { history.add(record) }
      return history
    }
    let days = try history(.day)
    #expect(
      days.groups.map(\.name) == ["2026-11-21", "2026-11-20", "2026-11-01", "2026-10-31"])
    #expect(days.today.attempts == 1 && days.today.spending.knownUSD == 4)
    #expect(days.month.attempts == 3 && days.month.spending.unknownCosts == 1)
    #expect(Wording.cost(days.month.spending) == "at least $6.00")
    #expect(days.month.sources == [.priced: 2, .unknown: 1])
    #expect(try history(.month).groups.map(\.name) == ["2026-11", "2026-10"])
    #expect(try history(.model).groups.map(\.name) == ["unknown", "m", "old"])
    #expect(try history(.agent).groups.map(\.name) == ["a", "b"])
    #expect(try history(.day, since: "2026-11-20").groups.count == 2)
  }
}
