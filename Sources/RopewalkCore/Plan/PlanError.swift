// Knows how a refusal of a plan is told, to people and to programs. Unaware of what is refused.

import RopewalkWire

/// One thing that is wrong with a plan.
package struct PlanError: Error, Sendable, Equatable {
  /// The value within the plan, as in `tasks[3].needs[0]`; empty when it is the plan as a whole.
  package var path: String
  /// Where the value stands in the text, both from 1; nil when no place in it is to blame.
  package var line: Int?
  package var column: Int?
  /// What is wrong: one line, lower case, no full stop.
  package var message: String
  /// What to do about it.
  package var hint: String?

  package init(
    path: String = "", line: Int? = nil, column: Int? = nil, message: String, hint: String? = nil
  ) {
    self.path = path
    self.line = line
    self.column = column
    self.message = message
    self.hint = hint
  }

  /// `{"path":"tasks[3].needs[0]","line":12,"column":9,"message":"…","hint":"…"}`; what is not
  /// known is null.
  package var json: JSON {
    .object([
      ("path", path.isEmpty ? .null : .string(path)), ("line", line.map(JSON.int) ?? .null),
      ("column", column.map(JSON.int) ?? .null), ("message", .string(message)),
      ("hint", hint.map(JSON.string) ?? .null),
    ])
  }

  /// Where it is, as people read it: `plan.json5:12:9, tasks[3].needs[0]`.
  package func place(in file: String) -> String {
    var place = file
    if let line { place += ":\(line)" }
    if line != nil, let column { place += ":\(column)" }
    return path.isEmpty ? place : "\(place), \(path)"
  }

  /// What, where and what to do, in three lines at most.
  ///
  /// - Parameter file: the plan's name as the user knows it.
  package func text(file: String) -> String {
    var lines = ["error: \(message)", "  at: \(place(in: file))"]
    if let hint { lines.append("  hint: \(hint)") }
    return lines.joined(separator: "\n")
  }
}

/// Everything that is wrong with a plan, in the order of the text. Never empty.
package struct PlanErrors: Error, Sendable, Equatable {
  package var errors: [PlanError]

  package init(_ errors: [PlanError]) {
    precondition(!errors.isEmpty, "a refusal without a reason")
    self.errors = errors
  }

  /// All of them for people, one after the other.
  package func text(file: String) -> String {
    errors.map { $0.text(file: file) }.joined(separator: "\n")
  }
}

extension String {
  /// A text from a plan as a message shows it: on one line, cut at 60 characters, in backquotes.
  var quoted: String {
    var shown = ""
    for (count, scalar) in unicodeScalars.enumerated() {
      if count == 60 {
        shown += "…"
        break
      }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return "`\(shown)`"
  }
}
