// Knows how text from anywhere is shown on a terminal without reaching it. Unaware of its source.

extension String {
  /// The text with every control character but tab and newline made visible.
  ///
  /// What agents, git and plans print may hold escape sequences that retitle a terminal, fill its
  /// clipboard or hide what follows. C0, DEL and C1 become `^[` and the like, characters that
  /// reorder text become `<U+202E>`. Files and JSON keep the true bytes.
  package var safeForTerminal: String {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A || $0 == 0x09 }) { return self }
    var safe = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A: safe.append(scalar)
      case 0x00..<0x20, 0x7F:
        safe.append("^")
        safe.append(Unicode.Scalar(UInt8(scalar.value) ^ 0x40))
      case 0x80..<0xA0, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0x061C,
        0x2028...0x2029:
        safe.append(contentsOf: "<U+\(Self.hexadecimal(scalar.value))>".unicodeScalars)
      default: safe.append(scalar)
      }
    }
    return String(safe)
  }

  /// As `safeForTerminal`, on one line: newlines and tabs become spaces.
  package var safeLine: String {
    String(safeForTerminal.map { $0 == "\n" || $0 == "\t" || $0 == "\r\n" ? " " : $0 })
  }

  /// The text, or its beginning and `…` when it has more characters than `limit`.
  package func cut(to limit: Int) -> String {
    count <= limit ? self : prefix(max(0, limit - 1)) + "…"
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
  }
}
