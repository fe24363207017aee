// Knows how `ropewalk resume` is asked for, of a paused run and of one whose engine is gone.
// Unaware of how either goes on.

import RopewalkCore
import RopewalkEngine

enum ResumeCommand: Command {
  static let spec = CommandSpec(
    name: "resume", operands: "[RUN [TASK…]]", maxOperands: 10_000,
    summary:
      "Go on with a run that was interrupted or whose engine died, or let a paused one go on.",
    details: [
      "What had finished is kept and never runs again; agents that still work are taken over.",
      "An agent that was interrupted goes on in its session where its CLI can, else it begins again.",
      "Of a live run without TASK all pauses end, also those of single tasks.",
    ],
    examples: ["ropewalk resume", "ropewalk resume last api ui"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let run = try await LiveRun(arguments)
    guard try run.tell("resume", run.parameters()) else {
      guard run.tasks.isEmpty else {
        throw Failure.usage(
          "the run `\(run.folder.run)` has no engine, so it can only go on as a whole",
          hint: "leave out the tasks; `ropewalk retry` tries single ones again")
      }
      return try await ResumeRun.carryOut(run.folder, .goOn, arguments, output)
    }
    output.note(
      "asked the run `\(run.folder.run)` to go on\(run.tasks.isEmpty ? "" : " with")\(run.tasksText)"
    )
    return .success
  }
}
