// Knows the payloads of events about runs that another engine goes on with. Unaware of engines.

import RopewalkWire

/// Which engine goes on with a run: the payload of `runResumed`.
package struct RunResumed: Sendable, Equatable {
  package var version: String
  package var pid: Int
  /// The attempts that were under way when the engine before it ended, as `TASK/N`.
  package var open: [String]

  package init(version: String, pid: Int, open: [String]) {
    self.version = version
    self.pid = pid
    self.open = open
  }

  package var members: [(String, JSON?)] {
    [
      ("version", .string(version)), ("pid", .int(pid)),
      ("open", open.isEmpty ? nil : .array(open.map(JSON.string))),
    ]
  }

  package init(_ value: JSONValue) {
    self.init(
      version: value["version"]?.string ?? "", pid: value["pid"]?.int ?? 0,
      open: value["open"]?.elements.compactMap(\.string) ?? [])
  }
}

/// Ended tasks that are taken up again: the payload of `tasksRevived`.
package struct TasksRevived: Sendable, Equatable {
  package var tasks: [TaskID]
  /// Whether they begin from their beginning, also those that were cancelled on their way.
  package var isFresh: Bool

  package init(tasks: [TaskID], isFresh: Bool) {
    self.tasks = tasks
    self.isFresh = isFresh
  }

  package var members: [(String, JSON?)] {
    [
      ("tasks", .array(tasks.map { .string($0.text) })), ("fresh", isFresh ? true : nil),
    ]
  }

  package init(_ value: JSONValue) {
    self.init(
      tasks: value["tasks"]?.elements.compactMap { $0.string.flatMap(TaskID.init) } ?? [],
      isFresh: value["fresh"]?.bool ?? false)
  }
}
