// Knows which waiting steps are alike in what they wait for. Unaware of what is free.

extension Schedule {
  /// Steps that wait for the same things, the most urgent first: when the first cannot start, none of
  /// them can, so that nobody has to look at the others, and those of other lanes go on.
  struct Lane {
    /// What its steps wait for, beside a slot.
    struct Key: Hashable {
      /// Whose steps they are, where a limit of the agent or of its account can hold them.
      var agent: AgentRole.Identity?
      var account: AgentAccount?
      /// An index into the demands.
      var demand: Int?
      /// Whether they may wake a sleeper.
      var isUrgent = false
      /// Whether their agent is chosen when they start.
      var isUnassigned = false
    }

    let key: Key
    /// How many tasks its agent carries; nil is without limit.
    let maxTasks: Int?
    var ready = ReadyQueue()
  }

  /// The lane for a step as it stands now.
  mutating func lane(_ task: Int, _ step: Int) -> Int {
    let state = progress[task].steps[step].step
    var key = Lane.Key()
    key.demand = demands.open(task)
    key.isUnassigned = state.work == .anyAgent
    var maxTasks: Int?
    if let agent = state.agent {
      maxTasks = maxTasksOfAgent[agent.name]
      key.account = choice.accounts[agent]
      if maxTasks != nil || key.account != nil { key.agent = agent.identity }
      key.isUrgent = key.account != nil && priority(of: task) >= AgentSleep.urgentPriority
    }
    if let known = laneOfKey[key] { return known }
    lanes.append(Lane(key: key, maxTasks: maxTasks))
    laneOfKey[key] = lanes.count - 1
    return lanes.count - 1
  }

  /// Puts a step in line, with the place that it had when it is only put back.
  mutating func insert(_ task: Int, _ step: Int) {
    // What waits is known when the journal has told everything.
    if isReplaying { return }
    let since = progress[task].steps[step].queuedAt ?? now
    progress[task].steps[step].queuedAt = since
    progress[task].steps[step].isQueued = true
    let entry = ReadyQueue.Entry(
      task: task, step: step, priority: priority(of: task), at: since)
    let lane = lane(task, step)
    progress[task].steps[step].lane = lane
    lanes[lane].ready.insert(entry)
  }

  /// Takes a step out of line.
  mutating func take(_ lane: Int) -> (task: Int, step: Int) {
    let entry = lanes[lane].ready.removeFirst()
    progress[entry.task].steps[entry.step].isQueued = false
    return (entry.task, entry.step)
  }

  /// The most urgent step of a lane that still wants to start.
  ///
  /// A task may have been cancelled or skipped, and a step given up, while it waited; and once a task
  /// has what it demands, its steps wait in another lane too.
  mutating func first(_ lane: Int) -> ReadyQueue.Entry? {
    while let entry = lanes[lane].ready.first {
      let isWanted = isWaiting(entry, in: lane)
      if isWanted, lanes[lane].key.demand == demands.open(entry.task) { return entry }
      _ = lanes[lane].ready.removeFirst()
      // It waits for something else by now.
      if isWanted { insert(entry.task, entry.step) }
    }
    return nil
  }

  /// Whether an entry still stands for a step that waits here, and nowhere else.
  private func isWaiting(_ entry: ReadyQueue.Entry, in lane: Int) -> Bool {
    guard !progress[entry.task].state.isFinal, progress[entry.task].steps[entry.step].isQueued,
      progress[entry.task].steps[entry.step].lane == lane
    else { return false }
    return !progress[entry.task].steps[entry.step].isDone
  }

  /// Brings every step that comes first somewhere into the lane of what it waits for now: what its task
  /// demands may have been taken, or given back, since it was queued.
  mutating func sortOut() {
    guard !demands.all.isEmpty else { return }
    var index = 0
    // Lanes may be added meanwhile.
    while index < lanes.count {
      _ = first(index)
      index += 1
    }
  }

  /// Whether the steps of a lane could start now, as far as their agent goes.
  func isAwake(_ lane: Int) -> Bool {
    if let maxTasks = lanes[lane].maxTasks, let agent = lanes[lane].key.agent,
      load[agent.name, default: 0] >= maxTasks
    {
      return false
    }
    guard let account = lanes[lane].key.account, sleep.isAsleep(account) else { return true }
    return lanes[lane].key.isUrgent && sleep.mayProbe(account)
  }

  /// Whether the steps of a lane could start now.
  func isOpen(_ lane: Int) -> Bool { isAwake(lane) && demands.isFree(lanes[lane].key.demand) }

  /// The other steps of a task that has just got what it demands: nothing holds them back any more.
  mutating func freeOthers(of task: Int) {
    for step in progress[task].steps.indices where progress[task].steps[step].isQueued {
      insert(task, step)
    }
  }
}
