// Knows in which forms an agent may state something in its answer. Unaware of what is asked.

import RopewalkWire

/// Finds what an agent states in an answer that is otherwise prose.
///
/// There are two forms: a member of a JSON object, `{"vote": 2}`, and a last line, `VOTE: 2`.
/// What is stated more than once is returned more than once, so that a contradiction is seen.
enum AnswerReader {
  /// One statement, as it was found.
  enum Statement {
    /// The member's value, and the object that it is a member of.
    case member(JSONValue, of: JSONValue)
    /// What follows the colon of the last line.
    case phrase(String)
  }

  /// The longest last line that is taken for a phrase, in bytes.
  private static let longestPhrase = 200

  /// Everything that the text states under that word.
  ///
  /// - Parameter word: the key of an object; in capitals it is the phrase.
  static func statements(of word: String, in text: String) -> [Statement] {
    var found: [Statement] = []
    for object in jsonValues(in: text) {
      for member in object.members where member.key == word {
        found.append(.member(member.value, of: object))
      }
    }
    if let phrase = phrase(word, in: text) { found.append(.phrase(phrase)) }
    return found
  }

  /// The outermost JSON objects and lists in a text: those in code blocks marked `json` before
  /// the others, and of each kind the last one first.
  ///
  /// Takes time linear in the text: of what is nested in text that is nearly JSON only so much is
  /// tried again.
  static func jsonValues(in text: String) -> [JSONValue] {
    let bytes = Array(text.utf8)
    let spans = JSONSpans(of: bytes).spans
    var budget = 4 * bytes.count
    var fenced: [JSONValue] = []
    var others: [JSONValue] = []
    var rest = spans[...]
    while let span = rest.popLast() {
      budget -= span.range.count
      if budget < 0 { break }
      // Prose has braces that hold no JSON: why they hold none does not matter.
      guard let document = try? JSONDocument(Array(bytes[span.range])) else { continue }
      if span.isFenced { fenced.append(document.root) } else { others.append(document.root) }
      while let inner = rest.last, inner.range.lowerBound > span.range.lowerBound {
        rest.removeLast()
      }
    }
    return fenced + others
  }

  /// What follows `WORD:` in the last line that is not blank. Case and Markdown's stars and
  /// backticks do not matter.
  private static func phrase(_ word: String, in text: String) -> String? {
    let line = text.utf8[lastLine(of: text)]
    guard line.count <= longestPhrase else { return nil }
    let plain = String(Substring(line)).filter { $0 != "*" && $0 != "`" }
    guard let colon = plain.firstIndex(of: ":"),
      plain[..<colon].trimmed.lowercased() == word.lowercased()
    else { return nil }
    return plain[plain.index(after: colon)...].trimmed
  }

  /// Where the last line that is not blank stands; empty when there is none.
  static func lastLine(of text: String) -> Range<String.Index> {
    let bytes = text.utf8
    guard let last = bytes.lastIndex(where: { $0 > 0x20 }) else {
      return text.endIndex..<text.endIndex
    }
    let start = bytes[..<last].lastIndex(of: UInt8(ascii: "\n")).map(bytes.index(after:))
    return (start ?? text.startIndex)..<bytes.index(after: last)
  }
}

extension StringProtocol where UTF8View: BidirectionalCollection {
  /// The text without the spaces and line breaks of ASCII at its ends.
  var trimmed: String {
    guard let first = utf8.firstIndex(where: { $0 > 0x20 }),
      let last = utf8.lastIndex(where: { $0 > 0x20 })
    else { return "" }
    return String(self[first...last])
  }
}
