// Knows how a text is made shorter without hiding that it is. Unaware of why.

/// Takes the middle out of a text.
enum MiddleCut {
  /// No mark with the line ends around it is longer.
  private static let longestMark = 48

  /// The beginning and the end of a text with a mark between them, whole lines where they are short.
  ///
  /// - Returns: at most `bytes` bytes, or the mark alone when those are fewer.
  static func cut(_ text: String, to bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    let half = max(0, (bytes - longestMark) / 2)
    let head = start(of: text, bytes: half)
    let tail = end(of: text, bytes: half)
    let mark = mark(for: text[head..<tail])
    let lead = head == text.startIndex ? "" : text[..<head] + (isLineEnd(text, head) ? "" : "\n")
    let rest = tail == text.endIndex ? "" : "\n" + text[tail...]
    return lead + mark + rest
  }

  private static func mark(for text: Substring) -> String {
    let lines = text.utf8.count { $0 == UInt8(ascii: "\n") }
    return lines > 1
      ? "[… \(lines.grouped) lines left out …]"
      : "[… \(text.unicodeScalars.count.grouped) characters left out …]"
  }

  private static func isLineEnd(_ text: String, _ at: String.Index) -> Bool {
    at == text.startIndex || text.utf8[text.utf8.index(before: at)] == UInt8(ascii: "\n")
  }

  /// Where the first bytes end: after a line, when that is not far back, else between characters.
  private static func start(of text: String, bytes: Int) -> String.Index {
    let first = text.utf8.prefix(bytes)
    if let line = first.lastIndex(of: UInt8(ascii: "\n")),
      first.distance(from: first.startIndex, to: line) >= bytes / 2
    {
      return text.utf8.index(after: line)
    }
    var end = first.endIndex
    while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
      end = text.utf8.index(before: end)
    }
    return end
  }

  /// Where the last bytes begin, as `start` has it.
  private static func end(of text: String, bytes: Int) -> String.Index {
    let last = text.utf8.suffix(bytes)
    if let line = last.firstIndex(of: UInt8(ascii: "\n")),
      last.distance(from: line, to: last.endIndex) > bytes / 2
    {
      return text.utf8.index(after: line)
    }
    var start = last.startIndex
    while start < text.endIndex, start.samePosition(in: text.unicodeScalars) == nil {
      start = text.utf8.index(after: start)
    }
    return start
  }
}
