// Knows how `ropewalk logs` is asked for. Unaware of how output is kept.

import Foundation
import RopewalkCore
import RopewalkEngine

enum LogsCommand: Command {
  static let spec = CommandSpec(
    name: "logs", operands: "[RUN] [TASK]", maxOperands: 2,
    summary: "Show what an agent printed, byte for byte, or a run's journal.",
    details: [
      "With a task: the stdout of its latest attempt. Without one: the run's events, a line each.",
      "On a terminal control characters are made visible; into a pipe or file the bytes are as they were.",
    ],
    options: [
      Option(long: "follow", short: "f", help: "go on until the run ends"),
      Option(long: "stderr", help: "the agent's stderr instead of its stdout"),
      Option(long: "attempt", value: "N", help: "that attempt instead of the latest"),
    ],
    examples: ["ropewalk logs last api", "ropewalk logs -f"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let (name, task) = try await operands(arguments)
    let folder = try await RunLookup.find(name, arguments)
    guard let task else { return try await events(folder, arguments, output) }
    let report = try RunStatus.read(folder).report
    let attempt = try attemptFolder(task, report, arguments)
    let file = folder.absolute(attempt) + (arguments.has("stderr") ? "/stderr" : "/stdout")
    try await bytes(of: file, folder, follow: arguments.has("follow"), output)
    return .success
  }

  /// A single operand that is no run is a task of the newest run.
  private static func operands(_ arguments: Arguments) async throws -> (String?, String?) {
    let operands = arguments.operands
    guard operands.count == 1 else { return (operands.first, operands.last) }
    do {
      _ = try await RunLookup.store(arguments).find(operands[0])
      return (operands[0], nil)
    } catch let error as RunStore.LookupError {
      if case .unknown = error { return (nil, operands[0]) }
      return (operands[0], nil)
    }
  }

  private static func attemptFolder(
    _ name: String, _ report: RunReport, _ arguments: Arguments
  ) throws -> String {
    guard let task = report.tasks.first(where: { $0.id.text == name }) else {
      throw Failure(
        .usage, "unknownTask", "there is no run and no task `\(name)`",
        hint: NearName.nearest(to: name, in: report.tasks.map(\.id.text)).map {
          "did you mean `\($0)`?"
        })
    }
    guard let latest = task.folders.last else {
      throw Failure(
        .usage, "noAttempt", "the task `\(name)` has not been started",
        hint: task.message.map { "it was not: \($0)" })
    }
    guard let number = try arguments.int("attempt", atLeast: 1) else { return latest }
    guard let wanted = task.folders.first(where: { $0.hasSuffix("/\(number)") }) else {
      throw Failure(
        .usage, "noAttempt",
        "the task `\(name)` has had \(Wording.count(task.attempts, "attempt"))")
    }
    return wanted
  }

  private static func events(
    _ folder: RunFolder, _ arguments: Arguments, _ output: Output
  ) async throws -> ExitCode {
    let changes =
      arguments.has("follow")
      ? RunWatch.changes(folder) { output.hasReader } : AsyncStream { $0.finish() }
    var lines = ProgressLines(isVerbose: true)
    let end = try await JournalFollower(path: folder.journal).follow(changes) { entry in
      if output.isJSON {
        output.print(entry.line + [UInt8(ascii: "\n")])
      } else {
        for line in lines.lines(for: entry.event) { output.print(line.safeForTerminal + "\n") }
      }
    }
    if case .damaged(let line, let reason) = end {
      throw Failure(
        .environment, "damagedJournal", "the journal is damaged at line \(line): \(reason)",
        path: folder.journal)
    }
    return .success
  }

  private static func bytes(
    of file: String, _ folder: RunFolder, follow: Bool, _ output: Output
  ) async throws {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    var offset = 0
    func copy() throws {
      while let chunk = try FileBytes.piece(of: file, at: offset) {
        offset += chunk.count
        // A character cut in two at a chunk's end shows as U+FFFD, on a terminal only.
        output.print(
          isTerminal ? Array(String(decoding: chunk, as: UTF8.self).safeForTerminal.utf8) : chunk)
      }
    }
    try copy()
    guard follow else { return }
    for await _ in RunWatch.changes(folder, while: { output.hasReader }) { try copy() }
    try copy()
  }
}
