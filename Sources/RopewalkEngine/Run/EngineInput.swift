// Knows everything that can reach the engine's loop. Unaware of what the loop makes of it.

import RopewalkCore

/// What comes in at the engine's one door.
package enum EngineInput: Sendable {
  /// From an attempt: its program is about to be started; `written` is resumed when the journal has it.
  case attemptStarting(Int, attempt: Int, AttemptStart, written: CheckedContinuation<Void, Never>)
  /// From an attempt: its agent said something.
  case agent(Int, attempt: Int, AgentEvent)
  /// From an attempt: a verification command ended.
  case verified(Int, attempt: Int, Verification)
  /// From an attempt, last: nothing of it is left running.
  case attemptEnded(Int, attempt: Int, AttemptResult)
  /// From a timer of the loop's own: the pause before the next attempt is over.
  case retryDue(Int, step: Int)
  /// From a timer of the loop's own: the time that a budget allows is over.
  case wallTimeOver(BudgetScope)
  /// From whoever was asked: whether the run goes on without a limit that is reached.
  case budgetAnswered(BudgetLimit, goOn: Bool)
  /// From another terminal: tasks that did not complete are tried again; nil means all that failed.
  case retry([TaskID]?)
  /// From a signal or another terminal; nil means the whole run.
  case cancel([TaskID]?, CancelReason)
}

/// Puts what one attempt reports into the inbox, under its task and number.
struct InboxReporter: AttemptReporter {
  let inbox: Inbox<EngineInput>
  let task: Int
  let attempt: Int

  func starting(_ start: AttemptStart) async {
    await withCheckedContinuation { written in
      inbox.send(.attemptStarting(task, attempt: attempt, start, written: written))
    }
  }

  func agent(_ event: AgentEvent) async {
    await inbox.put(.agent(task, attempt: attempt, event))
  }

  func verified(_ verification: Verification) async {
    await inbox.put(.verified(task, attempt: attempt, verification))
  }
}
