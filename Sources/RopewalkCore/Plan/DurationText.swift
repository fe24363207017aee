// Knows how a plan writes a length of time. Unaware of what it limits.

/// Texts like `30m`, `1h30m`, `500ms`, `2d`.
package enum DurationText {
  /// The rule, as messages state it.
  package static let rule = "write it as `30s`, `10m`, `1h30m`, `2d` or `500ms`"
  /// The longest duration that is accepted.
  package static let longest = Duration.seconds(365 * 86_400)

  /// Why a text is no duration.
  package enum Refusal: Error, Equatable {
    case malformed, noUnit, negative, tooLong
  }

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  /// Reads whole numbers with units, the larger units first and each at most once.
  package static func parse(_ text: String) throws(Refusal) -> Duration {
    var rest = text.utf8[...]
    if rest.first == UInt8(ascii: "-") { throw .negative }
    if rest.isEmpty { throw .malformed }
    if rest.allSatisfy(isDigit) { throw .noUnit }
    var total: Int64 = 0
    var smallest = -1
    while !rest.isEmpty {
      let digits = rest.prefix(while: isDigit)
      rest = rest.dropFirst(digits.count)
      let letters = rest.prefix { !isDigit($0) }
      rest = rest.dropFirst(letters.count)
      guard !digits.isEmpty,
        let unit = units.firstIndex(where: { letters.elementsEqual($0.name.utf8) }),
        unit > smallest
      else { throw .malformed }
      smallest = unit
      guard let number = Int64(String(decoding: digits, as: UTF8.self)) else { throw .tooLong }
      let (part, overflow) = number.multipliedReportingOverflow(by: units[unit].milliseconds)
      let (sum, carry) = total.addingReportingOverflow(part)
      guard !overflow, !carry, .milliseconds(sum) <= longest else { throw .tooLong }
      total = sum
    }
    return .milliseconds(total)
  }

  /// The duration in the fewest units, to the millisecond; `parse` reads it back.
  package static func spelt(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    var rest = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    var text = ""
    for unit in units where rest >= unit.milliseconds {
      text += "\(rest / unit.milliseconds)\(unit.name)"
      rest %= unit.milliseconds
    }
    return text.isEmpty ? "0s" : text
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }
}
