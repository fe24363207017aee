// Knows which lines of a Markdown text are headings, fenced code and comments.
// Unaware of what the text is about.

/// A piece of a Markdown text: a heading, a fence with all that is in it, or one other line.
struct MarkdownBlock: Equatable {
  enum Kind: Equatable {
    /// `## Phase 1` is of level 2; so is a line that is underlined with `---`.
    case heading(level: Int, text: String)
    /// The first word after the fence's opening, and the lines inside.
    case fence(language: String, body: [String])
    /// Any other line; empty for a blank one. What comments hid is left out.
    case line(String)
  }

  var kind: Kind
  /// Where it begins, from 1.
  var line: Int
  /// The lines as they were written, without comments.
  var source: [String]

  var isBlank: Bool {
    if case .line(let text) = kind { text.allSatisfy(\.isWhitespace) } else { false }
  }
}

/// Cuts a text into blocks. Takes time linear in the text.
struct MarkdownScanner {
  private(set) var blocks: [MarkdownBlock] = []
  /// Fences and comments that nothing ends, which would hide the rest of the plan.
  private(set) var errors: [PlanError] = []

  private var fence: Fence?
  /// The line at which a comment began that has not ended yet.
  private var comment: Int?

  private struct Fence {
    var mark: Character
    var length: Int
    var language: String
    var line: Int
    var source: [String]
  }

  init(_ text: String) {
    var number = 0
    for bytes in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
      read(String(Substring(bytes)), number)
    }
    if let fence {
      errors.append(
        PlanError(
          line: fence.line, message: "the fenced code that begins here is not closed",
          hint: "end it with a line of \(String(repeating: fence.mark, count: fence.length).quoted)"
        ))
    }
    if let comment {
      errors.append(
        PlanError(
          line: comment, message: "the comment that begins here is not closed",
          hint: "end it with `-->`"))
    }
  }

  private mutating func read(_ written: String, _ number: Int) {
    if fence != nil { return readFenced(written) }
    let hadComment = comment != nil
    let text = withoutComments(written, number)
    // A line that was only a comment does not part the lines around it.
    if text != written || hadComment, text.allSatisfy(\.isWhitespace) { return }
    let (indent, rest) = Self.indented(text)
    if let opening = Self.fenceOpening(rest) {
      fence = Fence(
        mark: opening.mark, length: opening.length, language: opening.language, line: number,
        source: [text])
    } else if indent < 4, let heading = Self.heading(rest) {
      blocks.append(MarkdownBlock(kind: heading, line: number, source: [text]))
    } else if indent < 4, let level = Self.underline(rest), let title = underlinedTitle() {
      blocks[blocks.count - 1].kind = .heading(level: level, text: title)
    } else {
      blocks.append(MarkdownBlock(kind: .line(text), line: number, source: [text]))
    }
  }

  // MARK: - Fences

  private mutating func readFenced(_ text: String) {
    guard var open = fence else { return }
    open.source.append(text)
    let (_, rest) = Self.indented(text)
    let run = rest.prefix { $0 == open.mark }
    let isEnd = run.count >= open.length && rest.dropFirst(run.count).allSatisfy(\.isWhitespace)
    guard isEnd else {
      fence = open
      return
    }
    let body = open.source.dropFirst().dropLast()
    blocks.append(
      MarkdownBlock(
        kind: .fence(language: open.language, body: Array(body)), line: open.line,
        source: open.source))
    fence = nil
  }

  private static func fenceOpening(
    _ text: Substring
  ) -> (mark: Character, length: Int, language: String)? {
    guard let mark = text.first, mark == "`" || mark == "~" else { return nil }
    let length = text.prefix { $0 == mark }.count
    let info = text.dropFirst(length)
    // Three backquotes may also stand around code within a line.
    guard length >= 3, mark == "~" || !info.contains("`") else { return nil }
    return (mark, length, info.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "")
  }

  // MARK: - Headings

  private static func indented(_ text: String) -> (indent: Int, rest: Substring) {
    let space = text.prefix { $0 == " " || $0 == "\t" }
    return (space.reduce(0) { $0 + ($1 == "\t" ? 4 : 1) }, text.dropFirst(space.count))
  }

  private static func heading(_ text: Substring) -> MarkdownBlock.Kind? {
    let level = text.prefix { $0 == "#" }.count
    guard (1...6).contains(level) else { return nil }
    let rest = text.dropFirst(level)
    guard rest.first.map(\.isWhitespace) ?? true else { return nil }
    var title = rest.trimmingSpace
    // Number signs may end a heading as well, after a space.
    let bare = String(title.reversed().drop { $0 == "#" }.reversed())
    if bare.isEmpty || bare.last?.isWhitespace == true { title = bare[...].trimmingSpace }
    return .heading(level: level, text: title)
  }

  /// The level that a line of `===` or `---` makes a heading of, when a title is above it.
  private static func underline(_ text: Substring) -> Int? {
    let line = text.trimmingSpace
    guard let mark = line.first, line.allSatisfy({ $0 == mark }) else { return nil }
    return mark == "=" ? 1 : mark == "-" ? 2 : nil
  }

  /// The line above, when it is a paragraph of its own.
  private func underlinedTitle() -> String? {
    guard let last = blocks.last, case .line(let text) = last.kind, !last.isBlank,
      text.markdownListItem == nil, blocks.dropLast().last.map(\.isParagraphLine) != true
    else { return nil }
    return text[...].trimmingSpace
  }

  // MARK: - Comments

  /// A line without what stands in comments; code within the line is no comment.
  private mutating func withoutComments(_ text: String, _ number: Int) -> String {
    guard comment != nil || text.contains("<!--") else { return text }
    var shown = ""
    var rest = text[...]
    while !rest.isEmpty {
      if comment != nil {
        guard let end = rest.firstRange(of: "-->") else { return shown }
        rest = rest[end.upperBound...]
        comment = nil
      } else if let start = rest.firstRange(of: "<!--") {
        shown += rest[..<start.lowerBound]
        if shown.count(where: { $0 == "`" }).isMultiple(of: 2) {
          comment = number
        } else {
          shown += "<!--"
        }
        rest = rest[start.upperBound...]
      } else {
        return shown + rest
      }
    }
    return shown
  }
}

extension MarkdownBlock {
  fileprivate var isParagraphLine: Bool {
    if case .line(let text) = kind { !isBlank && text.markdownListItem == nil } else { false }
  }
}

extension StringProtocol where SubSequence == Substring {
  var trimmingSpace: String {
    var text = self[startIndex..<endIndex]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  /// What an item of a list says: `- text`, `* text`, `+ text`, `1. text`, `1) text`; nil for other lines.
  var markdownListItem: String? {
    let text = trimmingSpace
    if let mark = text.first, "-*+".contains(mark) {
      let rest = text.dropFirst()
      return rest.first?.isWhitespace == true ? rest.trimmingSpace : nil
    }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let rest = text.dropFirst(digits.count)
    guard (1...9).contains(digits.count), rest.first == "." || rest.first == ")",
      rest.dropFirst().first?.isWhitespace == true
    else { return nil }
    return rest.dropFirst().trimmingSpace
  }
}
