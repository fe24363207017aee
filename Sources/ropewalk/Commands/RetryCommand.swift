// Knows how `ropewalk retry` is asked for. Unaware of how tasks are tried again.

import RopewalkCore
import RopewalkEngine

enum RetryCommand: Command {
  static let spec = CommandSpec(
    name: "retry", operands: "[RUN [TASK…]]", maxOperands: 10_000,
    summary:
      "Try tasks of a run again that did not complete, and what was skipped because of them.",
    details: [
      "Without a TASK, all that failed. A live run takes them up at once; any other goes on here.",
      "They begin from their beginning; what they have cost stays counted.",
    ],
    options: [Option(long: "failed", help: "all that failed, which is what no TASK means, too")],
    examples: ["ropewalk retry", "ropewalk retry last api ui"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let run = try await LiveRun(arguments)
    if arguments.has("failed"), !run.tasks.isEmpty {
      throw Failure.usage("`--failed` and a task were given", hint: "leave one of them out")
    }
    guard try run.tell("retry", run.parameters()) else {
      let tasks = run.tasks.isEmpty ? nil : run.tasks
      return try await ResumeRun.carryOut(run.folder, .retry(tasks), arguments, output)
    }
    output.note("asked the run `\(run.folder.run)` to try again\(run.tasksText)")
    return .success
  }
}
