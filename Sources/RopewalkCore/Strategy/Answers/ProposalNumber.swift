// Knows how an agent names one of several numbered proposals. Unaware of why it names one.

import RopewalkWire

/// One of several proposals as an answer names it: by its number from 1, never by a name, since a
/// proposal's text may hold the names of others.
enum ProposalNumber: Equatable {
  /// The proposal's place, from 0.
  case one(Int)
  /// None of them: `null`, 0 or "none".
  case noneOfThem
  /// Why it is neither.
  case unreadable(String)

  init(_ statement: AnswerReader.Statement, choices: Int) {
    switch statement {
    case .phrase(let text): self.init(text, choices: choices)
    case .member(let value, _): self.init(value, choices: choices)
    }
  }

  private init(_ value: JSONValue, choices: Int) {
    switch value.kind {
    case .null: self = .noneOfThem
    case .string: self.init(value.string ?? "", choices: choices)
    case .number:
      let source = String(decoding: value.source.prefix(40), as: UTF8.self)
      self =
        value.int.map { Self.checked($0, choices) }
        ?? .unreadable("it names \(source.quoted), which is no proposal's number")
    case .bool, .array, .object:
      self = .unreadable("it names \(value.kind.named) where a proposal's number belongs")
    }
  }

  /// "2", "Proposal 2" or "none".
  private init(_ text: String, choices: Int) {
    var digits = text.trimmed.lowercased()[...]
    if digits == "none" {
      self = .noneOfThem
      return
    }
    if digits.hasPrefix("proposal ") { digits = digits.dropFirst("proposal ".count) }
    // `Int` would also take a sign.
    guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int(digits)
    else {
      self = .unreadable("it names \(text.quoted), which is no proposal's number")
      return
    }
    self = Self.checked(number, choices)
  }

  private static func checked(_ number: Int, _ choices: Int) -> ProposalNumber {
    switch number {
    case 0: .noneOfThem
    case 1...max(1, choices): choices > 0 ? .one(number - 1) : .unreadable("nothing was proposed")
    default:
      .unreadable(
        "it names proposal \(number), and there \(choices == 1 ? "is" : "are") \(choices)")
    }
  }

  /// What several statements say together: the first of them when all agree; nil for none at all.
  static func agreed(_ numbers: [ProposalNumber]) -> ProposalNumber? {
    guard let first = numbers.first else { return nil }
    for number in numbers {
      if case .unreadable = number { return number }
    }
    guard let other = numbers.first(where: { $0 != first }) else { return first }
    return .unreadable("it names \(first.told) and also \(other.told)")
  }

  private var told: String {
    switch self {
    case .one(let place): "proposal \(place + 1)"
    case .noneOfThem: "none"
    case .unreadable(let why): why
    }
  }
}
