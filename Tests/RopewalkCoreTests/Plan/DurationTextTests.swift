// Knows which texts are durations. Unaware of plans.

import RopewalkCore
import Testing

@Suite struct DurationTextTests {
  @Test(
    "durations are whole numbers with units, the larger units first",
    arguments: [
      ("30m", 1_800_000), ("10s", 10_000), ("1h30m", 5_400_000), ("500ms", 500),
      ("2d", 172_800_000), ("1d2h3m4s5ms", 93_784_005), ("0s", 0), ("90s", 90_000),
      ("365d", 31_536_000_000),
    ])
  func good(text: String, milliseconds: Int) throws {
    #expect(try DurationText.parse(text) == .milliseconds(milliseconds))
  }

  @Test(
    "fault 95: durations that are none, negative or too long are refused",
    arguments: [
      ("", .malformed), ("m", .malformed), ("30 m", .malformed), ("1.5h", .malformed),
      ("1e9h", .malformed), ("30m1h", .malformed), ("1h1h", .malformed), ("1h30", .malformed),
      ("+5s", .malformed), ("5S", .malformed), ("5٣s", .malformed), ("30", .noUnit),
      ("-5s", .negative), ("-", .negative), ("366d", .tooLong),
      ("9223372036854775807s", .tooLong), ("99999999999999999999ms", .tooLong),
    ] as [(String, DurationText.Refusal)])
  func bad(text: String, refusal: DurationText.Refusal) {
    #expect(throws: refusal) { try DurationText.parse(text) }
  }

  @Test("a duration is spelt as it is read", arguments: ["0s", "500ms", "1m30s", "2d", "1d1ms"])
  func spelling(text: String) throws {
    #expect(DurationText.spelt(try DurationText.parse(text)) == text)
  }
}
