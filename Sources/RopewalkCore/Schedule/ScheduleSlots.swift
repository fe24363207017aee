// Knows which of the waiting steps gets a free slot, and who does it. Unaware of what comes of it.

extension Schedule {
  /// Looked at in one go among the steps that name no agent: each may ask for other capabilities.
  private static let lookahead = 64

  /// Gives free slots to the most urgent steps and says when the run is over.
  mutating func fill(_ actions: [Action]) -> [Action] {
    if isReplaying { return actions }
    var actions = actions
    repeat {
      relieve(&actions)
      while !control.holdsAll, live < concurrency, let (task, step) = takeReady(&actions) {
        if holdBack(task, step) { continue }
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
    } while failLimited(&actions)
    keepTime(&actions)
    if unfinished == 0, live == 0 {
      unfinished = -1
      actions.append(.finishRun(runState))
    }
    tellWaiting(&actions)
    return actions
  }

  /// The most urgent step among the first of every lane that is open.
  private mutating func takeReady(_ actions: inout [Action]) -> (task: Int, step: Int)? {
    sortOut()
    let reserved = reservation()
    var best: (entry: ReadyQueue.Entry, lane: Int)?
    var unassigned: [(entry: ReadyQueue.Entry, lane: Int)] = []
    for index in lanes.indices {
      guard let entry = first(index) else { continue }
      let isUnassigned = lanes[index].key.isUnassigned
      if !isUnassigned, let known = best, !(entry < known.entry) { continue }
      guard isOpen(index), !delays(reserved, index, entry) else { continue }
      if isUnassigned {
        unassigned.append((entry, index))
      } else {
        best = (entry, index)
      }
    }
    guard best != nil || !unassigned.isEmpty, isAdmitted() else { return nil }
    for (entry, lane) in unassigned.sorted(by: { $0.entry < $1.entry }) {
      if let known = best, !(entry < known.entry) { break }
      if let chosen = assignFirst(of: lane, before: best?.entry, &actions) { return chosen }
    }
    return best.map { take($0.lane) }
  }

  /// Finds an agent for the first of a lane's steps for which somebody has room.
  private mutating func assignFirst(
    of lane: Int, before other: ReadyQueue.Entry?, _ actions: inout [Action]
  ) -> (task: Int, step: Int)? {
    let asleep = asleep
    guard choice.hasRoom(load) else { return nil }
    var passed: [(task: Int, step: Int)] = []
    defer { for (task, step) in passed { insert(task, step) } }
    while let entry = first(lane), passed.count < Self.lookahead {
      if let other, !(entry < other) { return nil }
      let (task, step) = take(lane)
      if holdBack(task, step) { continue }
      switch choice.choose(
        for: task, load: load, affinity: affinity(of: task), asleep: asleep)
      {
      case .wait: passed.append((task, step))
      case .impossible(let why):
        if progress[task].state == .queued { move(task, .started) }
        stepEnded(
          task, step, AttemptResult(failed: .couldNotStart, "nobody can do it: \(why)"), &actions)
      case .assigned(let assignment):
        guard let agent = plan.agents.first(where: { $0.name == assignment.agent }) else {
          continue
        }
        progress[task].steps[step].step.work = .agent(agent)
        progress[task].chosen = (
          assignment.agent, assignment.runner, assignment.justification
        )
        actions.append(.assign(task, assignment))
        return (task, step)
      }
    }
    return nil
  }

  /// The agents that did what a task needs.
  func affinity(of task: Int) -> Set<String> {
    Set(graph.needs(of: task).flatMap { progress[$0].steps.compactMap(\.step.agent?.name) })
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
    progress[task].steps[step].lastQueuedAt = progress[task].steps[step].queuedAt
    progress[task].steps[step].queuedAt = nil
    noteStart(task, step, &actions)
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
