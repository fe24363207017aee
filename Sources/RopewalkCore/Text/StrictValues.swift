// Knows how texts, numbers, choices and durations stand in a user's text. Unaware of what they are for.

import RopewalkWire

extension StrictReader {
  /// A text without NUL, which no argument and no environment could carry.
  mutating func text(_ value: JSONValue) -> String? {
    guard let text = value.string else {
      let isScalar = value.kind == .number || value.kind == .bool
      let source = String(decoding: value.source, as: UTF8.self)
      wrongType(
        value, "a string",
        hint: isScalar && source.utf8.count < 40 ? "write it in quotes: \"\(source)\"" : nil)
      return nil
    }
    if let offset = text.utf8.firstOffset(of: 0) {
      note(
        "\(label) holds a NUL character at offset \(offset)", hint: "remove the character",
        at: value.start)
      return nil
    }
    return text
  }

  /// A text in which something is said.
  mutating func filledText(_ value: JSONValue) -> String? {
    guard let text = text(value) else { return nil }
    if text.utf8.allSatisfy({ $0 <= 0x20 }) {
      note("\(label) is empty", hint: "give it a value or remove it", at: value.start)
      return nil
    }
    return text
  }

  mutating func whole(_ value: JSONValue, in range: ClosedRange<Int>) -> Int? {
    if let number = value.int, range.contains(number) { return number }
    outOfRange(value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }

  mutating func number(_ value: JSONValue, in range: ClosedRange<Double>) -> Double? {
    if let number = value.double, range.contains(number) { return number }
    let bounds = [range.lowerBound, range.upperBound].map { JSON.double($0).text }
    outOfRange(value, "a number from \(bounds[0]) to \(bounds[1])")
    return nil
  }

  private mutating func outOfRange(_ value: JSONValue, _ wanted: String) {
    guard value.kind == .number else { return wrongType(value, wanted) }
    let source = String(decoding: value.source.prefix(41), as: UTF8.self)
    let shown = source.utf8.count > 40 ? source.prefix(40) + "…" : source[...]
    note("\(label) must be \(wanted), not \(shown)", at: value.start)
  }

  /// One of the words that `Choice` spells.
  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ value: JSONValue, of type: Choice.Type
  ) -> Choice? {
    guard let text = text(value) else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let known = Choice.allCases.map(\.rawValue)
    note(
      "\(label) cannot be \(text.quoted)",
      hint: NearName.hint(for: text, in: known, owner: "it takes one of"), at: value.start)
    return nil
  }

  /// A length of time; of `nil` and zero, zero is refused unless it is allowed.
  mutating func duration(_ value: JSONValue, allowsZero: Bool = false) -> Duration? {
    guard value.kind == .string, let text = value.string else {
      let seconds = value.int.map { "write it with its unit: \"\($0)s\"" }
      wrongType(
        value, "a duration such as \"30m\"",
        hint: value.kind == .number ? seconds ?? DurationText.rule : DurationText.rule)
      return nil
    }
    do throws(DurationText.Refusal) {
      let duration = try DurationText.parse(text)
      if duration > .zero || allowsZero { return duration }
      note("\(label) must be longer than nothing", hint: DurationText.rule, at: value.start)
    } catch {
      refuse(text, error, at: value.start)
    }
    return nil
  }

  private mutating func refuse(_ text: String, _ refusal: DurationText.Refusal, at offset: Int) {
    switch refusal {
    case .malformed:
      note("\(label) is \(text.quoted), which is no duration", hint: DurationText.rule, at: offset)
    case .noUnit:
      let hint = text.utf8.count < 12 ? "write it with its unit: \"\(text)s\"" : DurationText.rule
      note("\(label) is \(text.quoted), a number without a unit", hint: hint, at: offset)
    case .negative:
      note("\(label) is \(text.quoted), which is negative", hint: DurationText.rule, at: offset)
    case .tooLong:
      let longest = DurationText.spelt(DurationText.longest)
      note(
        "\(label) is \(text.quoted), which is longer than \(longest), the most there is",
        hint: DurationText.rule, at: offset)
    }
  }

  mutating func texts(_ value: JSONValue) -> [String]? {
    list(value) { $0.text($1) }
  }

  /// A program and its arguments.
  mutating func command(_ value: JSONValue) -> [String]? {
    guard let words = texts(value) else { return nil }
    guard let program = words.first, !program.isEmpty else {
      if value.elements.first(where: { _ in true }) == nil || words.first == "" {
        note(
          "\(label) names no program", hint: "write it as [\"PROGRAM\", \"ARGUMENT\", …]",
          at: value.start)
      }
      return nil
    }
    return words
  }

  /// An object of texts whose names pass `check`; it says what is wrong with one that does not.
  mutating func textsByName(
    _ value: JSONValue, check: (String) -> (message: String, hint: String)?
  ) -> [String: String] {
    var texts: [String: String] = [:]
    names(value) { reader, member in
      if let (message, hint) = check(member.key) {
        reader.note(message, hint: hint, at: member.keyOffset)
      }
      texts[member.key] = reader.text(member.value)
    }
    return texts
  }
}

extension String.UTF8View {
  func firstOffset(of byte: UInt8) -> Int? {
    firstIndex(of: byte).map { distance(from: startIndex, to: $0) }
  }
}
