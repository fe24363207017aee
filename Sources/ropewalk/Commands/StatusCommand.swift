// Knows how `ropewalk status` is asked for. Unaware of how a status is made.

import RopewalkCore
import RopewalkEngine

enum StatusCommand: Command {
  static let spec = CommandSpec(
    name: "status", operands: "[RUN]", maxOperands: 1,
    summary: "Show how a run and its tasks stand.",
    details: [
      "RUN is a run's name, its beginning or its end; without it the newest run is shown."
    ],
    examples: ["ropewalk status", "ropewalk status --json | jq '.tasks[] | {id, state}'"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let folder = try await RunLookup.find(arguments.operands.first, arguments)
    let status = try RunStatus.read(folder)
    RunLookup.noteDamage(status, output)
    if output.isJSON {
      output.print(status.report.json.text + "\n")
    } else {
      output.print(StatusView.text(status.report))
    }
    if case .damaged = status.journal { return .environment }
    return .success
  }
}
