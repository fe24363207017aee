// Knows what a parsed JSON or JSON5 text holds and where each value stands in it.
// Unaware of what the values mean.

/// A JSON text, parsed once into a flat table of values that are decoded when asked for.
///
/// One parser reads plans, runner files, journals and what agents print, so that all of them
/// refuse the same things and every value knows its place in the text (a plan's refusals name
/// the line, which Foundation's decoders cannot tell). Reading is iterative, so depth costs no stack.
package final class JSONDocument: Sendable {
  /// Which texts are accepted.
  package enum Dialect: Sendable {
    /// RFC 8259 to the letter.
    case json
    /// JSON5: comments, trailing commas, bare keys, single quotes, hexadecimal numbers.
    case json5
  }

  /// Containers nested deeper than this are refused.
  package static let maximumDepth = 512

  package let bytes: [UInt8]
  let nodes: [Node]

  /// Parses `bytes`; a leading byte order mark is skipped. Takes time linear in the text.
  ///
  /// - Throws: `JSONSyntaxError` with the offset of the first byte that does not fit.
  package init(_ bytes: [UInt8], dialect: Dialect = .json) throws(JSONSyntaxError) {
    guard bytes.count < Int(UInt32.max) else {
      throw JSONSyntaxError(offset: 0, reason: "the text is over 4 GiB")
    }
    let parsed = bytes.withUnsafeBufferPointer { buffer -> Result<[Node], JSONSyntaxError> in
      var parser = JSONParser(text: buffer, dialect: dialect)
      do throws(JSONSyntaxError) {
        try parser.parse()
        return .success(parser.nodes)
      } catch {
        return .failure(error)
      }
    }
    self.nodes = try parsed.get()
    self.bytes = bytes
  }

  package convenience init(
    _ text: String, dialect: Dialect = .json
  ) throws(JSONSyntaxError) {
    try self.init(Array(text.utf8), dialect: dialect)
  }

  package var root: JSONValue { JSONValue(document: self, index: 0) }

  /// The line and column, both from 1, of a byte offset; columns count characters.
  package func place(at offset: Int) -> TextPlace { TextPlace(of: offset, in: bytes) }

  struct Node {
    var kind: JSONValue.Kind
    /// For strings and keys: holds escapes, or bytes that need care, so that the text is not the value.
    var escaped: Bool
    /// The value's bytes in the text; for strings without the quotes.
    var start: UInt32
    var end: UInt32
    /// The node after this value and all that is in it.
    var next: UInt32
  }
}

/// Where a text stopped being JSON.
package struct JSONSyntaxError: Error, Equatable {
  package var offset: Int
  package var reason: String
}

/// A line and a column, both counted from 1.
package struct TextPlace: Sendable, Equatable {
  package var line: Int
  package var column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  package init(of offset: Int, in bytes: [UInt8]) {
    var line = 1
    var column = 1
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.init(line: line, column: column)
  }
}

