// Knows how a run's status reads on a terminal. Unaware of journals.

import RopewalkCore

/// The text of `ropewalk status`.
enum StatusView {
  static func text(_ report: RunReport) -> String {
    var lines = [headline(report), ""]
    let rows = report.tasks.map(row)
    let header = ["TASK", "STATE", "TRIES", "TIME", "COST", "RESULT"]
    let widths = header.indices.map { column in
      min(32, ([header] + rows).map { $0[column].count }.max() ?? 0)
    }
    for cells in [header] + rows {
      let padded = zip(cells, widths).dropLast().map { cell, width in
        cell.cut(to: width).padded(to: width)
      }
      lines.append((padded + [cells.last ?? ""]).joined(separator: "  "))
    }
    return lines.map { $0.hasSuffix(" ") ? trimmed($0) : $0 }.joined(separator: "\n") + "\n"
  }

  static func headline(_ report: RunReport) -> String {
    let run = report.run?.text ?? "?"
    let base = report.base.map { " from \($0.short)" } ?? ""
    return "run \(run): plan `\(report.plan.safeLine)`\(base), \(report.state.rawValue)"
      + (report.finishedAt == nil ? "" : ": " + totals(report))
  }

  /// How a run that is under way stands, in one line: "…, running: 2 of 5 tasks ended, 2 under way (api, ui)".
  static func standing(_ report: RunReport) -> String {
    let ended = report.tasks.count { $0.state.isFinal }
    let working = report.tasks.filter { $0.state == .running }.map(\.id.text)
    let names = working.prefix(5).joined(separator: ", ") + (working.count > 5 ? ", …" : "")
    return headline(report) + ": \(ended) of \(Wording.count(report.tasks.count, "task")) ended"
      + (working.isEmpty ? "" : ", \(working.count) under way (\(names))")
  }

  /// "5 completed, 1 failed, $0.0312".
  static func totals(_ report: RunReport) -> String {
    var parts = [TaskState.completed, .failed, .timedOut, .cancelled, .skipped].compactMap {
      state -> String? in
      let count = report.count(state)
      return count == 0 ? nil : "\(count) \(words(state))"
    }
    if let cost = Wording.cost(report.spending) { parts.append(cost) }
    return parts.joined(separator: ", ")
  }

  static func words(_ state: TaskState) -> String {
    state == .timedOut ? "timed out" : state.rawValue
  }

  private static func row(_ task: TaskReport) -> [String] {
    [
      task.id.text, words(task.state), task.attempts == 0 ? "-" : String(task.attempts),
      task.seconds.map(Wording.duration) ?? "-",
      task.attempts == 0 ? "-" : Wording.cost(task.spending) ?? "-",
      result(task),
    ]
  }

  /// The branch and verdict of a success, the reason of a failure.
  static func result(_ task: TaskReport) -> String {
    switch task.state {
    case .completed:
      let verdict = task.last?.verdict?.rawValue ?? ""
      let files = task.last?.changedFiles.map { ", \(Wording.count($0, "file"))" } ?? ""
      let part = task.isPartial ? ", partial: \((task.message ?? "").safeLine.cut(to: 120))" : ""
      return "\(verdict)\(files)" + (task.branch.map { " on \($0)" } ?? "") + part
    case .failed, .timedOut, .cancelled, .skipped:
      let message = (task.message ?? "").safeLine.cut(to: 120)
      // The state stands before it already.
      let state = words(task.state) + " "
      return message.hasPrefix(state) ? String(message.dropFirst(state.count)) : message
    case .pending:
      return task.needs.isEmpty
        ? "" : "needs \(task.needs.map(\.text).joined(separator: ", "))".cut(to: 120)
    case .queued, .running, .paused: return ""
    }
  }

  private static func trimmed(_ line: String) -> String {
    String(line.reversed().drop { $0 == " " }.reversed())
  }
}
