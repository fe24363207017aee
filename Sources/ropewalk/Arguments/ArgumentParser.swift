// Knows how words become options and operands. Unaware of what they mean.

import RopewalkCore

/// What was found on the command line, checked against a command's table.
struct Arguments {
  private(set) var switches: Set<String> = []
  private(set) var values: [String: [String]] = [:]
  private(set) var operands: [String] = []

  func has(_ long: String) -> Bool { switches.contains(long) }
  func value(_ long: String) -> String? { values[long]?.last }
  func all(_ long: String) -> [String] { values[long] ?? [] }

  /// A whole number of at least `minimum`.
  func int(_ long: String, atLeast minimum: Int) throws(Failure) -> Int? {
    guard let text = value(long) else { return nil }
    guard let number = Int(text), number >= minimum else {
      throw .usage("`--\(long)` takes a whole number of at least \(minimum), not `\(text)`")
    }
    return number
  }

  /// A length of time.
  func duration(_ long: String) throws(Failure) -> Duration? {
    guard let text = value(long) else { return nil }
    do throws(DurationText.Refusal) {
      return try DurationText.parse(text)
    } catch {
      throw .usage("`--\(long)` takes a duration, not `\(text)`", hint: DurationText.rule)
    }
  }

  /// Reads `words` as git and GNU programs do: options anywhere, `--long=VALUE`, `-xVALUE`,
  /// bundled switches, and `--` before operands that begin with a dash and are no number.
  init(_ words: [String], for command: CommandSpec) throws(Failure) {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        operands += rest
        break
      } else if word.hasPrefix("--") {
        try long(word.dropFirst(2), &rest, command)
      } else if word.hasPrefix("-"), word.count > 1, Int(word) == nil {
        try short(word.dropFirst(), &rest, command)
      } else {
        operands.append(word)
      }
    }
    if !has("help"), operands.count > command.maxOperands {
      throw .usage(
        "`\(operands[command.maxOperands])` is one operand too many",
        hint: "usage: \(Help.usage(command))")
    }
  }

  private mutating func long(
    _ word: Substring, _ rest: inout ArraySlice<String>, _ command: CommandSpec
  ) throws(Failure) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let option = command.allOptions.first(where: { $0.long == name }) else {
      let near = NearName.nearest(to: name, in: command.allOptions.map(\.long))
      throw .usage(
        "`ropewalk \(command.name)` has no option `--\(name)`",
        hint: near.map { "did you mean `--\($0)`?" }
          ?? "`ropewalk \(command.name) --help` lists the options")
    }
    if option.isSwitch {
      guard parts.count == 1 else { throw .usage("`--\(name)` takes no value") }
      switches.insert(name)
    } else if parts.count == 2 {
      values[name, default: []].append(String(parts[1]))
    } else {
      try take(option, "--\(name)", &rest)
    }
  }

  private mutating func short(
    _ word: Substring, _ rest: inout ArraySlice<String>, _ command: CommandSpec
  ) throws(Failure) {
    var letters = word
    while let letter = letters.popFirst() {
      guard let option = command.allOptions.first(where: { $0.short == letter }) else {
        throw .usage(
          "`ropewalk \(command.name)` has no option `-\(letter)`",
          hint: "`ropewalk \(command.name) --help` lists the options")
      }
      if option.isSwitch {
        switches.insert(option.long)
      } else if letters.isEmpty {
        return try take(option, "-\(letter)", &rest)
      } else {
        values[option.long, default: []].append(String(letters))
        return
      }
    }
  }

  private mutating func take(
    _ option: Option, _ spelt: String, _ rest: inout ArraySlice<String>
  ) throws(Failure) {
    guard let value = rest.popFirst() else {
      throw .usage("`\(spelt)` needs a value: \(option.value ?? "VALUE")")
    }
    values[option.long, default: []].append(value)
  }
}
