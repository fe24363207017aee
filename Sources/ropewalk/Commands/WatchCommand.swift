// Knows how `ropewalk watch` is asked for and what it shows. Unaware of who carries the run out.

import Foundation
import RopewalkCore
import RopewalkEngine
import Synchronization

enum WatchCommand: Command {
  static let spec = CommandSpec(
    name: "watch", operands: "[RUN]", maxOperands: 1,
    summary: "Follow a run from another terminal, up to its end.",
    details: [
      "RUN is a run's name, its beginning or its end; without it the newest run is followed.",
      "One line says how it stands, then its progress is shown. Ctrl-C stops watching; the run goes on.",
      "The exit status is the run's own (5 when its engine died), and 0 after Ctrl-C.",
      "With `--json` every event of the run is printed, from the first one.",
    ],
    examples: ["ropewalk watch", "ropewalk watch --json last | jq -r .kind"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let folder = try await RunLookup.find(arguments.operands.first, arguments)
    let departure = Departure()
    let watching = Task { try await follow(folder, output) }
    departure.cancels(watching)
    let (lines, end) = try await watching.value
    if departure.isAsked {
      output.note("no longer watching; the run goes on: ropewalk watch \(folder.run)")
      return .success
    }
    if !output.hasReader { return .success }
    if case .damaged(let line, let reason) = end {
      throw Failure(
        .environment, "damagedJournal", "the journal is damaged at line \(line): \(reason)",
        path: folder.journal)
    }
    return try conclude(lines.current, lines, folder, output)
  }

  /// Shows the run up to its end, or until nobody watches.
  private static func follow(
    _ folder: RunFolder, _ output: Output
  ) async throws -> (ProgressLines, JournalReader.End) {
    // What is in the journal by now is summed up instead of being told again.
    let past = try RunStatus.read(folder).report.lastSeq
    var lines = ProgressLines(isVerbose: output.isVerbose)
    let changes = RunWatch.changes(folder) { output.hasReader }
    let end = try await JournalFollower(path: folder.journal).follow(changes) { entry in
      let news = lines.lines(for: entry.event)
      if output.isJSON { return output.print(entry.line + [UInt8(ascii: "\n")]) }
      if entry.event.seq > past { for line in news { show(line, output) } }
      if entry.event.seq == past, lines.current.finishedAt == nil {
        show(StatusView.standing(lines.current), output)
      }
    }
    return (lines, end)
  }

  private static func conclude(
    _ report: RunReport, _ lines: ProgressLines, _ folder: RunFolder, _ output: Output
  ) throws -> ExitCode {
    var report = report
    report.engineIsGone()
    if report.state == .interrupted {
      throw Failure(
        .environment, "engineDied", "the run `\(folder.run)` has no engine and no end",
        hint: "`ropewalk status \(folder.run)` shows how it stands")
    }
    if !output.isJSON { for line in lines.summary() { show(line, output) } }
    return ExitCode(report)
  }

  private static func show(_ line: String, _ output: Output) {
    output.print(line.safeForTerminal + "\n")
  }
}

/// Ends the watching on Ctrl-C, and nothing else with it.
private final class Departure: Sendable {
  private struct State {
    var count = 0
    var cancel: (@Sendable () -> Void)?
  }
  private let state = Mutex(State())
  // Safe to share: made in the initialiser, cancelled in the deinitialiser, never touched between.
  private nonisolated(unsafe) let source: any DispatchSourceSignal

  init() {
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(
      signal: SIGINT, queue: DispatchQueue(label: "ropewalk.signals"))
    source.setEventHandler { [weak self] in self?.asked() }
    source.resume()
  }

  deinit { source.cancel() }

  var isAsked: Bool { state.withLock { $0.count > 0 } }

  func cancels<Value>(_ watching: Task<Value, any Error>) {
    let isLate = state.withLock { state in
      state.cancel = { watching.cancel() }
      return state.count > 0
    }
    if isLate { watching.cancel() }
  }

  private func asked() {
    let (isFirst, cancel) = state.withLock { state in
      state.count += 1
      return (state.count == 1, state.cancel)
    }
    // The first lets a line that is being written come to its end; its reader may never take it.
    if isFirst { cancel?() } else { exit(ExitCode.success.rawValue) }
  }
}
