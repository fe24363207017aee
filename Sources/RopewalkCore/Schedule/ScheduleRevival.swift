// Knows how what was ended before its time goes on: steps, tasks, whole runs. Unaware of engines and journals.

extension Schedule {
  // MARK: - Steps

  /// Whether an attempt's end says nothing of its step: it did not fail, it was ended.
  func wasInterrupted(_ task: Int, _ state: StepProgress, _ result: AttemptResult) -> Bool {
    guard !state.isUnwanted, let cause = result.cause else { return false }
    return cause == .orphaned || (progress[task].cancelReason != nil && cause != .overBudget)
  }

  /// Whether an attempt that was to mend what was refused was ended by nothing that it did.
  package func isInterruptedRepair(_ task: Int, attempt: Int, _ result: AttemptResult) -> Bool {
    guard let step = progress[task].step(ofAttempt: attempt) else { return false }
    let state = progress[task].steps[step]
    return state.isRepair && wasInterrupted(task, state, result)
  }

  /// An attempt goes on in the session of one that was interrupted.
  package mutating func takesUpSession(_ task: Int, attempt: Int) {
    guard let step = progress[task].step(ofAttempt: attempt) else { return }
    progress[task].steps[step].isInSession = true
  }

  /// Whether a step starts from what its task starts from.
  func startsAtTask(_ task: Int, _ step: Int) -> Bool {
    progress[task].steps.indices.contains(step) && progress[task].steps[step].step.start == nil
  }

  /// Puts a step back to where it was before its attempt; no try is counted.
  mutating func interrupt(
    _ task: Int, _ step: Int, _ result: AttemptResult, _ actions: inout [Action]
  ) {
    progress[task].steps[step].isInterrupted = true
    if progress[task].steps[step].isRepair {
      progress[task].steps[step].isRepairDue = true
    } else {
      progress[task].steps[step].tries -= 1
      handOver(task, step, result)
    }
    guard let end = progress[task].cancelEnd else {
      if progress[task].live == 0, progress[task].state == .running { move(task, .retried) }
      insert(task, step)
      return
    }
    // A cancelled task ends when the last of its attempts has.
    if !isUnderWay(task), !progress[task].state.isFinal { finish(task, end, &actions) }
  }

  /// Lets every step that waits for nothing but a slot wait for one.
  mutating func insertOpenSteps(_ task: Int) {
    for (step, state) in progress[task].steps.enumerated() where !state.isLive && !state.isDone {
      insert(task, step)
    }
  }

  // MARK: - Tasks

  /// The tasks that going on with a run takes up again: those that ended because the run did, and those that were
  /// skipped because of them. In the plan's order.
  package var interruptedTasks: [Int] {
    withSkipped(
      tasks.indices.filter {
        progress[$0].state == .cancelled && !progress[$0].isCancelledAlone
          && progress[$0].live == 0
      })
  }

  /// The tasks that trying some again takes up: those that ended otherwise than well, and those that were skipped
  /// because of them. In the plan's order.
  ///
  /// - Parameter wanted: nil is all that failed.
  package func retriedTasks(_ wanted: [Int]?) -> [Int] {
    let failed = (wanted ?? Array(tasks.indices)).filter { task in
      let state = progress[task].state
      guard progress[task].live == 0 else { return false }
      if wanted == nil { return state == .failed || state == .timedOut }
      return state.isFinal && state != .completed
    }
    return withSkipped(failed)
  }

  private func withSkipped(_ begun: [Int]) -> [Int] {
    var found = Set(begun)
    var open = begun
    while let need = open.popLast() {
      for task in graph.dependents(of: need)
      where progress[task].state == .skipped && found.insert(task).inserted {
        open.append(task)
      }
    }
    if let haltedBy, found.contains(haltedBy) {
      found.formUnion(tasks.indices.filter { progress[$0].state == .skipped })
    }
    return found.sorted()
  }

  /// Takes ended tasks up again: a cancelled one where it was, any other from its beginning.
  ///
  /// - Parameter isFresh: whether a cancelled one begins from its beginning, too.
  package mutating func revive(_ revived: [Int], isFresh: Bool) -> [Action] {
    guard !revived.isEmpty else { return fill([]) }
    for task in revived {
      let old = progress[task]
      let goesOn = old.state == .cancelled && !isFresh && old.strategy != nil
      if !goesOn {
        progress[task] = TaskProgress()
        progress[task].state = old.state
        progress[task].attempts = old.attempts
      }
      progress[task].cancelReason = nil
      progress[task].cancelEnd = nil
      progress[task].isCancelledAlone = false
      move(task, .revived)
    }
    cancelReason = nil
    if let haltedBy, !progress[haltedBy].state.isFinal { self.haltedBy = nil }
    unfinished = progress.count { !$0.state.isFinal }
    var actions: [Action] = []
    for task in revived where progress[task].state == .pending { recount(task) }
    for task in revived where progress[task].state == .pending {
      if let skipped = decide(task, &actions) { tellDependents(of: skipped, &actions) }
    }
    return fill(actions)
  }

  /// Counts what a task still waits for.
  private mutating func recount(_ task: Int) {
    let needs = graph.needs(of: task)
    progress[task].openNeeds = needs.count { !progress[$0].state.isFinal }
    progress[task].badNeed = needs.first {
      progress[$0].state.isFinal && progress[$0].state != .completed
    }
  }
}
