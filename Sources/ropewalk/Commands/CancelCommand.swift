// Knows how `ropewalk cancel` is asked for. Unaware of how attempts are ended.

enum CancelCommand: Command {
  static let spec = CommandSpec(
    name: "cancel", operands: "[RUN [TASK…]]", maxOperands: 10_000,
    summary: "End a run, or some tasks of a live one, from any terminal.",
    details: [
      "Of a run whose engine died, what it left is ended here.",
      "Agents get SIGTERM and their grace time, then SIGKILL. What they wrote is kept as a snapshot.",
    ],
    options: [Option(long: "now", help: "no grace time: SIGKILL at once")],
    examples: ["ropewalk cancel", "ropewalk cancel last api ui"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let run = try await LiveRun(arguments)
    guard try run.tell("cancel", run.parameters(arguments.has("now") ? [("now", true)] : [])) else {
      // Single tasks need somebody who goes on with the others.
      guard run.tasks.isEmpty else { throw run.notLive }
      _ = try await ResumeRun.carryOut(run.folder, .end, arguments, output)
      return .success
    }
    output.note("asked the run `\(run.folder.run)` to end\(run.tasksText)")
    return .success
  }
}
