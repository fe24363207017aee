// Knows where the steps of each task work and from what they start. Unaware of what they do there.

import Foundation
import RopewalkCore
import Synchronization

/// Where one attempt works.
struct TaskPlace: Sendable {
  let path: String
  /// Nil for a task that has no worktree.
  let worktree: Worktree?
  /// The commit that the attempt starts from.
  let start: ObjectID
}

/// The worktrees of all tasks: one a task, and more where a strategy's members work side by side.
final class TaskPlaces: Sendable {
  private struct Key: Hashable {
    var task: TaskID
    var place: Int
  }

  private let site: ProcessAttempts.Site
  private let known = Mutex<[Key: Worktree]>([:])

  init(site: ProcessAttempts.Site) { self.site = site }

  /// The place as the attempt must find it: new, as it was left for a repair, else brought to its start.
  func place(for order: AttemptOrder) async throws -> TaskPlace {
    if order.task.worktree == .none { return try scratch(order) }
    let start = try await site.starts.commit(for: order)
    guard order.purpose == .repair || site.session(of: order) != nil else {
      return try await place(for: order, at: start)
    }
    let key = Key(task: order.task.id, place: order.step.place)
    if let worktree = worktree(key) {
      return TaskPlace(path: worktree.path, worktree: worktree, start: start)
    }
    // What the attempt before left is in its snapshot.
    let left = try await place(for: order, at: order.previous?.commit ?? start)
    return TaskPlace(path: left.path, worktree: left.worktree, start: start)
  }

  /// The place of an attempt that another engine has begun, as it is.
  ///
  /// - Throws: `WorktreeError.worktreeGone`.
  func recovered(_ order: AttemptOrder, _ begun: AttemptStart) throws -> TaskPlace {
    if order.task.worktree == .none { return try scratch(order) }
    let key = Key(task: order.task.id, place: order.step.place)
    guard let worktree = worktree(key), let start = begun.start else {
      throw WorktreeError.worktreeGone(path: begun.worktree ?? name(key))
    }
    return TaskPlace(path: worktree.path, worktree: worktree, start: start)
  }

  /// The worktree of that key, if it was made, by whichever engine of the run.
  private func worktree(_ key: Key) -> Worktree? {
    known.withLock { known in
      if let worktree = known[key] { return worktree }
      guard site.isResumed, let worktree = site.worktrees.recorded(name(key)) else { return nil }
      known[key] = worktree
      return worktree
    }
  }

  private func name(_ key: Key) -> String {
    // No id of a task holds an `@`, so no two names meet.
    key.place == 0 ? key.task.text : "\(key.task)@\(key.place)"
  }

  /// The step's worktree with the files of `commit`.
  func place(for order: AttemptOrder, at commit: ObjectID) async throws -> TaskPlace {
    let key = Key(task: order.task.id, place: order.step.place)
    guard let worktree = worktree(key) else { return try await new(key, at: commit) }
    await site.watch?.wakes(worktree)
    do {
      try await site.worktrees.restore(worktree, to: commit, processesGone: true)
      return TaskPlace(path: worktree.path, worktree: worktree, start: commit)
    } catch is WorktreeError {
      // It was destroyed or tampered with. What could be kept of it is in the snapshot.
      try await site.worktrees.remove(worktree)
      return try await new(key, at: commit)
    }
  }

  private func new(_ key: Key, at commit: ObjectID) async throws -> TaskPlace {
    if site.isResumed { try await site.worktrees.removeUnrecorded(name(key)) }
    let worktree = try await site.worktrees.add(name: name(key), at: commit)
    known.withLock { $0[key] = worktree }
    return TaskPlace(path: worktree.path, worktree: worktree, start: commit)
  }

  /// An empty folder within the attempt's own.
  private func scratch(_ order: AttemptOrder) throws(SystemError) -> TaskPlace {
    let path = site.folder.absolute(RunFolder.attempt(order.task.id, order.attempt)) + "/work"
    try FileBytes.createFolder(path)
    return TaskPlace(path: path, worktree: nil, start: site.base)
  }
}

/// The commits that tasks start from. The needs of a task are merged once, however many members ask.
actor StartCommits {
  private let worktrees: WorktreeStore
  private let base: ObjectID
  private let known: [TaskID: ObjectID]
  private var merges: [TaskID: Task<ObjectID, any Error>] = [:]

  /// - Parameter known: those that an engine before this one has found.
  init(worktrees: WorktreeStore, base: ObjectID, known: [TaskID: ObjectID]) {
    self.worktrees = worktrees
    self.base = base
    self.known = known
  }

  /// What the order's step starts from: what its strategy says, else what the task starts from.
  func commit(for order: AttemptOrder) async throws -> ObjectID {
    if let start = order.step.start { return start }
    return try await taskStart(of: order)
  }

  /// What the order's task starts from: the merge of its needs' results, else the base.
  func taskStart(of order: AttemptOrder) async throws -> ObjectID {
    if let known = known[order.task.id] { return known }
    let needs = order.needs.compactMap { need in need.commit.map { (need.id.text, $0) } }
    if needs.isEmpty { return base }
    if needs.count == 1, needs[0].1 == base { return base }
    // Awaited below by everyone who asks, so that it outlives none of them.
    let merge =
      merges[order.task.id]
      ?? Task { [worktrees, base] in
        switch try await worktrees.merge(needs: needs, base: base) {
        case .commit(let commit): return commit
        case .conflict(let files, let between):
          throw MergeConflict(what: "its needs", files: files, between.0, between.1)
        }
      }
    merges[order.task.id] = merge
    do {
      return try await merge.value
    } catch {
      // Another attempt asks anew: git may have failed for a passing reason.
      merges[order.task.id] = nil
      throw error
    }
  }
}
