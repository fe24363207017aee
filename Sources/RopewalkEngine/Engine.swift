// Knows how a run goes: takes what happens in the one order there is, writes it down, acts on it.
// Unaware of processes, git and terminals: attempts are carried out by an `AttemptRunner`.

import RopewalkCore
import RopewalkWire

/// The engine: one loop.
///
/// 1. Take all that has arrived.
/// 2. Fold it into the schedule and the report; number the events that come of it.
/// 3. Write them to the journal, to the disk when one of them is a promise.
/// 4. Only then do what the schedule asked for, and tell the observers.
///
/// While step 3 waits for the disk more arrives, so a slow disk makes larger batches, not a longer
/// queue of syncs.
package struct Engine: Sendable {
  package let run: RunID
  package let plan: Plan
  package let graph: TaskGraph
  package let runner: any AttemptRunner
  package let journal: JournalWriter
  package let inbox: Inbox<EngineInput>
  package let time: EngineTime
  /// Hidden in everything that an attempt reports before anybody sees it.
  package let secrets: SecretMask
  /// Who does what names no agent, and who takes over from whom.
  package let choice: AgentChoice?
  /// What this user's runs tell each other of providers' limits; nil where there is no place for it.
  package let limits: LimitSharing?
  /// How the machine stands; nil where nobody looks. Called from the loop: must not block.
  package let host: (@Sendable () -> HostReading)?
  /// Asks a person whether the run goes on without a limit that is reached; returns early when cancelled. Nil where
  /// nobody can be asked, and then the answer is no.
  package let ask: (@Sendable (BudgetQuestion) async -> Bool)?
  /// Called after each write to the journal, from the loop: must not block.
  package let wrote: @Sendable () -> Void

  package init(
    run: RunID, plan: Plan, graph: TaskGraph, runner: any AttemptRunner, journal: JournalWriter,
    inbox: Inbox<EngineInput>, time: EngineTime,
    secrets: SecretMask = SecretMask(environments: []), choice: AgentChoice? = nil,
    limits: LimitSharing? = nil, host: (@Sendable () -> HostReading)? = nil,
    ask: (@Sendable (BudgetQuestion) async -> Bool)? = nil, wrote: @escaping @Sendable () -> Void
  ) {
    self.run = run
    self.plan = plan
    self.graph = graph
    self.runner = runner
    self.journal = journal
    self.inbox = inbox
    self.time = time
    self.secrets = secrets
    self.choice = choice
    self.limits = limits
    self.host = host
    self.ask = ask
    self.wrote = wrote
  }

  /// Carries the plan out. Returns when every task is in a final state and no attempt runs.
  ///
  /// It is ended early through the inbox, not by cancelling the caller.
  ///
  /// - Throws: `SystemError` when the journal could not be written; every attempt is ended then.
  package func carryOut(_ start: RunStart) async throws(SystemError) -> RunReport {
    var loop = EngineLoop(engine: self)
    let failure = await withDiscardingTaskGroup { group in
      await loop.carryOut(start, &group)
      // Timers of retries that nobody waits for any more.
      group.cancelAll()
      return loop.failure
    }
    await limits?.settled()
    if let failure { throw failure }
    return loop.report
  }

  /// Goes on with a run whose own engine has ended, as `carryOut` does with a new one.
  ///
  /// - Parameters:
  ///   - replay: the run as its journal leaves it; it fits the plan.
  ///   - wanted: what of the ended tasks is taken up again.
  package func goOn(
    with replay: RunReplay, reviving wanted: Revival, _ resumed: RunResumed
  ) async throws(SystemError) -> RunReport {
    var replay = replay
    let open = replay.schedule.open.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    let heard = await limits?.news().limits ?? []
    let moment = ScheduleReplay.Moment(
      host: host?(),
      limits: heard.map { ($0.account, $0.rest(at: time.now()), $0.strikes) })
    let going = GoingOn(
      resumed: resumed, conclusion: replay.finish(reviving: wanted, moment), open: open)
    var loop = EngineLoop(engine: self, replay: replay)
    let failure = await withDiscardingTaskGroup { group in
      await loop.carryOut(going, &group)
      // Timers of retries that nobody waits for any more.
      group.cancelAll()
      return loop.failure
    }
    if let failure { throw failure }
    return loop.report
  }
}

/// What a person is asked when a budget is reached.
package struct BudgetQuestion: Sendable, Equatable {
  /// "the plan's budget of $20 is used up: $19.40 used".
  package var message: String
  package var hint: String
}
