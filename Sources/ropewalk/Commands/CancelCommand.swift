// Knows how `ropewalk cancel` is asked for. Unaware of how attempts are ended.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

enum CancelCommand: Command {
  static let spec = CommandSpec(
    name: "cancel", operands: "[RUN [TASK…]]", maxOperands: 10_000,
    summary: "End a live run, or some of its tasks, from another terminal.",
    details: [
      "Agents get SIGTERM and their grace time, then SIGKILL. What they wrote is kept as a snapshot."
    ],
    options: [Option(long: "now", help: "no grace time: SIGKILL at once")],
    examples: ["ropewalk cancel", "ropewalk cancel last api ui"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let folder = try await RunLookup.find(arguments.operands.first, arguments)
    let tasks = Array(arguments.operands.dropFirst())
    try check(tasks, folder)
    var params: [(String, JSON)] = []
    if !tasks.isEmpty { params.append(("tasks", .array(tasks.map(JSON.string)))) }
    if arguments.has("now") { params.append(("now", true)) }
    let answer: JSONDocument
    do throws(SystemError) {
      answer = try ControlSocket.ask(folder.socket, method: "cancel", params: .object(params))
    } catch {
      throw Failure(
        .environment, "notLive", "the run `\(folder.run)` has no engine to be told",
        hint: "`ropewalk status \(folder.run)` shows how it stands")
    }
    if let message = answer.root["error"]?["message"]?.string {
      throw Failure(.usage, "refused", message)
    }
    let what = tasks.isEmpty ? "" : " " + tasks.joined(separator: ", ")
    output.note("asked the run `\(folder.run)` to end\(what)")
    return .success
  }

  private static func check(_ tasks: [String], _ folder: RunFolder) throws {
    guard !tasks.isEmpty else { return }
    let known = try RunStatus.read(folder).report.tasks.map(\.id.text)
    for task in tasks where !known.contains(task) {
      throw Failure(
        .usage, "unknownTask", "the run `\(folder.run)` has no task `\(task)`",
        hint: NearName.nearest(to: task, in: known).map { "did you mean `\($0)`?" })
    }
  }
}
