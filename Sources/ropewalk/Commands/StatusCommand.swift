// Knows how `ropewalk status` is asked for. Unaware of how a status is made.

import RopewalkCore
import RopewalkEngine

enum StatusCommand: Command {
  static let spec = CommandSpec(
    name: "status", operands: "[RUN]", maxOperands: 1,
    summary: "Show how a run and its tasks stand.",
    details: [
      "RUN is a run's name, its beginning or its end; without it the newest run is shown.",
      "With `--wait` the exit status is what `run` would have ended with (5 when its engine died),\n"
        + "and 124 when `--timeout` was over before the run was.",
    ],
    options: [
      Option(long: "wait", short: "w", help: "until the run is over, or has no engine any more"),
      Option(long: "timeout", short: "t", value: "TIME", help: "wait no longer than that"),
    ],
    examples: [
      "ropewalk status", "ropewalk status --json | jq '.tasks[] | {id, state}'",
      "ropewalk status --wait --timeout 1h last",
    ])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let isWaiting = arguments.has("wait")
    let limit = try arguments.duration("timeout")
    if limit != nil, !isWaiting {
      throw Failure.usage("`--timeout` is for `--wait`", hint: "add `--wait`, or leave it out")
    }
    let folder = try await RunLookup.find(arguments.operands.first, arguments)
    let isOver = isWaiting ? await RunWatch.ended(folder, within: limit) : false
    let status = try RunStatus.read(folder)
    RunLookup.noteDamage(status, output)
    if output.isJSON {
      output.print(SleeperView.json(status.report).text + "\n")
    } else {
      output.print(StatusView.text(status.report))
      for line in SleeperView.lines() { output.print(line + "\n") }
    }
    if case .damaged = status.journal { return .environment }
    guard isWaiting else { return .success }
    if !isOver, status.isLive {
      output.note("note: the run is not over yet")
      return .waitedInVain
    }
    return ExitCode(status.report)
  }
}
