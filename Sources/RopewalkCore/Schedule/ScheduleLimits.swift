// Knows what becomes of steps whose agents are limited by their providers. Unaware of the machine.

/// That an account sleeps, and because of whom.
package struct LimitNews: Sendable, Equatable {
  package var account: AgentAccount
  /// The attempt that was limited; nil when another run was.
  package var limited: Limited?
  /// How long it sleeps from now on.
  package var after: Duration
  package var strikes: Int
  /// To be handed back with `agentAwake`.
  package var turn: Int

  package struct Limited: Sendable, Equatable {
    package var task: Int
    package var attempt: Int
    package var agent: AgentRole
    /// The pause that the CLI asked for.
    package var asked: Duration?
  }
}

extension Schedule {
  // MARK: - Inputs

  /// The time for which an account sleeps is over.
  package mutating func agentAwake(_ account: AgentAccount, turn: Int) -> [Action] {
    sleep.woke(account, turn: turn) ? fill([]) : []
  }

  /// Another run of this user was limited.
  ///
  /// - Parameter rest: how long the account still sleeps.
  package mutating func agentLimited(
    _ account: AgentAccount, for rest: Duration, strikes: Int
  ) -> [Action] {
    // Of whom nothing is asked here nothing is told.
    guard choice.accounts.all.contains(account),
      let nap = sleep.heard(account, until: now + rest, strikes: strikes, at: now)
    else { return [] }
    return fill([
      .sleep(
        LimitNews(account: account, after: nap.until - now, strikes: nap.strikes, turn: nap.turn))
    ])
  }

  /// The account of an attempt's agent; nil where nobody knows it.
  package func account(of task: Int, attempt: Int) -> AgentAccount? {
    step(of: task, attempt: attempt)?.step.agent.flatMap { choice.accounts[$0] }
  }

  // MARK: - After an attempt

  /// Learns from how an attempt ended whether its account is limited.
  mutating func noteLimits(
    _ task: Int, _ step: Int, _ attempt: Int, _ result: AttemptResult, _ actions: inout [Action]
  ) {
    let isProbe = progress[task].steps[step].isProbe
    progress[task].steps[step].isProbe = false
    guard let agent = progress[task].steps[step].step.agent, let account = choice.accounts[agent]
    else { return }
    if result.cause == .rateLimited {
      let nap = sleep.limited(account, retryAfter: result.retryAfter, at: now)
      actions.append(
        .sleep(
          LimitNews(
            account: account,
            limited: LimitNews.Limited(
              task: task, attempt: attempt, agent: agent, asked: result.retryAfter),
            after: nap.until - now, strikes: nap.strikes, turn: nap.turn)))
    } else if result.cause == nil, sleep.succeeded(account, asProbe: isProbe) {
      actions.append(.limitOver(account))
    }
  }

  /// A limited step goes to somebody who is awake, or back in line, where it loses neither a try nor
  /// its place. False when nobody waits here.
  mutating func waitOut(
    _ account: AgentAccount, _ task: Int, _ step: Int, _ agent: AgentRole, _ result: AttemptResult,
    _ actions: inout [Action]
  ) -> Bool {
    if let place = substitute(for: agent, task, step) {
      let why = result.message ?? FailureCause.rateLimited.rawValue
      guard fallBack(task, step, agent, because: why, place: place, &actions) else { return false }
      handOver(task, step, result)
      return true
    }
    guard plan.onLimit == .wait else { return false }
    handOver(task, step, result)
    progress[task].steps[step].tries = max(0, progress[task].steps[step].tries - 1)
    if progress[task].live == 0, progress[task].state == .running { move(task, .retried) }
    progress[task].steps[step].queuedAt = progress[task].steps[step].lastQueuedAt
    insert(task, step)
    return true
  }

  /// Who of an agent's substitutes takes over from one that sleeps: the first that is awake. Whom the
  /// plan names does so at once; another runner of the family, which the plan does not name and which
  /// has another model, only from one that sleeps for long.
  private func substitute(for agent: AgentRole, _ task: Int, _ step: Int) -> Int? {
    let state = progress[task].steps[step]
    let first = state.chosen ?? agent
    let chain = choice.fallbacks[first]
    guard let until = sleep.until(choice.accounts[agent]), state.fallbacks < chain.count else {
      return nil
    }
    if first.fallback == nil, until - now <= AgentSleep.familyPatience { return nil }
    return (state.fallbacks..<chain.count).first { !sleep.isAsleep(choice.accounts[chain[$0]]) }
  }

  // MARK: - Those in line

  /// The agents of the plan whose accounts sleep.
  var asleep: Set<String> {
    Set(plan.agents.filter { sleep.isAsleep(choice.accounts[$0]) }.map(\.name))
  }

  /// Gives the steps that wait for a sleeper to those who may take over.
  mutating func relieve(_ actions: inout [Action]) {
    guard sleep.hasSleepers else { return }
    var index = 0
    // Lanes may be added meanwhile.
    while index < lanes.count {
      defer { index += 1 }
      guard sleep.isAsleep(lanes[index].key.account), !isAwake(index) else { continue }
      while let entry = first(index), let agent = progress[entry.task].steps[entry.step].step.agent,
        let place = substitute(for: agent, entry.task, entry.step)
      {
        let (task, step) = take(index)
        _ = fallBack(
          task, step, agent, because: "`\(agent.name)` is limited", place: place, &actions)
      }
    }
  }

  /// Where nobody is to wait for a limit: fails what could only wait. True when there was something.
  mutating func failLimited(_ actions: inout [Action]) -> Bool {
    guard plan.onLimit == .fail, sleep.hasSleepers else { return false }
    var failed: [(task: Int, step: Int)] = []
    for index in lanes.indices {
      let key = lanes[index].key
      if sleep.isAsleep(key.account), !(key.isUrgent && isAwake(index)) {
        while first(index) != nil { failed.append(take(index)) }
      } else if key.isUnassigned, live == 0 {
        while let entry = first(index), isLimited(entry.task) { failed.append(take(index)) }
      }
    }
    for (task, step) in failed where !progress[task].state.isFinal {
      let agent = progress[task].steps[step].step.agent
      if progress[task].state == .queued { move(task, .started) }
      let who = agent.map { "`\($0.name)` is" } ?? "all agents that suit it are"
      let until = limitEnd(agent).map { ", for \(Wording.duration(($0 - now).seconds)) yet" } ?? ""
      let because = "\(who) limited\(until)"
      guard tasks[task].strategy != .single else {
        // No attempt tells why.
        progress[task].steps[step].isDone = true
        finish(task, TaskEnd(.failed, because: because, cause: .rateLimited), &actions)
        continue
      }
      stepEnded(task, step, AttemptResult(failed: .rateLimited, because), &actions)
    }
    return !failed.isEmpty
  }

  /// Whether a task that names nobody waits only for sleepers.
  func isLimited(_ task: Int) -> Bool {
    let asleep = asleep
    guard !asleep.isEmpty else { return false }
    let answer = choice.choose(for: task, affinity: affinity(of: task), asleep: asleep)
    if case .wait = answer { return true }
    return false
  }

  /// When an agent wakes; for nobody in particular, when the first of all does.
  func limitEnd(_ agent: AgentRole?) -> Duration? {
    agent.map { sleep.until(choice.accounts[$0]) }
      ?? plan.agents.compactMap { sleep.until(choice.accounts[$0]) }.min()
  }
}
