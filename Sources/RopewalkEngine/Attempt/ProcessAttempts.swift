// Knows how one attempt is carried out for real: worktree, agent, evidence, commit, branch.
// Unaware of the other tasks and of what follows from a result.

import Foundation
import RopewalkCore
import RopewalkWire
import Synchronization

/// Carries out attempts with real processes in real worktrees.
package final class ProcessAttempts: AttemptRunner {
  /// Where and with what all attempts of a run work.
  package struct Site: Sendable {
    package var plan: Plan
    package var folder: RunFolder
    package var base: ObjectID
    package var worktrees: WorktreeStore
    package var attendant: Attendant
    package var watcher: FileWatcher
    /// What each of the plan's tasks runs, by task.
    package var agents: [TaskID: ResolvedAgent]
    /// The wall clock, for what a provider says of the time of day.
    package var now: @Sendable () -> Timestamp

    package init(
      plan: Plan, folder: RunFolder, base: ObjectID, worktrees: WorktreeStore,
      attendant: Attendant, watcher: FileWatcher, agents: [TaskID: ResolvedAgent],
      now: @escaping @Sendable () -> Timestamp
    ) {
      self.plan = plan
      self.folder = folder
      self.base = base
      self.worktrees = worktrees
      self.attendant = attendant
      self.watcher = watcher
      self.agents = agents
      self.now = now
    }
  }

  let site: Site
  /// The places of tasks that have had an attempt.
  private let places = Mutex<[TaskID: TaskPlace]>([:])

  package init(site: Site) { self.site = site }

  package func run(
    _ order: AttemptOrder, control: AttemptControl, reporter: any AttemptReporter
  ) async -> AttemptResult {
    let clock = SuspendingClock()
    let begun = clock.now
    var result: AttemptResult
    do {
      let place = try await place(for: order)
      let attempt = AttemptWork(
        site: site, order: order, place: place, control: control, reporter: reporter)
      result = try await attempt.run()
    } catch {
      result = Self.failure(error)
    }
    if let reason = control.reason, result.cause != nil, result.cause != .cannotBeKilled {
      result.cause = .cancelled
      result.message = "cancelled because \(reason.text)"
    }
    result.seconds = (clock.now - begun).seconds
    return result
  }

  /// The worktree as the attempt must find it: new, as it was left for a repair, else brought back.
  private func place(for order: AttemptOrder) async throws -> TaskPlace {
    let id = order.task.id
    if order.task.worktree == .none { return try scratchPlace(order) }
    if let known = places.withLock({ $0[id] }) {
      guard order.purpose == .attempt, let worktree = known.worktree else { return known }
      do {
        try await site.worktrees.restore(worktree, to: known.start, processesGone: true)
        return known
      } catch is WorktreeError {
        // It was destroyed or tampered with. What could be kept of it is in the snapshot.
        try await site.worktrees.remove(worktree)
        return try await newPlace(id, at: known.start)
      }
    }
    return try await newPlace(id, at: try await start(of: order))
  }

  private func newPlace(_ id: TaskID, at start: ObjectID) async throws -> TaskPlace {
    let worktree = try await site.worktrees.add(name: id.text, at: start)
    let place = TaskPlace(path: worktree.path, worktree: worktree, start: start)
    places.withLock { $0[id] = place }
    return place
  }

  /// An empty folder within the attempt's own.
  private func scratchPlace(_ order: AttemptOrder) throws(SystemError) -> TaskPlace {
    let path =
      site.folder.absolute(RunFolder.attempt(order.task.id, order.attempt)) + "/work"
    try FileBytes.createFolder(path)
    return TaskPlace(path: path, worktree: nil, start: site.base)
  }

  private func start(of order: AttemptOrder) async throws -> ObjectID {
    let needs = order.needs.compactMap { need in need.commit.map { (need.id, $0) } }
    switch try await site.worktrees.merge(needs: needs, base: site.base) {
    case .commit(let commit): return commit
    case .conflict(let files, let between):
      throw NeedConflict(files: files, first: between.0, second: between.1)
    }
  }

  /// The one place where what was thrown becomes a cause and words.
  private static func failure(_ error: any Error) -> AttemptResult {
    switch error {
    case let conflict as NeedConflict: AttemptResult(failed: .conflict, conflict.description)
    case let error as WorktreeError:
      if case .worktreeGone = error {
        AttemptResult(failed: .worktreeGone, "\(error)")
      } else {
        AttemptResult(failed: .couldNotStart, "\(error)")
      }
    case let error as SystemError where error.errno == ENOSPC:
      AttemptResult(failed: .diskFull, "\(error)")
    default: AttemptResult(failed: .couldNotStart, "could not start: \(error)")
    }
  }
}

/// Where a task's attempts work.
struct TaskPlace: Sendable {
  let path: String
  /// Nil for a task that has no worktree.
  let worktree: Worktree?
  /// The commit that each attempt starts from.
  let start: ObjectID
}

/// Two needs whose results do not merge.
struct NeedConflict: Error, CustomStringConvertible {
  var files: [String]
  var first: TaskID
  var second: TaskID

  var description: String {
    let shown = files.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
    let more = files.count > 5 ? " and \(files.count - 5) more" : ""
    return "its needs `\(first)` and `\(second)` do not merge: both changed \(shown)\(more)"
  }
}
