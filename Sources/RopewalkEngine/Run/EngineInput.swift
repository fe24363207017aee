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
  /// From a timer of the loop's own: the time for which an account sleeps is over.
  case agentAwake(AgentAccount, turn: Int)
  /// From a timer of the loop's own: it is time to look at the machine again.
  case lookAgain
  /// From who writes down what is for other runs: it could not be.
  case notShared(String)
  /// From whoever was asked: whether the run goes on without a limit that is reached.
  case budgetAnswered(BudgetLimit, goOn: Bool)
  /// From another terminal: tasks that did not complete are tried again; nil means all that failed.
  case retry([TaskID]?)
  /// From a signal or another terminal; nil means the whole run.
  case cancel([TaskID]?, CancelReason)
  /// From a signal or another terminal; nil means the whole run. With `drain` what runs goes on.
  case pause([TaskID]?, drain: Bool)
  /// From a signal or another terminal; nil ends all pauses there are.
  case resume([TaskID]?)
  /// From the signal that continues a stopped engine: tasks that were paused one by one stay so.
  case resumeRun
  /// From another terminal.
  case prioritise(TaskID, Int)
  /// From whoever wants to know that all which came in before is written and under way. It is not
  /// called once the run is over.
  case carriedOut(@Sendable () -> Void)
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
