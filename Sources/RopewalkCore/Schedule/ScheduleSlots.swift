// Knows which of the waiting steps gets a free slot, and who does it. Unaware of what comes of it.

extension Schedule {
  /// Looked at in one go among the steps that name no agent: each may ask for other capabilities.
  private static let lookahead = 64

  /// Gives free slots to the most urgent steps and says when the run is over.
  mutating func fill(_ actions: [Action]) -> [Action] {
    if isReplaying { return actions }
    var actions = actions
    while live < concurrency, let (task, step) = takeReady(&actions) {
      // A task may have been cancelled or skipped, and a step given up, while it waited.
      guard !progress[task].state.isFinal, !progress[task].steps[step].isDone else { continue }
      if let agent = progress[task].steps[step].step.agent {
        if let why = choice.fallbacks.whyMissing(agent) {
          if fallBack(task, step, agent, because: why, &actions) { continue }
        }
        guard reserve(task, step, agent, &actions) else { continue }
      }
      if progress[task].state == .queued { move(task, .started) }
      if progress[task].steps[step].isRepairDue {
        progress[task].steps[step].isRepairDue = false
        start(task, step, .repair, &actions)
        continue
      }
      progress[task].steps[step].tries += 1
      let isInterrupted = progress[task].steps[step].isInterrupted
      start(task, step, isInterrupted ? .continuation : .attempt, &actions)
    }
    if unfinished == 0, live == 0 {
      unfinished = -1
      actions.append(.finishRun(runState))
    }
    return actions
  }

  /// The most urgent step among the first of every lane that has room and those without an agent.
  private mutating func takeReady(_ actions: inout [Action]) -> (task: Int, step: Int)? {
    var best: (entry: ReadyQueue.Entry, lane: Int)?
    for (index, lane) in lanes.enumerated() where hasRoom(lane) {
      guard let entry = lane.ready.first else { continue }
      if let known = best, !(entry < known.entry) { continue }
      best = (entry, index)
    }
    if let entry = unassigned.first, best.map({ entry < $0.entry }) ?? true,
      let chosen = assignFirst(before: best?.entry, &actions)
    {
      return chosen
    }
    guard let best else { return nil }
    let entry = lanes[best.lane].ready.removeFirst()
    return (entry.task, entry.step)
  }

  /// Finds an agent for the first of the steps without one for which somebody has room.
  private mutating func assignFirst(
    before other: ReadyQueue.Entry?, _ actions: inout [Action]
  ) -> (task: Int, step: Int)? {
    guard choice.hasRoom(load) else { return nil }
    var passed: [ReadyQueue.Entry] = []
    defer { for entry in passed { unassigned.insert(entry) } }
    while let entry = unassigned.first, passed.count < Self.lookahead {
      if let other, !(entry < other) { return nil }
      _ = unassigned.removeFirst()
      guard !progress[entry.task].state.isFinal, !progress[entry.task].steps[entry.step].isDone
      else { continue }
      let affinity = Set(
        graph.needs(of: entry.task).flatMap { progress[$0].steps.compactMap(\.step.agent?.name) })
      switch choice.choose(for: entry.task, load: load, affinity: affinity) {
      case .wait: passed.append(entry)
      case .impossible(let why):
        if progress[entry.task].state == .queued { move(entry.task, .started) }
        stepEnded(
          entry.task, entry.step,
          AttemptResult(failed: .couldNotStart, "nobody can do it: \(why)"), &actions)
      case .assigned(let assignment):
        guard let agent = plan.agents.first(where: { $0.name == assignment.agent }) else {
          continue
        }
        progress[entry.task].steps[entry.step].step.work = .agent(agent)
        progress[entry.task].chosen = (
          assignment.agent, assignment.runner, assignment.justification
        )
        actions.append(.assign(entry.task, assignment))
        return (entry.task, entry.step)
      }
    }
    return nil
  }

  private func hasRoom(_ lane: Lane) -> Bool {
    lane.agent.map { load[$0.name, default: 0] < $0.maxTasks } ?? true
  }

  private func lane(_ task: Int, _ step: Int) -> Int {
    progress[task].steps[step].step.agent.flatMap { laneOfAgent[$0.name] } ?? 0
  }

  mutating func insert(_ task: Int, _ step: Int) {
    // What waits is known when the journal has told everything.
    if isReplaying { return }
    let entry = ReadyQueue.Entry(
      task: task, step: step, priority: tasks[task].priority, at: now)
    if progress[task].steps[step].step.work == .anyAgent {
      unassigned.insert(entry)
    } else {
      lanes[lane(task, step)].ready.insert(entry)
    }
  }

  var runState: RunState {
    if cancelReason != nil { return .cancelled }
    let completed = progress.count { $0.state == .completed }
    return completed == progress.count ? .completed : completed > 0 ? .partial : .failed
  }

  mutating func start(_ task: Int, _ step: Int, _ purpose: Purpose, _ actions: inout [Action]) {
    live += 1
    progress[task].live += 1
    let agent = progress[task].steps[step].step.agent
    if let agent { load[agent.name, default: 0] += 1 }
    progress[task].steps[step].isLive = true
    progress[task].steps[step].isRepair = purpose == .repair
    progress[task].steps[step].isInterrupted = false
    progress[task].steps[step].isInSession = false
    let attempt = upcoming(task, step)
    progress[task].steps[step].nextAttempt = nil
    progress[task].steps[step].attempt = attempt
    startTimer(.task(task), &actions)
    if let agent { startTimer(.agent(agent.name), &actions) }
    actions.append(.startAttempt(task, attempt: attempt, purpose))
  }

  /// Gives back what an ended attempt had taken.
  mutating func release(_ task: Int, _ step: Int) {
    live -= 1
    progress[task].live -= 1
    if let agent = progress[task].steps[step].step.agent { load[agent.name, default: 0] -= 1 }
    progress[task].steps[step].isLive = false
  }

  /// The number that the step's next attempt will have.
  mutating func upcoming(_ task: Int, _ step: Int) -> Int {
    if let number = progress[task].steps[step].nextAttempt { return number }
    progress[task].attempts += 1
    progress[task].steps[step].nextAttempt = progress[task].attempts
    return progress[task].attempts
  }
}
