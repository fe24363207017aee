// Knows where a run keeps its files and how runs are found. Unaware of what is in the files.

import CSystem
import Foundation
import RopewalkCore

/// The folder of one run, in git's common directory, for the user alone.
///
/// ```
/// RUNS/RUN/  plan.json  journal.jsonl  lock  socket  engine.log  attempts/TASK/N/{spec.json prompt stdout stderr end.json}
/// ```
package struct RunFolder: Sendable {
  package let run: RunID
  package let path: String

  package init(run: RunID, in runs: String) {
    self.run = run
    path = runs + "/" + run.text
  }

  package var plan: String { path + "/plan.json" }
  package var journal: String { path + "/journal.jsonl" }
  package var lock: String { path + "/lock" }
  package var socket: String { path + "/socket" }
  /// What the engine of a detached run says, which has no terminal to say it on.
  package var engineLog: String { path + "/engine.log" }

  /// An attempt's folder, relative to the run's, as the journal names it.
  package static func attempt(_ task: TaskID, _ number: Int) -> String {
    "attempts/\(task.text)/\(number)"
  }

  /// The folder of one verification command of an attempt.
  package static func verification(_ task: TaskID, _ attempt: Int, _ number: Int) -> String {
    "attempts/\(task.text)/\(attempt)/verify-\(number)"
  }

  /// The folder of one summary that was made for an attempt's prompt.
  package static func summary(_ task: TaskID, _ attempt: Int, _ number: Int) -> String {
    "attempts/\(task.text)/\(attempt)/summary-\(number)"
  }

  package func absolute(_ relative: String) -> String { path + "/" + relative }

  /// Creates the folder, which must not exist, and makes its name durable.
  package func create() throws(SystemError) {
    try FileBytes.createFolder((path as NSString).deletingLastPathComponent)
    guard mkdir(path, 0o700) == 0 else { throw SystemError("create the folder", path) }
    try JournalWriter.syncFolder(of: path)
  }

  /// The runs under `runs`, the newest last; empty when there is no such folder.
  package static func all(in runs: String) throws(SystemError) -> [RunID] {
    do throws(SystemError) {
      return try FileBytes.names(in: runs).compactMap(RunID.init).sorted()
    } catch {
      if error.errno == ENOENT { return [] }
      throw error
    }
  }
}

extension RunID {
  /// A new name: the time in UTC, so that names sort by age, and four random letters.
  package static func new(
    at time: Timestamp, using random: inout some RandomNumberGenerator
  ) -> RunID {
    let digits = time.description.filter(\.isNumber)
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
    let suffix = String((0..<4).map { _ in letters.randomElement(using: &random) ?? "x" })
    let text = "\(digits.prefix(8))-\(digits.dropFirst(8).prefix(6))-\(suffix)"
    guard let run = RunID(text) else { preconditionFailure("`\(text)` is no run's name") }
    return run
  }
}
