// Knows how the tables of commands and options read as help. Unaware of parsing.

import RopewalkCore

/// The help texts, made from the same tables as the parser.
enum Help {
  static func usage(_ command: CommandSpec) -> String {
    let operands = command.operands.isEmpty ? "" : " " + command.operands
    return "ropewalk \(command.name) [options]\(operands)"
  }

  static func page(_ command: CommandSpec) -> String {
    var text = "\(command.summary)\n\nusage: \(usage(command))\n"
    if !command.aliases.isEmpty {
      text += "also: \(command.aliases.map { "ropewalk \($0)" }.joined(separator: ", "))\n"
    }
    for paragraph in command.details { text += "\n\(paragraph)\n" }
    if !command.options.isEmpty { text += "\noptions:\n" + table(command.options) }
    text += "\ncommon options:\n" + table(CommandSpec.common)
    if !command.examples.isEmpty {
      text += "\nexamples:\n" + command.examples.map { "  \($0)\n" }.joined()
    }
    return text
  }

  static func overview(_ commands: [CommandSpec]) -> String {
    let width = commands.map(\.name.count).max() ?? 0
    let rows = commands.map { "  \($0.name.padded(to: width))  \($0.summary)\n" }.joined()
    return """
      Runs coding-agent CLIs in parallel, each in a git worktree of its own.

      usage: ropewalk COMMAND [options]

      commands:
      \(rows)
      `ropewalk COMMAND --help` says more. Try `ropewalk demo` first.

      exit status: 0 all succeeded, 1 some task failed, 2 usage, 3 bad plan, 4 budget,
      5 something missing, 70 a defect of ours, 130 interrupted (128 + n: ended by signal n)

      """
  }

  private static func table(_ options: [Option]) -> String {
    let names = options.map { option in
      let short = option.short.map { "-\($0), " } ?? "    "
      return "\(short)--\(option.long)\(option.value.map { " \($0)" } ?? "")"
    }
    let width = names.map(\.count).max() ?? 0
    return zip(names, options).map { "  \($0.padded(to: width))  \($1.help)\n" }.joined()
  }
}
