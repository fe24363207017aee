// Knows how `{{names}}` in arguments and environment get their values. Unaware of runners.

/// Texts of runner files with places for values, such as `--model={{model}}`.
package enum ArgumentText {
  /// The names that stand between double braces.
  static func names(in text: String) -> [String] {
    var names: [String] = []
    _ = replace(text) {
      names.append($0)
      return ""
    }
    return names
  }

  /// The text with the values in place; values are never looked at again.
  static func fill(_ text: String, _ values: [String: String]) -> String {
    replace(text) { values[$0] ?? "" }
  }

  private static func replace(_ text: String, _ value: (String) -> String) -> String {
    guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
    var out = ""
    var rest = text[...]
    while let opening = rest.firstRange(of: "{{"),
      let closing = rest[opening.upperBound...].firstRange(of: "}}")
    {
      out += rest[..<opening.lowerBound]
      out += value(String(rest[opening.upperBound..<closing.lowerBound]))
      rest = rest[closing.upperBound...]
    }
    return out + rest
  }
}
