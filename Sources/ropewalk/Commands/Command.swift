// Knows the table of all commands. Unaware of what each does.

/// One thing that a user can ask for.
protocol Command: SendableMetatype {
  static var spec: CommandSpec { get }
  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode
}

/// A command as the table holds it.
struct CommandEntry: Sendable {
  let spec: CommandSpec
  let run: @Sendable (Arguments, Output) async throws -> ExitCode

  init<C: Command>(_ command: C.Type) {
    spec = C.spec
    run = { try await C.run($0, $1) }
  }
}

/// Every command, in the order of the help.
enum CommandTable {
  static let all = [
    CommandEntry(RunCommand.self), CommandEntry(CheckCommand.self),
    CommandEntry(StatusCommand.self), CommandEntry(WatchCommand.self),
    CommandEntry(LogsCommand.self), CommandEntry(CancelCommand.self),
    CommandEntry(PauseCommand.self), CommandEntry(ResumeCommand.self),
    CommandEntry(RetryCommand.self), CommandEntry(PriorityCommand.self),
    CommandEntry(RunnersCommand.self),
    CommandEntry(BudgetCommand.self),
    CommandEntry(PlanCommand.self), CommandEntry(DemoCommand.self),
  ]

  static func find(_ name: String) -> CommandEntry? {
    all.first { $0.spec.name == name || $0.spec.aliases.contains(name) }
  }

  static var names: [String] { all.flatMap { [$0.spec.name] + $0.spec.aliases } }
}
