// Knows the grammars of JSON (RFC 8259) and JSON5. Unaware of what is done with the values.

/// Reads one text into the flat table of a `JSONDocument`, in one pass and without recursion.
struct JSONParser {
  private let text: UnsafeBufferPointer<UInt8>
  private let json5: Bool
  private var at = 0
  private(set) var nodes: [JSONDocument.Node] = []
  /// The open containers, outermost first, as indices into `nodes`.
  private var open: [Int] = []

  init(text: UnsafeBufferPointer<UInt8>, dialect: JSONDocument.Dialect) {
    self.text = text
    self.json5 = dialect == .json5
    nodes.reserveCapacity(text.count / 12 + 4)
  }

  mutating func parse() throws(JSONSyntaxError) {
    if text.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    try skipSpace()
    try value()
    while let container = open.last {
      try skipSpace()
      try next(in: container)
    }
    try skipSpace()
    guard at == text.count else { throw unexpected("the text should have ended here") }
  }

  // MARK: - Values

  /// Reads a scalar, or opens a container and reads up to its first value.
  private mutating func value() throws(JSONSyntaxError) {
    guard at < text.count else { throw unexpected("a value is missing") }
    let byte = text[at]
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard open.count < JSONDocument.maximumDepth else {
        throw unexpected("nested deeper than \(JSONDocument.maximumDepth)")
      }
      open.append(nodes.count)
      append(byte == UInt8(ascii: "{") ? .object : .array, from: at, to: at)
      at += 1
      try skipSpace()
      try first(in: nodes.count - 1)
    case UInt8(ascii: "\""): try string(.string)
    case UInt8(ascii: "'") where json5: try string(.string)
    case UInt8(ascii: "t"): try word("true", .bool)
    case UInt8(ascii: "f"): try word("false", .bool)
    case UInt8(ascii: "n"): try word("null", .null)
    default: try number()
    }
  }

  private func isClosing(_ container: Int) -> Bool {
    at < text.count
      && text[at] == (nodes[container].kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]"))
  }

  private mutating func close(_ container: Int) {
    at += 1
    nodes[container].end = UInt32(at)
    nodes[container].next = UInt32(nodes.count)
    open.removeLast()
  }

  private mutating func first(in container: Int) throws(JSONSyntaxError) {
    if isClosing(container) { return close(container) }
    try member(of: container)
  }

  /// After a value: a comma and the next one, or the end of the container.
  private mutating func next(in container: Int) throws(JSONSyntaxError) {
    if isClosing(container) { return close(container) }
    guard at < text.count, text[at] == UInt8(ascii: ",") else {
      let isObject = nodes[container].kind == .object
      throw unexpected("expected a comma or the end of the \(isObject ? "object" : "list")")
    }
    at += 1
    try skipSpace()
    if json5, isClosing(container) { return close(container) }
    try member(of: container)
  }

  private mutating func member(of container: Int) throws(JSONSyntaxError) {
    if nodes[container].kind == .object {
      try key()
      try skipSpace()
      guard at < text.count, text[at] == UInt8(ascii: ":") else {
        throw unexpected("expected a colon after the key")
      }
      at += 1
      try skipSpace()
    }
    try value()
  }

  private mutating func key() throws(JSONSyntaxError) {
    guard at < text.count else { throw unexpected("a key is missing") }
    if text[at] == UInt8(ascii: "\"") || (json5 && text[at] == UInt8(ascii: "'")) {
      return try string(.string)
    }
    guard json5 else { throw unexpected("a key must be a string in double quotes") }
    let start = at
    while at < text.count, isIdentifier(text[at], first: at == start) { at += 1 }
    guard at > start else { throw unexpected("a key is missing") }
    append(.string, from: start, to: at)
  }

  /// Letters, digits, `_`, `$`, and whatever lies outside ASCII.
  private func isIdentifier(_ byte: UInt8, first: Bool) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
      true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): !first
    default: false
    }
  }

  private mutating func word(
    _ word: StaticString, _ kind: JSONValue.Kind
  ) throws(JSONSyntaxError) {
    let start = at
    let length = word.utf8CodeUnitCount
    guard at + length <= text.count,
      (0..<length).allSatisfy({ text[start + $0] == word.utf8Start[$0] })
    else { throw unexpected("this is no JSON value") }
    at += length
    append(kind, from: start, to: at)
  }

  private mutating func append(
    _ kind: JSONValue.Kind, escaped: Bool = false, from start: Int, to end: Int
  ) {
    nodes.append(
      JSONDocument.Node(
        kind: kind, escaped: escaped, start: UInt32(start), end: UInt32(end),
        next: UInt32(nodes.count + 1)))
  }

  // MARK: - Strings

  private mutating func string(_ kind: JSONValue.Kind) throws(JSONSyntaxError) {
    let quote = text[at]
    let opening = at
    at += 1
    let start = at
    var escaped = false
    while at < text.count {
      let byte = text[at]
      if byte == quote {
        append(kind, escaped: escaped, from: start, to: at)
        at += 1
        return
      }
      if byte == UInt8(ascii: "\\") {
        escaped = true
        at += 1
        try escape()
      } else if byte < 0x20 && (!json5 || byte == 0x0A || byte == 0x0D) {
        throw unexpected("a line break or control character inside a string")
      } else {
        at += 1
      }
    }
    throw JSONSyntaxError(offset: opening, reason: "the string that begins here has no end")
  }

  /// Checks the escape whose backslash was just passed.
  private mutating func escape() throws(JSONSyntaxError) {
    guard at < text.count else { throw unexpected("the text ends inside an escape") }
    switch text[at] {
    case UInt8(ascii: "u"): try hexadecimal(4)
    case UInt8(ascii: "x") where json5: try hexadecimal(2)
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 1
    case UInt8(ascii: "1")...UInt8(ascii: "9") where json5:
      throw unexpected("a digit cannot follow a backslash")
    default:
      guard json5 else { throw unexpected("no such escape") }
      at += 1
    }
  }

  private mutating func hexadecimal(_ digits: Int) throws(JSONSyntaxError) {
    at += 1
    for _ in 0..<digits {
      guard at < text.count, JSONEscapes.digit(text[at]) != nil else {
        throw unexpected("expected \(digits) hexadecimal digits")
      }
      at += 1
    }
  }

  // MARK: - Numbers

  private mutating func number() throws(JSONSyntaxError) {
    let start = at
    if at < text.count, text[at] == UInt8(ascii: "-") || (json5 && text[at] == UInt8(ascii: "+")) {
      at += 1
    }
    if json5, at < text.count {
      if text[at] == UInt8(ascii: "I") { return try json5Word("Infinity", from: start) }
      if text[at] == UInt8(ascii: "N") { return try json5Word("NaN", from: start) }
      if text[at] == UInt8(ascii: "0"), at + 1 < text.count,
        text[at + 1] | 0x20 == UInt8(ascii: "x")
      {
        at += 2
        let first = at
        while at < text.count, JSONEscapes.digit(text[at]) != nil { at += 1 }
        guard at > first else { throw unexpected("expected hexadecimal digits") }
        return append(.number, from: start, to: at)
      }
    }
    let whole = digits()
    if whole == 0 && !(json5 && at < text.count && text[at] == UInt8(ascii: ".")) {
      throw JSONSyntaxError(offset: start, reason: "this is no JSON value")
    }
    if whole > 1 && text[at - whole] == UInt8(ascii: "0") {
      throw JSONSyntaxError(offset: start, reason: "a number cannot begin with 0")
    }
    if at < text.count, text[at] == UInt8(ascii: ".") {
      at += 1
      let fraction = digits()
      guard fraction > 0 || (json5 && whole > 0) else {
        throw unexpected("expected digits after the point")
      }
    }
    if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < text.count, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") { at += 1 }
      guard digits() > 0 else { throw unexpected("expected digits in the exponent") }
    }
    append(.number, from: start, to: at)
  }

  private mutating func json5Word(
    _ expected: StaticString, from start: Int
  ) throws(JSONSyntaxError) {
    try word(expected, .number)
    nodes[nodes.count - 1].start = UInt32(start)
  }

  private mutating func digits() -> Int {
    let start = at
    while at < text.count, text[at] &- UInt8(ascii: "0") < 10 { at += 1 }
    return at - start
  }

  // MARK: - Space

  private mutating func skipSpace() throws(JSONSyntaxError) {
    while at < text.count {
      switch text[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      case _ where !json5: return
      case 0x0B, 0x0C: at += 1
      case UInt8(ascii: "/"): try comment()
      case 0xC2...:
        let length = wideSpace()
        if length == 0 { return }
        at += length
      default: return
      }
    }
  }

  /// The length in bytes of the space outside ASCII that stands here, or 0.
  private func wideSpace() -> Int {
    if at + 1 < text.count, text[at] == 0xC2, text[at + 1] == 0xA0 { return 2 }
    guard at + 2 < text.count else { return 0 }
    switch (text[at], text[at + 1], text[at + 2]) {
    case (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF),
      (0xE2, 0x81, 0x9F), (0xE1, 0x9A, 0x80), (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF):
      return 3
    default: return 0
    }
  }

  private mutating func comment() throws(JSONSyntaxError) {
    let start = at
    guard at + 1 < text.count else { throw unexpected("this is no JSON value") }
    switch text[at + 1] {
    case UInt8(ascii: "/"):
      while at < text.count, text[at] != 0x0A, text[at] != 0x0D { at += 1 }
    case UInt8(ascii: "*"):
      at += 2
      while at + 1 < text.count, text[at] != UInt8(ascii: "*") || text[at + 1] != UInt8(ascii: "/")
      {
        at += 1
      }
      guard at + 1 < text.count else {
        throw JSONSyntaxError(offset: start, reason: "the comment that begins here has no end")
      }
      at += 2
    default: throw unexpected("this is no JSON value")
    }
  }

  private func unexpected(_ reason: String) -> JSONSyntaxError {
    JSONSyntaxError(offset: at, reason: reason)
  }
}
