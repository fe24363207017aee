// Knows how a prepared run is started, watched and ended. Unaware of plans' texts and terminals.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire

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

  /// Asks for an early end: of the whole run, or of some tasks. From any thread.
  package func cancel(_ tasks: [TaskID]? = nil, _ reason: CancelReason) {
    inbox.send(.cancel(tasks, reason))
  }

  /// Gives every event that the filter accepts to `take`, in order, up to the end of the run.
  ///
  /// Any number may observe at the same time, from before or during the run: each reads the journal at its own pace,
  /// so that none holds up another or the engine, and none misses an event.
  package func observe(
    _ filter: EventFilter = .all, _ take: (JournalFollower.Entry) -> Void
  ) async throws(SystemError) {
    let follower = JournalFollower(path: folder.journal)
    _ = try await follower.follow(ticker.ticks()) { entry in
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
      repository: prepared.repository, run: prepared.run, litter: prepared.litter)
    let (attempts, socket) = try await ready(worktrees)
    defer { socket.close() }
    let engine = Engine(
      run: prepared.run, plan: prepared.plan, graph: prepared.graph, runner: attempts,
      journal: journal, inbox: inbox, time: prepared.time,
      secrets: SecretMask(environments: [prepared.environment] + prepared.plan.agents.map(\.env)),
      choice: prepared.choice, ask: ask, wrote: { [ticker] in ticker.tick() })
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
          now: prepared.time.now, starts: going?.replay.starts))
      let socket = try ControlSocket(path: folder.socket) { [weak self] method, params in
        self?.answer(method, params) ?? .failure(code: -32000, "the run is over")
      }
      return (attempts, socket)
    } catch {
      if going == nil { try FileManager.default.removeItem(atPath: folder.path) }
      throw error
    }
  }

  /// A request from another terminal.
  private func answer(_ method: String, _ params: JSONValue?) -> ControlSocket.Answer {
    switch method {
    case "cancel", "retry":
      let names = params?["tasks"]?.elements.compactMap(\.string)
      let known = Set(prepared.plan.tasks.map(\.id.text))
      if let stranger = names?.first(where: { !known.contains($0) }) {
        return .failure(code: -32602, "the run has no task `\(stranger)`")
      }
      let tasks = names.map { $0.compactMap(TaskID.init) }
      if method == "retry" {
        inbox.send(.retry(tasks))
        return .result(["accepted": true])
      }
      cancel(
        tasks?.isEmpty == true ? nil : tasks,
        params?["now"]?.bool == true ? .forced : .requested)
      return .result(["accepted": true])
    default:
      return .failure(code: -32601, "there is no method `\(method)`")
    }
  }
}
