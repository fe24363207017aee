// Knows how phases and stages are numbered and named in headings. Unaware of what is below them.

/// A heading such as `Stage 1.2: Users table (Week 1-2)` in its parts.
struct MarkdownHeading {
  var numbers: [Int]
  /// Without the weeks.
  var name: String

  /// Nil for a heading that does not begin with the word and a number.
  init?(_ text: String, word: String) {
    guard text.lowercased().hasPrefix(word.lowercased()) else { return nil }
    let rest = text.dropFirst(word.count)
    let number = rest.drop(while: \.isWhitespace).prefix {
      $0.isASCII && ($0.isNumber || $0 == ".")
    }
    guard rest.first?.isWhitespace == true, !number.isEmpty else { return nil }
    let pieces = number.split(separator: ".", omittingEmptySubsequences: false)
    // A point after the number is no part of it.
    let parts = pieces.last == "" ? pieces.dropLast() : pieces[...]
    numbers = parts.compactMap { $0.utf8.count <= 6 ? Int($0) : nil }
    if numbers.count != parts.count { numbers = [] }
    let name = rest[number.endIndex...].trimmingSpace.drop { ":.-–—".contains($0) }
    self.name = Self.withoutWeeks(name.trimmingSpace)
  }

  /// Whether somebody may have meant to write such a heading: the word, or one near it and a number.
  static func isMeant(_ text: String, word: String) -> Bool {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard let first = words.first?.prefix(while: \.isLetter) else { return false }
    if first.lowercased() == word.lowercased() { return true }
    return NearName.nearest(to: String(first), in: [word]) != nil
      && words.dropFirst().first?.first?.isNumber == true
  }

  private static func withoutWeeks(_ name: String) -> String {
    guard name.hasSuffix(")"), let opening = name.lastIndex(of: "("),
      name[name.index(after: opening)...].lowercased().hasPrefix("week")
    else { return name }
    return name[..<opening].trimmingSpace
  }
}
