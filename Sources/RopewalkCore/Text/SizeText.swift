// Knows how sizes in bytes are written. Unaware of what is that large.

/// Sizes such as `512M`: a whole number with the unit k, M, G or T, each 1,024 times the one before.
package enum SizeText {
  package static let rule =
    "write a whole number and a unit: k, M, G or T, each 1,024 times the one before"

  private static let units: [(letter: Character, factor: Int)] = [
    ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("k", 1 << 10),
  ]

  /// The bytes; nil for anything else, and for more than 1,024 T.
  package static func parse(_ text: String) -> Int? {
    guard let last = text.last else { return nil }
    let unit = units.first { $0.letter == last || String($0.letter).lowercased() == String(last) }
    let digits = unit == nil ? text : String(text.dropLast())
    guard !digits.isEmpty, digits.utf8.count <= 16,
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int(digits)
    else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: unit?.factor ?? 1)
    return overflow || bytes > 1 << 50 ? nil : bytes
  }

  /// The shortest text that `parse` reads back.
  package static func spelt(_ bytes: Int) -> String {
    for unit in units where bytes > 0 && bytes % unit.factor == 0 {
      return "\(bytes / unit.factor)\(unit.letter)"
    }
    return String(bytes)
  }
}
