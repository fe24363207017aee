// Knows how strings and numbers are spelt in JSON and JSON5. Unaware of documents.

/// The escapes of JSON and JSON5 strings.
enum JSONEscapes {
  static func digit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// The string that escaped text stands for. The parser has checked the escapes; surrogates
  /// without a partner and bytes that are no UTF-8 become U+FFFD.
  static func decode(_ source: ArraySlice<UInt8>) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(source.count)
    var at = source.startIndex
    while at < source.endIndex {
      guard source[at] == UInt8(ascii: "\\") else {
        out.append(source[at])
        at += 1
        continue
      }
      at += 1
      let byte = source[at]
      at += 1
      switch byte {
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "v"): out.append(0x0B)
      case UInt8(ascii: "0"): out.append(0x00)
      case UInt8(ascii: "x"):
        append(hexadecimal(source, &at, 2), to: &out)
      case UInt8(ascii: "u"):
        append(character(source, &at), to: &out)
      case 0x0A: break
      case 0x0D:
        if at < source.endIndex, source[at] == 0x0A { at += 1 }
      default: out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func hexadecimal(
    _ source: ArraySlice<UInt8>, _ at: inout Int, _ digits: Int
  ) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<digits {
      value = value << 4 | (digit(source[at]) ?? 0)
      at += 1
    }
    return value
  }

  /// The character whose `\u` was just passed, with its second half when it has one.
  private static func character(_ source: ArraySlice<UInt8>, _ at: inout Int) -> UInt32 {
    let first = hexadecimal(source, &at, 4)
    guard (0xD800..<0xDC00).contains(first), at + 6 <= source.endIndex,
      source[at] == UInt8(ascii: "\\"), source[at + 1] == UInt8(ascii: "u")
    else { return first }
    var ahead = at + 2
    let second = hexadecimal(source, &ahead, 4)
    guard (0xDC00..<0xE000).contains(second) else { return first }
    at = ahead
    return 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
  }

  private static func append(_ value: UInt32, to out: inout [UInt8]) {
    let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
    out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
  }
}

/// The numbers of JSON and JSON5.
enum JSONNumber {
  /// The value; infinite when it is too large, never a trap.
  static func double(_ text: String) -> Double {
    if let value = hexadecimal(text) { return value }
    var text = text[...]
    if text.hasPrefix("+") { text = text.dropFirst() }
    if text.hasSuffix(".") { text = text.dropLast() }
    return Double(text) ?? (text.hasPrefix("-") ? -.infinity : .infinity)
  }

  /// The value when it is a whole number that fits, also when spelt `1e3` or `2.0`.
  static func int(_ text: String) -> Int? { Int(text) ?? Int(exactly: double(text)) }

  private static func hexadecimal(_ text: String) -> Double? {
    let sign: Double = text.hasPrefix("-") ? -1 : 1
    let digits = text.drop { $0 == "-" || $0 == "+" }
    guard digits.hasPrefix("0x") || digits.hasPrefix("0X") else { return nil }
    return digits.dropFirst(2).utf8.reduce(0.0) { $0 * 16 + Double(JSONEscapes.digit($1) ?? 0) }
      * sign
  }
}
