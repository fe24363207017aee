// Knows where in a user's JSON5 text it reads, and gathers what is wrong there.
// Unaware of what the text is about: a plan, a runner file, rules for an output.

import RopewalkWire

/// Reads the values of a text one by one and goes on after a mistake, so that one reading
/// finds them all.
///
/// Every function that reads a value returns nil after it has noted what is wrong with it.
struct StrictReader {
  /// One step from the whole text to a value in it.
  enum Step {
    case key(String)
    case index(Int)
  }

  /// A mistake whose line is not counted yet.
  private struct Note {
    var path: String
    var offset: Int
    var message: String
    var hint: String?
  }

  /// The keys of one kind of object.
  struct Keys {
    /// The object as the subject of a sentence: "a task".
    var owner: String
    var known: [String]
    /// Keys that are part of the format and not of this version.
    var later: [String] = []
  }

  private let document: JSONDocument
  /// The whole text as the subject of a sentence: "the plan".
  private let subject: String
  private(set) var path: [Step] = []
  private var notes: [Note] = []

  private init(_ document: JSONDocument, subject: String) {
    self.document = document
    self.subject = subject
  }

  /// Reads a text as a whole; everything that is wrong with it at once.
  ///
  /// - Parameter subject: the text as messages call it: "the plan".
  static func read<Value>(
    _ bytes: [UInt8], _ subject: String, _ body: (inout StrictReader, JSONValue) -> Value
  ) -> Result<Value, PlanErrors> {
    let document: JSONDocument
    do throws(JSONSyntaxError) {
      document = try JSONDocument(bytes, dialect: .json5)
    } catch {
      let place = TextPlace(of: error.offset, in: bytes)
      let refusal = PlanError(
        line: place.line, column: place.column,
        message: "\(subject) is not JSON5: \(error.reason)")
      return .failure(PlanErrors([refusal]))
    }
    var reader = StrictReader(document, subject: subject)
    let value = body(&reader, document.root)
    return reader.hasErrors ? .failure(PlanErrors(reader.errors())) : .success(value)
  }

  var hasErrors: Bool { !notes.isEmpty }
  var errorCount: Int { notes.count }

  // MARK: - What is wrong

  /// Notes a mistake at the value that is being read.
  mutating func note(_ message: String, hint: String? = nil, at offset: Int) {
    note(message, hint: hint, at: offset, path: path)
  }

  /// Notes a mistake that was found after its value was read.
  mutating func note(_ message: String, hint: String? = nil, at offset: Int, path: [Step]) {
    notes.append(Note(path: Self.spelt(path[...]), offset: offset, message: message, hint: hint))
  }

  mutating func wrongType(_ value: JSONValue, _ wanted: String, hint: String? = nil) {
    note("\(label) must be \(wanted), not \(value.kind.named)", hint: hint, at: value.start)
  }

  /// The value that is being read, as the subject of a sentence: `needs[0]` in backquotes.
  var label: String {
    guard
      let key = path.lastIndex(where: {
        if case .key = $0 { true } else { false }
      })
    else { return subject }
    return "`\(Self.spelt(path[key...]))`"
  }

  /// Everything that was noted, in the order of the text. Takes time linear in the text.
  consuming func errors() -> [PlanError] {
    let ordered = notes.enumerated().sorted {
      ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset)
    }
    var counter = PlaceCounter()
    return ordered.map { _, note in
      let place = counter.place(of: note.offset, in: document.bytes)
      return PlanError(
        path: note.path, line: place.line, column: place.column, message: note.message,
        hint: note.hint)
    }
  }

  private static func spelt(_ path: ArraySlice<Step>) -> String {
    path.reduce(into: "") { text, step in
      switch step {
      case .index(let index): text += "[\(index)]"
      case .key(let key):
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { $0 >= 0x80 || isWordByte($0) }
        if isPlain {
          text += text.isEmpty ? key : ".\(key)"
        } else {
          text += "[\(JSON.string(key).text)]"
        }
      }
    }
  }

  static func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  // MARK: - Containers

  /// Reads what stands under a step.
  mutating func within<Value>(_ step: Step, _ read: (inout StrictReader) -> Value) -> Value {
    path.append(step)
    defer { path.removeLast() }
    return read(&self)
  }

  /// Reads the members of an object whose keys are known; false when it is no object.
  @discardableResult
  mutating func object(
    _ value: JSONValue, _ keys: Keys, _ read: (inout StrictReader, String, JSONValue) -> Void
  ) -> Bool {
    guard value.kind == .object else {
      wrongType(value, "an object")
      return false
    }
    var seen: UInt64 = 0
    for member in value.members {
      path.append(.key(member.key))
      if let index = keys.known.firstIndex(of: member.key) {
        if seen & (1 << index) != 0 {
          repeated(member)
        } else {
          seen |= 1 << index
          read(&self, member.key, member.value)
        }
      } else {
        unknown(member, keys)
      }
      path.removeLast()
    }
    return true
  }

  /// Reads the members of an object whose keys are names that the user chose.
  mutating func names(
    _ value: JSONValue, _ read: (inout StrictReader, JSONValue.Members.Member) -> Void
  ) {
    guard value.kind == .object else { return wrongType(value, "an object") }
    var seen: Set<String> = []
    for member in value.members {
      path.append(.key(member.key))
      if seen.insert(member.key).inserted {
        read(&self, member)
      } else {
        repeated(member)
      }
      path.removeLast()
    }
  }

  /// Reads the values of a list.
  mutating func list<Value>(
    _ value: JSONValue, _ read: (inout StrictReader, JSONValue) -> Value?
  ) -> [Value]? {
    guard value.kind == .array else {
      notAList(value)
      return nil
    }
    var values: [Value] = []
    for (index, element) in value.elements.enumerated() {
      path.append(.index(index))
      if let read = read(&self, element) { values.append(read) }
      path.removeLast()
    }
    return values
  }

  mutating func notAList(_ value: JSONValue) {
    let hint = value.string.map { "write it as a list: [\(JSON.string($0).text)]" }
    wrongType(value, "a list", hint: hint.flatMap { $0.utf8.count < 80 ? $0 : nil })
  }

  private mutating func repeated(_ member: JSONValue.Members.Member) {
    note(
      "\(member.key.quoted) is given twice", hint: "keep one of the two", at: member.keyOffset)
  }

  private mutating func unknown(_ member: JSONValue.Members.Member, _ keys: Keys) {
    if keys.later.contains(member.key) {
      note(
        "`\(member.key)` is not available in this version",
        hint: "remove it: this version would not act on it", at: member.keyOffset)
    } else {
      note(
        "\(keys.owner) has no key \(member.key.quoted)",
        hint: NearName.hint(for: member.key, in: keys.known, owner: "the keys are"),
        at: member.keyOffset)
    }
  }
}

extension JSONValue {
  /// Where the value begins, its quote included.
  var start: Int { kind == .string ? offset - 1 : offset }
}

/// Counts lines and columns for offsets that only grow, in one pass over the text.
private struct PlaceCounter {
  private var at = 0
  private var place = TextPlace(line: 1, column: 1)

  mutating func place(of offset: Int, in bytes: [UInt8]) -> TextPlace {
    while at < min(offset, bytes.count) {
      if bytes[at] == UInt8(ascii: "\n") {
        place = TextPlace(line: place.line + 1, column: 1)
      } else if bytes[at] & 0xC0 != 0x80 {
        place.column += 1
      }
      at += 1
    }
    return place
  }
}
