// Knows how `ropewalk resume` is asked for. Unaware of how a run goes on.

import RopewalkCore
import RopewalkEngine

enum ResumeCommand: Command {
  static let spec = CommandSpec(
    name: "resume", operands: "[RUN]", maxOperands: 1,
    summary: "Go on with a run that was interrupted or whose engine died.",
    details: [
      "What had finished is kept and never runs again; agents that still work are taken over.",
      "An agent that was interrupted goes on in its session where its CLI can, else it begins again.",
    ],
    options: [],
    examples: ["ropewalk resume", "ropewalk resume 20261121-051001-9x5b"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let folder = try await RunLookup.find(arguments.operands.first, arguments)
    return try await ResumeRun.carryOut(folder, .goOn, arguments, output)
  }
}
