// Knows what the end of a task means for the others. Unaware of attempts.

extension Schedule {
  /// Ends a task, and with it all that now cannot run; without recursion, for chains of any length.
  mutating func finish(_ task: Int, _ end: TaskEnd, _ actions: inout [Action]) {
    settle(task, end, &actions)
    tellDependents(of: task, &actions)
    if end.state == .failed || end.state == .timedOut, tasks[task].onError == .halt,
      haltedBy == nil
    {
      halt(by: task, &actions)
    }
  }

  /// Lets those that need an ended task start, or skips them and with them those that need them.
  mutating func tellDependents(of task: Int, _ actions: inout [Action]) {
    var ended = [task]
    while let need = ended.popLast() {
      let isGood = progress[need].state == .completed
      for dependent in graph.dependents(of: need) where !progress[dependent].state.isFinal {
        progress[dependent].openNeeds -= 1
        if !isGood, progress[dependent].badNeed == nil { progress[dependent].badNeed = need }
        if let skipped = decide(dependent, &actions) { ended.append(skipped) }
      }
    }
  }

  /// Looks at a task one of whose needs has just ended; returns it when it was skipped.
  mutating func decide(_ task: Int, _ actions: inout [Action]) -> Int? {
    guard progress[task].state == .pending else { return nil }
    if tasks[task].when == .always {
      if progress[task].openNeeds == 0 { queue(task, &actions) }
      return nil
    }
    if let need = progress[task].badNeed {
      let state = progress[need].state
      settle(
        task, TaskEnd(.skipped, because: "its need `\(tasks[need].id)` \(state.asEnd)"), &actions)
      return task
    }
    if progress[task].openNeeds == 0 { queue(task, &actions) }
    return nil
  }

  private mutating func halt(by task: Int, _ actions: inout [Action]) {
    haltedBy = task
    let because = "the run was halted when `\(tasks[task].id)` \(progress[task].state.asEnd)"
    for other in tasks.indices
    where progress[other].state.hasNotBegun && !foreseen.has(other)
      && tasks[other].when != .always
    {
      settle(other, TaskEnd(.skipped, because: because), &actions)
    }
    // What must run always still does, once all of its needs have ended.
    for other in tasks.indices where progress[other].state == .pending {
      progress[other].openNeeds =
        graph.needs(of: other).count { !progress[$0].state.isFinal }
      _ = decide(other, &actions)
    }
  }

  mutating func settle(_ task: Int, _ end: TaskEnd, _ actions: inout [Action]) {
    move(task, end.state.transition)
    // What a cancelled one has reached is kept, should it be taken up again.
    if end.state != .cancelled { progress[task].strategy = nil }
    unfinished -= 1
    actions.append(.finish(task, end))
  }

  mutating func move(_ task: Int, _ transition: TaskState.Transition) {
    let state = progress[task].state
    guard let next = state.after(transition) else {
      preconditionFailure("task `\(tasks[task].id)` is \(state) and cannot be \(transition)")
    }
    progress[task].state = next
    // What it demands is its own exactly while it runs.
    if next == .running, demands.open(task) != nil {
      demands.take(task)
      freeOthers(of: task)
    } else if next != .running, next != .paused {
      demands.giveBack(task)
    }
  }
}

extension TaskState {
  /// Whether nothing of it runs and nothing was decided: also between two tries.
  fileprivate var hasNotBegun: Bool { self == .pending || self == .queued }

  /// The transition that leads to this final state.
  var transition: Transition {
    switch self {
    case .completed: .completed
    case .failed: .failed
    case .timedOut: .timedOut
    case .cancelled: .cancelled
    case .skipped: .skipped
    case .pending, .queued, .running, .paused:
      preconditionFailure("\(self) is no end of a task")
    }
  }

  /// The state as the end of a sentence about a task.
  fileprivate var asEnd: String {
    switch self {
    case .completed: "completed"
    case .failed: "failed"
    case .timedOut: "timed out"
    case .cancelled: "was cancelled"
    case .skipped: "was skipped"
    case .pending, .queued, .running, .paused: "is \(self)"
    }
  }
}
