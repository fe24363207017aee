// Knows how a prepared run is started, watched and ended. Unaware of plans' texts and terminals.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire
import Synchronization

/// A run from its folder to its last event.
package final class RunExecution: Sendable {
  package let prepared: PreparedRun
  package let folder: RunFolder
  private let inbox = Inbox<EngineInput>()
  private let journal: JournalWriter
  private let lock: RunLock
  private let ask: (@Sendable (BudgetQuestion) async -> Bool)?
  private let agentsOutliveEngine: Bool
  private let ticker = Ticker()
  /// Where an engine before this one has ended; nil for a run that begins.
  private let going: (replay: RunReplay, revival: Revival)?
  /// The last event of the engines before this one; 0 for a run that begins.
  package var earlierEvents: Int { going?.replay.report.lastSeq ?? 0 }
  /// Whether somebody has asked for a pause of the whole run.
  private let isPaused = Mutex(false)

  /// Makes the run's folder, its resolved plan, its journal and its lock. Nothing runs yet.
  ///
  /// - Parameters:
  ///   - ask: asks a person whether the run goes on without a limit that is reached; nil where nobody
  ///     can be asked.
  ///   - agentsOutliveEngine: whether agents go on to their own end when the engine dies, instead of being ended.
  package init(
    _ prepared: PreparedRun, ask: (@Sendable (BudgetQuestion) async -> Bool)? = nil,
    agentsOutliveEngine: Bool = false
  ) throws(SystemError) {
    self.prepared = prepared
    self.ask = ask
    going = nil
    self.agentsOutliveEngine = agentsOutliveEngine
    folder = RunFolder(run: prepared.run, in: prepared.store.runs)
    (lock, journal) = try Self.makeFolder(folder, prepared.plan)
  }

  /// Goes on with a run whose own engine has ended.
  package init(
    _ run: ResumableRun, ask: (@Sendable (BudgetQuestion) async -> Bool)? = nil,
    agentsOutliveEngine: Bool = false
  ) {
    prepared = run.prepared
    self.agentsOutliveEngine = agentsOutliveEngine
    self.ask = ask
    going = (run.replay, run.revival)
    folder = run.folder
    lock = run.lock
    journal = run.journal
  }

  /// The run's folder with what is in it from the start; nothing is left of one that could not be
  /// made whole.
  private static func makeFolder(
    _ folder: RunFolder, _ plan: Plan
  ) throws(SystemError) -> (RunLock, JournalWriter) {
    try folder.create()
    do throws(SystemError) {
      try FileBytes.create(folder.plan, Array((plan.json.prettyText + "\n").utf8))
      guard let lock = try RunLock.take(folder.lock) else {
        throw SystemError("lock", folder.lock, errno: EWOULDBLOCK)
      }
      return (lock, try JournalWriter(creating: folder.journal))
    } catch {
      for file in [folder.plan, folder.lock, folder.journal] { unlink(file) }
      rmdir(folder.path)
      throw error
    }
  }

  /// Lets tasks that did not complete be tried again, or all that failed. From any thread.
  package func retry(_ tasks: [TaskID]? = nil) { inbox.send(.retry(tasks)) }

  /// Asks for an early end: of the whole run, or of some tasks. From any thread.
  package func cancel(_ tasks: [TaskID]? = nil, _ reason: CancelReason) {
    inbox.send(.cancel(tasks, reason))
  }

  /// Starts nothing more of the run, or of some tasks, and stops what runs, unless it is to drain.
  /// From any thread.
  package func pause(_ tasks: [TaskID]? = nil, drain: Bool = false) {
    if tasks == nil { isPaused.withLock { $0 = true } }
    inbox.send(.pause(tasks, drain: drain))
  }

  /// Ends the pause of some tasks, or all pauses there are. From any thread.
  package func resume(_ tasks: [TaskID]? = nil) {
    if tasks == nil { isPaused.withLock { $0 = false } }
    inbox.send(.resume(tasks))
  }

  package func prioritise(_ task: TaskID, _ priority: Int) {
    inbox.send(.prioritise(task, priority))
  }

  /// Pauses the run while this very program is stopped.
  ///
  /// - Parameter stop: called once the pause is written and the agents are told; returns when the
  ///   program is continued. The run then goes on, unless it was paused before.
  package func suspend(_ stop: @escaping @Sendable () -> Void) {
    let wasPaused = isPaused.withLock { $0 }
    inbox.send(.pause(nil, drain: false))
    inbox.send(
      .carriedOut { [inbox] in
        // On a thread of its own: the loop's goes on where it is not stopped.
        Thread.detachNewThread {
          stop()
          if !wasPaused { inbox.send(.resumeRun) }
        }
      })
  }

  /// Gives every event that the filter accepts to `take`, in order, up to the end of the run.
  ///
  /// Any number may observe at the same time, from before or during the run: each reads the journal at its own pace,
  /// so that none holds up another or the engine, and none misses an event.
  package func observe(
    _ filter: EventFilter = .all, _ take: (JournalFollower.Entry) -> Void
  ) async throws(SystemError) {
    let follower = JournalFollower(path: folder.journal)
    _ = try await follower.follow(ticker.ticks(), after: earlierEvents) { entry in
      if filter.accepts(entry.event) { take(entry) }
    }
  }

  /// Carries the plan out. Returns when nothing of it runs any more.
  ///
  /// - Throws: `SystemError` when the journal could not be written; `WorktreeError` or `GitError`
  ///   when the run's own folders could not be made, and then nothing has run.
  package func carryOut() async throws -> RunReport {
    defer {
      journal.close()
      ticker.finish()
    }
    // Orphans of a killed attendant become our children, where they are found.
    _ = csystem_become_subreaper()
    let worktrees = WorktreeStore(
      repository: prepared.repository, run: prepared.run, litter: prepared.litter,
      isResumed: going != nil)
    let (attempts, socket) = try await ready(worktrees)
    defer { socket.close() }
    let engine = Engine(
      run: prepared.run, plan: prepared.plan, graph: prepared.graph, runner: attempts,
      journal: journal, inbox: inbox, time: prepared.time,
      secrets: SecretMask(environments: [prepared.environment] + prepared.plan.agents.map(\.env)),
      choice: prepared.choice,
      limits: LimitBook(environment: prepared.environment).map {
        LimitSharing($0, now: prepared.time.now)
      },
      host: HostMonitor(disks: [folder.path, worktrees.folder]).reading, ask: ask,
      wrote: { [ticker] in ticker.tick() })
    let guarding = Task { [journal, inbox] in
      await JournalGuard(journal: journal).lost()
      inbox.send(.cancel(nil, .storageFailed))
    }
    defer { guarding.cancel() }
    let report = try await carryOut(engine)
    try await worktrees.finish(isOver: report.state == .completed)
    return report
  }

  private func carryOut(_ engine: Engine) async throws -> RunReport {
    guard let (replay, revival) = going else { return try await engine.carryOut(prepared.start) }
    // What git was at when the engine died it brings to its end, in a moment; then nobody else works here.
    let git = OrphanTree(marks: [WorktreeStore.mark: prepared.run.text])
    await git.ended(within: .seconds(10))
    _ = await git.end()
    try removeUnbegun(replay)
    let resumed = RunResumed(
      version: Product.version, pid: Int(getpid()),
      open: replay.schedule.open.keys.sorted().map {
        "\(prepared.plan.tasks[$0.task].id)/\($0.number)"
      })
    return try await engine.goOn(with: replay, reviving: revival, resumed)
  }

  /// Removes the folders of attempts that were prepared and never announced: their numbers are given again.
  private func removeUnbegun(_ replay: RunReplay) throws {
    for task in replay.report.tasks where !task.state.isFinal {
      let path = folder.absolute("attempts/\(task.id)")
      // A task that has not begun has no folder.
      let names = (try? FileBytes.names(in: path)) ?? []
      let begun = Set(task.folders)
      for name in names where !begun.contains("attempts/\(task.id)/\(name)") {
        try Folder.remove(path + "/" + name)
      }
    }
  }

  /// The last preparations, those that write. When one fails nothing has run, and nothing is left.
  private func ready(
    _ worktrees: WorktreeStore
  ) async throws -> (ProcessAttempts, ControlSocket) {
    do {
      try await worktrees.prepare()
      let attempts = ProcessAttempts(
        site: ProcessAttempts.Site(
          plan: prepared.plan, folder: folder, base: prepared.base, worktrees: worktrees,
          attendant: Attendant(
            executable: prepared.attendant, environment: prepared.environment,
            orphanGrace: agentsOutliveEngine ? nil : Attendant.orphanGrace),
          watcher: try FileWatcher(), agents: prepared.agents,
          prices: prepared.prices,
          estimatesCosts: prepared.plan.budget?.unknownCost == .estimate,
          instructions: prepared.instructions,
          spending: SpendingLog(
            book: SpendingBook(environment: prepared.environment), run: prepared.run,
            repository: prepared.repository.home, now: prepared.time.now),
          confinement: prepared.confinement,
          watch: prepared.plan.outside == .ignore ? nil : EscapeWatch(worktrees: worktrees),
          starting: StartGate(clock: prepared.time.clock), now: prepared.time.now,
          starts: going?.replay.starts))
      let socket = try ControlSocket(path: folder.socket) { [weak self] method, params in
        guard let self else { return .failure(code: -32000, "the run is over") }
        return RunControl(execution: self).answer(method, params)
      }
      return (attempts, socket)
    } catch {
      if going == nil { try FileManager.default.removeItem(atPath: folder.path) }
      throw error
    }
  }

}
