// Knows what a program's stderr says about its failure. Unaware of its stdout.

import RopewalkWire

/// The end of a program's stderr, read for what it tells.
struct Complaints: Sendable {
  private let lines: [Substring]
  private let rules: OutputRules

  init(_ stderr: [UInt8], _ rules: OutputRules) {
    self.rules = rules
    lines = String(decoding: stderr, as: UTF8.self).split(whereSeparator: \.isNewline)
  }

  /// The last line that begins like an error; of a program that failed else its last line.
  func message(_ end: ProgramEnd) -> String? {
    let telling = lines.map { $0.drop { $0 == " " || $0 == "\t" } }.filter { line in
      !line.isEmpty && !rules.stderrNotices.contains { line.hasPrefix($0) }
    }
    if let error = telling.last(where: { $0.lowercased().hasPrefix("error:") }) {
      return Self.trimmed(error)
    }
    if case .exit(let code) = end, code != 0 { return telling.last.map(Self.trimmed) }
    return nil
  }

  /// The tools whose refusal is told, in order.
  var denials: [String] {
    guard let marks = rules.stderrDenials else { return [] }
    return lines.compactMap { line in
      guard let start = line.firstRange(of: marks.after)?.upperBound,
        let end = line[start...].firstRange(of: marks.before)?.lowerBound
      else { return nil }
      return String(line[start..<end])
    }
  }

  private static func trimmed(_ line: Substring) -> String {
    String(line.reversed().drop { $0.isWhitespace }.reversed())
  }
}

/// Words that are looked for in a message.
enum Phrase {
  /// Whether the text holds the phrase as words of its own: `429` is in "status 429", not in "4291".
  ///
  /// - Parameter phrase: in lower case; the text may be in any.
  static func holds(_ text: String, _ phrase: String) -> Bool {
    let text = Array(text.lowercased().utf8)
    let phrase = Array(phrase.utf8)
    guard !phrase.isEmpty, text.count >= phrase.count else { return false }
    return (0...text.count - phrase.count).contains { start in
      let end = start + phrase.count
      guard text[start] == phrase[0], text[start..<end].elementsEqual(phrase) else { return false }
      let joinsBefore = start > 0 && isWord(text[start - 1]) && isWord(phrase[0])
      let joinsAfter = end < text.count && isWord(text[end]) && isWord(phrase[phrase.count - 1])
      return !joinsBefore && !joinsAfter
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: true
    default: false
    }
  }
}
