// Knows the larger payloads of run events. Unaware of the loop that sends them.

import RopewalkWire

/// What a run sets out to do: the payload of `runStarted`.
package struct RunStart: Sendable, Equatable {
  package struct Task: Sendable, Equatable {
    package var id: TaskID
    package var needs: [TaskID]
    package var agent: String?
    package var runner: String

    package init(id: TaskID, needs: [TaskID], agent: String?, runner: String) {
      self.id = id
      self.needs = needs
      self.agent = agent
      self.runner = runner
    }
  }

  package var plan: String
  /// The plan file as it was named; nil when it came from elsewhere.
  package var planFile: String?
  /// The CRC-32 of that file's text, by which it is seen whether it was changed.
  package var planSum: String?
  /// The commit that every task without needs starts from.
  package var base: ObjectID?
  package var version: String
  package var concurrency: Int
  package var pid: Int
  package var tasks: [Task]

  package init(
    plan: String, planFile: String?, planSum: String? = nil, base: ObjectID?, version: String,
    concurrency: Int, pid: Int, tasks: [Task]
  ) {
    self.plan = plan
    self.planFile = planFile
    self.planSum = planSum
    self.base = base
    self.version = version
    self.concurrency = concurrency
    self.pid = pid
    self.tasks = tasks
  }

  package var members: [(String, JSON?)] {
    [
      ("plan", .string(plan)),
      ("planFile", planFile.map(JSON.string)),
      ("planSum", planSum.map(JSON.string)),
      ("base", base.map { .string($0.text) }),
      ("version", .string(version)),
      ("concurrency", .int(concurrency)),
      ("pid", .int(pid)),
      (
        "tasks",
        .array(
          tasks.map { task in
            .known([
              ("id", .string(task.id.text)),
              ("needs", .array(task.needs.map { .string($0.text) })),
              ("agent", task.agent.map(JSON.string)),
              ("runner", task.runner.isEmpty ? nil : .string(task.runner)),
            ])
          })
      ),
    ]
  }

  package init(_ value: JSONValue) {
    self.init(
      plan: value["plan"]?.string ?? "", planFile: value["planFile"]?.string,
      planSum: value["planSum"]?.string,
      base: value["base"]?.string.flatMap(ObjectID.init),
      version: value["version"]?.string ?? "", concurrency: value["concurrency"]?.int ?? 1,
      pid: value["pid"]?.int ?? 0,
      tasks: value["tasks"]?.elements.compactMap { task in
        guard let id = task["id"]?.string.flatMap(TaskID.init) else { return nil }
        return Task(
          id: id,
          needs: task["needs"]?.elements.compactMap { $0.string.flatMap(TaskID.init) } ?? [],
          agent: task["agent"]?.string, runner: task["runner"]?.string ?? "")
      } ?? [])
  }
}

/// What an attempt is about to run: the payload of `attemptStarted`.
package struct AttemptStart: Sendable, Equatable {
  /// The attempt's folder, relative to the run's.
  package var folder: String
  package var worktree: String?
  /// The commit that the worktree was at.
  package var start: ObjectID?
  /// The program's path; its arguments are in the attempt's `spec.json`.
  package var program: String
  /// Whether it goes on from the attempt before, whose result the verification refused.
  package var isRepair: Bool
  /// The session that it takes up again; nil where it begins one of its own.
  package var session: String?
  /// Which step of the task's strategy it is; nil where the task is done by one agent.
  package var step: StepInfo?

  package init(
    folder: String, worktree: String?, start: ObjectID?, program: String, isRepair: Bool,
    session: String? = nil, step: StepInfo? = nil
  ) {
    self.folder = folder
    self.worktree = worktree
    self.start = start
    self.program = program
    self.isRepair = isRepair
    self.session = session
    self.step = step
  }

  /// What the attempt is for, as the schedule said it when it was started.
  package var purpose: Schedule.Purpose {
    isRepair ? .repair : session == nil ? .attempt : .continuation
  }

  package var members: [(String, JSON?)] {
    [
      ("folder", .string(folder)),
      ("worktree", worktree.map(JSON.string)),
      ("start", start.map { .string($0.text) }),
      ("program", .string(program)),
      ("repair", isRepair ? true : nil),
      ("session", session.map(JSON.string)),
      ("step", step?.json),
    ]
  }

  package init(_ value: JSONValue) {
    self.init(
      folder: value["folder"]?.string ?? "", worktree: value["worktree"]?.string,
      start: value["start"]?.string.flatMap(ObjectID.init),
      program: value["program"]?.string ?? "", isRepair: value["repair"]?.bool ?? false,
      session: value["session"]?.string,
      step: value["step"].flatMap(StepInfo.init))
  }
}

/// How one verification command ended: the payload of `verificationFinished`.
package struct Verification: Sendable, Equatable {
  package var command: String
  package var passed: Bool
  /// The tree that it was run on.
  package var tree: ObjectID?
  /// "exit code 1", "timed out after 10m"; nil when it passed.
  package var message: String?
  /// The last lines that it wrote, when it failed.
  package var tail: String?
  package var seconds: Double

  package init(
    command: String, passed: Bool, tree: ObjectID?, message: String?, tail: String?,
    seconds: Double
  ) {
    self.command = command
    self.passed = passed
    self.tree = tree
    self.message = message
    self.tail = tail
    self.seconds = seconds
  }

  package var members: [(String, JSON?)] {
    [
      ("command", .string(command)),
      ("passed", .bool(passed)),
      ("tree", tree.map { .string($0.text) }),
      ("message", message.map(JSON.string)),
      ("tail", tail.map(JSON.string)),
      ("seconds", .double(seconds)),
    ]
  }

  package init(_ value: JSONValue) {
    self.init(
      command: value["command"]?.string ?? "", passed: value["passed"]?.bool ?? false,
      tree: value["tree"]?.string.flatMap(ObjectID.init), message: value["message"]?.string,
      tail: value["tail"]?.string, seconds: value["seconds"]?.double ?? 0)
  }
}
