// Knows how `ropewalk retry` is asked for. Unaware of how tasks are tried again.

import RopewalkCore
import RopewalkEngine
import RopewalkWire

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
    let names = Array(arguments.operands.dropFirst())
    if arguments.has("failed"), !names.isEmpty {
      throw Failure.usage("`--failed` and a task were given", hint: "leave one of them out")
    }
    let folder = try await RunLookup.find(arguments.operands.first, arguments)
    let tasks = names.isEmpty ? nil : names
    guard try RunLock.isHeld(folder.lock) else {
      return try await ResumeRun.carryOut(folder, .retry(tasks), arguments, output)
    }
    let params: JSON = tasks.map { ["tasks": .array($0.map(JSON.string))] } ?? [:]
    let answer = try ControlSocket.ask(folder.socket, method: "retry", params: params)
    if let message = answer.root["error"]?["message"]?.string {
      throw Failure(.usage, "refused", message)
    }
    output.note("asked the run `\(folder.run)` to try again")
    return .success
  }
}
