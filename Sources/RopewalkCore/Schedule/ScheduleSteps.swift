// Knows what follows from the end of a step: another try, another agent, or the next steps of its strategy.
// Unaware of slots.

/// That another agent takes over.
package struct FallbackNews: Sendable, Equatable {
  package var from: AgentRole
  package var to: AgentRole
  package var because: String
}

extension Schedule {
  /// Starts what a task wants first.
  mutating func queue(_ task: Int, _ actions: inout [Action]) {
    move(task, .needsEnded)
    actions.append(.queue(task))
    if progress[task].strategy != nil {
      // It goes on where it was ended.
      insertOpenSteps(task)
      return
    }
    var run = StrategyRun(tasks[task], in: plan)
    let effects = run.begin()
    progress[task].strategy = run
    carryOut(effects, task, &actions)
  }

  /// Tries a failed step again where that may help: with the same agent, then with another. False when nothing more
  /// is tried.
  mutating func goOn(
    _ task: Int, _ step: Int, _ agent: AgentRole, _ cause: FailureCause, _ result: AttemptResult,
    _ actions: inout [Action]
  ) -> Bool {
    guard haltedBy == nil else { return false }
    let state = progress[task].steps[step]
    if cause == .rejected, state.repairs < tasks[task].repair {
      progress[task].steps[step].repairs += 1
      if control.isHeld(task) || sleep.isAsleep(choice.accounts[agent]) {
        progress[task].steps[step].isRepairDue = true
        insert(task, step)
      } else if !isReplaying, reserve(task, step, agent, &actions) {
        start(task, step, .repair, &actions)
      } else {
        progress[task].steps[step].isRepairDue = true
      }
      return true
    }
    if cause == .rateLimited, let account = choice.accounts[agent] {
      return waitOut(account, task, step, agent, result, &actions)
    }
    let tries = max(
      tasks[task].allowedTries, state.step.isRetried ? RetryPolicy.standardAttempts : 1)
    if cause.isRetryable, state.isInSession, !state.isRepair {
      // The session may have been past going on with: this was no try of the step itself.
      progress[task].steps[step].tries -= 1
      retry(task, step, after: result.retryAfter ?? .zero, &actions)
      return true
    }
    if cause.isRetryable, state.tries < tries {
      handOver(task, step, result)
      retry(task, step, after: result.retryAfter ?? .zero, &actions)
      return true
    }
    let isRepeated = cause.isRetryable && state.tries > 1
    guard cause.callsForFallback || isRepeated else { return false }
    let why = result.message ?? cause.rawValue
    guard fallBack(task, step, agent, because: why, &actions) else { return false }
    handOver(task, step, result)
    return true
  }

  /// Lets the next attempt begin with what the failed one left, where the plan says so.
  mutating func handOver(_ task: Int, _ step: Int, _ result: AttemptResult) {
    guard tasks[task].partialWork == .handOver, let commit = result.commit else { return }
    progress[task].steps[step].step.start = commit
  }

  private mutating func retry(
    _ task: Int, _ step: Int, after pause: Duration, _ actions: inout [Action]
  ) {
    // The others of its strategy may still run.
    if progress[task].live == 0 { move(task, .retried) }
    let delay = tasks[task].retry.delay(
      beforeRetry: progress[task].steps[step].tries,
      random: Double.random(in: 0..<1, using: &random))
    actions.append(
      .retryLater(task, step: step, attempt: upcoming(task, step), after: max(delay, pause)))
  }

  /// Gives a step to the next agent that can take over from its own; false when there is none.
  ///
  /// - Parameter place: which of its substitutes; the first that has not been asked when nil.
  mutating func fallBack(
    _ task: Int, _ step: Int, _ agent: AgentRole, because: String, place: Int? = nil,
    _ actions: inout [Action]
  ) -> Bool {
    let first = progress[task].steps[step].chosen ?? agent
    let chain = choice.fallbacks[first]
    let used = place ?? progress[task].steps[step].fallbacks
    guard used < chain.count else { return false }
    progress[task].steps[step].chosen = first
    progress[task].steps[step].fallbacks = used + 1
    progress[task].steps[step].tries = 0
    // Another CLI knows nothing of a session, whether it was interrupted or to be repaired.
    progress[task].steps[step].isInterrupted = false
    progress[task].steps[step].isRepairDue = false
    progress[task].steps[step].step.work = .agent(chain[used])
    if progress[task].live == 0, progress[task].state == .running { move(task, .retried) }
    actions.append(
      .fallBack(task, FallbackNews(from: agent, to: chain[used], because: because)))
    insert(task, step)
    return true
  }

  mutating func stepEnded(
    _ task: Int, _ step: Int, _ result: AttemptResult, _ actions: inout [Action]
  ) {
    progress[task].steps[step].isDone = true
    let effects = progress[task].strategy?.ended(step, result) ?? []
    carryOut(effects, task, &actions)
    // A cancelled task ends when the last of its attempts has.
    if let end = progress[task].cancelEnd, !isUnderWay(task),
      !progress[task].state.isFinal
    {
      finish(task, end, &actions)
    }
  }

  private mutating func carryOut(
    _ effects: [StrategyRun.Effect], _ task: Int, _ actions: inout [Action]
  ) {
    for effect in effects {
      switch effect {
      case .step(let index, let step):
        precondition(index == progress[task].steps.count, "steps are numbered in their order")
        progress[task].steps.append(StepProgress(step))
        if progress[task].cancelReason == nil { insert(task, index) }
      case .tell(let news): actions.append(.tell(task, news))
      case .endSteps(let steps): for step in steps { giveUp(task, step, &actions) }
      case .finish(let end):
        if end.cause != nil, let cancelled = progress[task].cancelEnd {
          finish(task, cancelled, &actions)
        } else {
          finish(task, TaskEnd(end, of: tasks[task]), &actions)
        }
      }
    }
  }

  /// Ends a step that its strategy does not want any more, whether it runs or waits.
  private mutating func giveUp(_ task: Int, _ step: Int, _ actions: inout [Action]) {
    progress[task].steps[step].isUnwanted = true
    let state = progress[task].steps[step]
    if state.isLive || foreseen.has(task, step) {
      actions.append(.endAttempt(task, attempt: state.attempt, .memberFailed))
    } else if !state.isDone {
      stepEnded(
        task, step, AttemptResult(failed: .cancelled, CancelReason.memberFailed.text), &actions)
    }
  }
}
