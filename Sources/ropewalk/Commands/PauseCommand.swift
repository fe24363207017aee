// Knows how `ropewalk pause` is asked for. Unaware of how attempts are stopped.

import RopewalkEngine

enum PauseCommand: Command {
  static let spec = CommandSpec(
    name: "pause", operands: "[RUN [TASK…]]", maxOperands: 10_000,
    summary: "Stop a live run, or some of its tasks, until `ropewalk resume`.",
    details: [
      "Agents and all that they have started stand still (SIGSTOP), and no time limit counts it.",
      "Nothing new is started. A connection that an agent has open may be closed by the other side.",
    ],
    options: [
      Option(long: "drain", help: "let what runs come to its end; only start nothing more")
    ],
    examples: ["ropewalk pause", "ropewalk pause --drain last", "ropewalk pause last api ui"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let run = try await LiveRun(arguments)
    let drain = arguments.has("drain")
    guard try run.tell("pause", run.parameters(drain ? [("drain", true)] : [])) else {
      let words = "the run `\(run.folder.run)` has no engine; nothing of it can be paused"
      guard try RunStatus.read(run.folder).report.finishedAt == nil else {
        output.note(words)
        return .success
      }
      throw Failure(.environment, "notLive", words, hint: "ropewalk resume \(run.folder.run)")
    }
    output.note(
      "asked the run `\(run.folder.run)` to \(drain ? "start nothing more of" : "pause")"
        + (run.tasks.isEmpty && drain ? " it" : run.tasksText))
    return .success
  }
}
