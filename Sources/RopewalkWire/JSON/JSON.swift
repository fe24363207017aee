// Knows how values are written as JSON text. Unaware of parsing and of what the values mean.

/// A JSON value to be written. Members keep the order in which they were given.
package enum JSON: Sendable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])
  /// Text that is JSON already, written as it is.
  case raw([UInt8])

  /// The value as text, without spaces.
  package var bytes: [UInt8] {
    var out: [UInt8] = []
    write(to: &out, indent: nil)
    return out
  }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The value as text with one member a line, indented by two spaces.
  package var prettyText: String {
    var out: [UInt8] = []
    write(to: &out, indent: 0)
    return String(decoding: out, as: UTF8.self)
  }

  /// An object of those members whose value is known.
  package static func known(_ members: [(String, JSON?)]) -> JSON {
    .object(members.compactMap { key, value in value.map { (key, $0) } })
  }

  private func write(to out: inout [UInt8], indent: Int?) {
    switch self {
    case .null: out.append(contentsOf: "null".utf8)
    case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
    case .int(let value): out.append(contentsOf: String(value).utf8)
    case .double(let value): out.append(contentsOf: Self.spelt(value).utf8)
    case .string(let value): Self.write(value, to: &out)
    case .raw(let text): out.append(contentsOf: text)
    case .array(let values):
      Self.write(values, "[", "]", to: &out, indent: indent) { value, out, inner in
        value.write(to: &out, indent: inner)
      }
    case .object(let members):
      Self.write(members, "{", "}", to: &out, indent: indent) { member, out, inner in
        Self.write(member.0, to: &out)
        out.append(UInt8(ascii: ":"))
        if inner != nil { out.append(UInt8(ascii: " ")) }
        member.1.write(to: &out, indent: inner)
      }
    }
  }

  private static func write<Item>(
    _ items: [Item], _ opening: Unicode.Scalar, _ closing: Unicode.Scalar,
    to out: inout [UInt8], indent: Int?,
    item: (Item, inout [UInt8], Int?) -> Void
  ) {
    out.append(UInt8(ascii: opening))
    for (index, value) in items.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      if let indent { breakLine(&out, indent + 1) }
      item(value, &out, indent.map { $0 + 1 })
    }
    if let indent, !items.isEmpty { breakLine(&out, indent) }
    out.append(UInt8(ascii: closing))
  }

  private static func breakLine(_ out: inout [UInt8], _ indent: Int) {
    out.append(UInt8(ascii: "\n"))
    out.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * 2))
  }

  /// JSON has no word for what is not finite; unknown is null there.
  private static func spelt(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    if value == value.rounded(), value.magnitude < 1e15 { return String(Int(value)) }
    return String(describing: value)
  }

  private static func write(_ text: String, to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out.append(contentsOf: #"\""#.utf8)
      case UInt8(ascii: "\\"): out.append(contentsOf: #"\\"#.utf8)
      case 0x0A: out.append(contentsOf: #"\n"#.utf8)
      case 0x0D: out.append(contentsOf: #"\r"#.utf8)
      case 0x09: out.append(contentsOf: #"\t"#.utf8)
      case 0..<0x20, 0x7F:
        out.append(contentsOf: #"\u00"#.utf8)
        out.append(hexadecimalDigit(byte >> 4))
        out.append(hexadecimalDigit(byte & 15))
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int) { self = .int(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
  package init(nilLiteral: ()) { self = .null }
}
