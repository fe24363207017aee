// Knows how a command reaches the engine of a live run. Unaware of what it is told.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// The run, and the tasks of it, that another terminal is to be told about: `[RUN [TASK…]]`.
struct LiveRun {
  let folder: RunFolder
  /// Empty for the whole run.
  let tasks: [String]

  /// - Throws: `Failure` when there is no such run, or no such task in it.
  init(_ arguments: Arguments) async throws {
    folder = try await RunLookup.find(arguments.operands.first, arguments)
    tasks = Array(arguments.operands.dropFirst())
    try check(tasks)
  }

  /// - Parameter task: the only one that it is about.
  init(_ folder: RunFolder, task: String) throws {
    self.folder = folder
    tasks = [task]
    try check(tasks)
  }

  private func check(_ tasks: [String]) throws {
    guard !tasks.isEmpty else { return }
    let known = try RunStatus.read(folder).report.tasks.map(\.id.text)
    for task in tasks where !known.contains(task) {
      throw Failure(
        .usage, "unknownTask", "the run `\(folder.run)` has no task `\(task)`",
        hint: NearName.nearest(to: task, in: known).map { "did you mean `\($0)`?" })
    }
  }

  /// The tasks at the end of a sentence: empty, or " api, ui".
  var tasksText: String { tasks.isEmpty ? "" : " " + tasks.joined(separator: ", ") }

  /// The method's parameters: the tasks, where there are any, and `more`.
  func parameters(_ more: [(String, JSON)] = []) -> JSON {
    .object((tasks.isEmpty ? [] : [("tasks", .array(tasks.map(JSON.string)))]) + more)
  }

  /// Tells the engine.
  ///
  /// - Returns: false when the run has no engine.
  /// - Throws: `Failure` when the engine refuses, or is stopped itself.
  func tell(_ method: String, _ params: JSON) throws -> Bool {
    let status = try RunStatus.read(folder)
    let engine = status.report.enginePID.flatMap(pid_t.init(exactly:))
    if status.isLive, let engine, PinnedProcess.isStopped(engine) { throw silent(engine) }
    let answer: JSONDocument
    do throws(SystemError) {
      answer = try ControlSocket.ask(folder.socket, method: method, params: params)
    } catch {
      if error.errno == EAGAIN, let engine { throw silent(engine) }
      return false
    }
    if let message = answer.root["error"]?["message"]?.string {
      throw Failure(.usage, "refused", message)
    }
    return true
  }

  private func silent(_ engine: pid_t) -> Failure {
    Failure(
      .environment, "noAnswer",
      "the engine of the run `\(folder.run)`, process \(engine), is stopped and cannot be told",
      hint: "`fg` in its terminal, or `kill -CONT \(engine)`, lets it go on")
  }

  /// What is said where only an engine could do it.
  var notLive: Failure {
    Failure(
      .environment, "notLive", "the run `\(folder.run)` has no engine to be told",
      hint: "`ropewalk status \(folder.run)` shows how it stands")
  }
}