/// One value of a `JSONDocument`.
package struct JSONValue: Sendable {
  package enum Kind: UInt8, Sendable {
    case null, bool, number, string, array, object

    /// The kind with its article, for messages: "a string".
    package var named: String {
      switch self {
      case .null: "null"
      case .bool: "true or false"
      case .number: "a number"
      case .string: "a string"
      case .array: "a list"
      case .object: "an object"
      }
    }
  }

  package let document: JSONDocument
  let index: Int

  init(document: JSONDocument, index: Int) {
    self.document = document
    self.index = index
  }

  private var node: JSONDocument.Node { document.nodes[index] }

  package var kind: Kind { node.kind }
  package var isNull: Bool { node.kind == .null }

  /// The offset of the value's first byte; for strings the one after the quote.
  package var offset: Int { Int(node.start) }

  /// Where the whole value stands in the text, quotes included.
  package var range: Range<Int> {
    let inner = Int(node.start)..<Int(node.end)
    return kind == .string && inner.lowerBound > 0
      ? inner.lowerBound - 1..<inner.upperBound + 1 : inner
  }

  /// The bytes of the value as they were written; for strings without the quotes.
  package var source: ArraySlice<UInt8> { document.bytes[Int(node.start)..<Int(node.end)] }

  package var string: String? {
    guard node.kind == .string else { return nil }
    return decodedText(node)
  }

  package var bool: Bool? {
    guard node.kind == .bool else { return nil }
    return document.bytes[Int(node.start)] == UInt8(ascii: "t")
  }

  /// The number, when it is finite.
  package var double: Double? {
    guard node.kind == .number else { return nil }
    let value = JSONNumber.double(String(decoding: source, as: UTF8.self))
    return value.isFinite ? value : nil
  }

  /// The number, when it is whole and fits.
  package var int: Int? {
    guard node.kind == .number else { return nil }
    return JSONNumber.int(String(decoding: source, as: UTF8.self))
  }

  /// Whether the number is one of JSON5's `NaN` and `Infinity`, or too large to hold.
  package var isNonFinite: Bool { node.kind == .number && double == nil }

  /// The list's values in order; empty for anything but a list.
  package var elements: Elements { Elements(value: self) }

  /// The object's members in order, repeated keys included; empty for anything but an object.
  package var members: Members { Members(value: self) }

  /// The last member of that name; later ones win, as everywhere.
  package subscript(key: String) -> JSONValue? {
    guard node.kind == .object else { return nil }
    var found: JSONValue?
    var key = key
    key.withUTF8 { wanted in
      var at = index + 1
      let end = Int(node.next)
      while at < end {
        if keyMatches(document.nodes[at], wanted) {
          found = JSONValue(document: document, index: at + 1)
        }
        at = Int(document.nodes[at + 1].next)
      }
    }
    return found
  }

  /// The value copied out of its document.
  package var json: JSON {
    switch kind {
    case .null: .null
    case .bool: .bool(bool ?? false)
    case .number: int.map(JSON.int) ?? double.map(JSON.double) ?? .null
    case .string: .string(string ?? "")
    case .array: .array(elements.map(\.json))
    case .object: .object(members.map { ($0.key, $0.value.json) })
    }
  }

  private func keyMatches(
    _ key: JSONDocument.Node, _ wanted: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    if key.escaped { return decodedText(key).utf8.elementsEqual(wanted) }
    let start = Int(key.start)
    guard Int(key.end) - start == wanted.count else { return false }
    for offset in 0..<wanted.count where document.bytes[start + offset] != wanted[offset] {
      return false
    }
    return true
  }

  fileprivate func decodedText(_ node: JSONDocument.Node) -> String {
    let source = document.bytes[Int(node.start)..<Int(node.end)]
    return node.escaped
      ? JSONEscapes.decode(source) : String(decoding: source, as: UTF8.self)
  }

  package struct Elements: Sequence, IteratorProtocol {
    private let document: JSONDocument
    private var at: Int
    private let end: Int

    init(value: JSONValue) {
      document = value.document
      at = value.index + 1
      end = value.kind == .array ? Int(value.node.next) : 0
    }

    package mutating func next() -> JSONValue? {
      guard at < end else { return nil }
      defer { at = Int(document.nodes[at].next) }
      return JSONValue(document: document, index: at)
    }
  }

  package struct Members: Sequence, IteratorProtocol {
    /// A key, where it stands, and its value.
    package struct Member {
      package var key: String
      package var keyOffset: Int
      package var value: JSONValue
    }

    private let owner: JSONValue
    private var at: Int
    private let end: Int

    init(value: JSONValue) {
      owner = value
      at = value.index + 1
      end = value.kind == .object ? Int(value.node.next) : 0
    }

    package mutating func next() -> Member? {
      guard at < end else { return nil }
      let key = owner.document.nodes[at]
      let value = JSONValue(document: owner.document, index: at + 1)
      at = Int(owner.document.nodes[at + 1].next)
      return Member(key: owner.decodedText(key), keyOffset: Int(key.start), value: value)
    }
  }
}
