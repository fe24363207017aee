// Knows the shape of a command's arguments; parser and help are made from it. Unaware of effects.

/// One option of a command.
struct Option: Sendable {
  let long: String
  var short: Character?
  /// The value's name in the help; nil for a switch.
  var value: String?
  let help: String

  var isSwitch: Bool { value == nil }
}

/// One command: its names, what it takes, and its help.
struct CommandSpec: Sendable {
  let name: String
  var aliases: [String] = []
  /// What follows the options, as the help shows it: `PLAN`, `[RUN]`.
  var operands: String = ""
  var maxOperands = 0
  let summary: String
  /// Paragraphs below the summary.
  var details: [String] = []
  var options: [Option] = []
  var examples: [String] = []

  /// Options that every command takes.
  static let common = [
    Option(long: "repo", short: "r", value: "DIR", help: "the repository (default: here)"),
    Option(long: "json", help: "print JSON for programs"),
    Option(long: "quiet", short: "q", help: "no progress, only results"),
    Option(long: "verbose", short: "v", help: "say more"),
    Option(long: "no-color", help: "no colours (also: NO_COLOR is set)"),
    Option(long: "help", short: "h", help: "show this help"),
  ]

  var allOptions: [Option] { options + Self.common }
}
