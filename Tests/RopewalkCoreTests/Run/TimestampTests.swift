import Foundation
import RopewalkCore
import Testing

@Suite("Instants as text")
struct TimestampTests {
  @Test(
    "an instant is written as ISO 8601 in UTC and read back",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (1_795_233_600_123, "2026-11-21T04:00:00.123Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
    ])
  func text(milliseconds: Int, text: String) {
    let instant = Timestamp(milliseconds: milliseconds)
    #expect(instant.description == text)
    #expect(Timestamp(text) == instant)
  }

  @Test("instants of three centuries are those of Foundation's calendar")
  func calendar() {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    for day in stride(from: -40_000, through: 70_000, by: 97) {
      let milliseconds = day * 86_400_000 + 12_345_678
      let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
      #expect(Timestamp(milliseconds: milliseconds).description == formatter.string(from: date))
    }
  }

  @Test("other forms are refused", arguments: ["", "2026-11-21", "2026-11-21T04:00:00Z", "x"])
  func refusals(text: String) {
    #expect(Timestamp(text) == nil)
  }
}
