// Knows how results get their names: branches, snapshots, and the names that cannot be used.
// Unaware of how the commits came about.

import Foundation
import RopewalkCore

extension WorktreeStore {
  /// Puts `branch` at `commit`, if it is at `old` now, or absent where `old` is nil.
  ///
  /// A branch that is at `commit` already is fine: the call may be repeated after a crash. Runs to its end
  /// also in a cancelled task.
  ///
  /// - Parameter branch: without `refs/heads/`: `ropewalk/RUN/TASK`.
  /// - Throws: `WorktreeError.refMoved`, `checkedOut`, or `GitError`; the branch is where it was.
  package func publish(
    branch: String, commit: ObjectID, expecting old: ObjectID?
  ) async throws {
    if old != nil, old != commit, let place = checkout(of: branch) {
      throw WorktreeError.checkedOut(branch: branch, at: place)
    }
    try await move("refs/heads/" + branch, to: commit, expecting: old)
  }

  /// Ties what a failed attempt left to `ref`, so that it can be brought back.
  ///
  /// - Parameter ref: in full: `refs/ropewalk/snapshots/RUN/TASK/1`. One that is taken is refused.
  /// - Returns: nil, and no ref, where nothing differs from `base`.
  package func keepSnapshot(
    _ worktree: Worktree, ref: String, message: String, base: ObjectID, date: CommitDate? = nil
  ) async throws -> Collected? {
    let collected = try await collect(worktree, message: message, base: base, date: date)
    guard collected.commit != base else { return nil }
    try await move(ref, to: collected.commit, expecting: nil)
    return collected
  }

  /// Puts a ref that nobody has yet at `commit`; one that is there already is fine.
  ///
  /// - Parameter ref: in full: `refs/ropewalk/contributions/RUN/TASK/2`.
  package func tie(ref: String, to commit: ObjectID) async throws {
    try await move(ref, to: commit, expecting: nil)
  }

  /// What a ref is at; nil where there is none.
  package func commit(at ref: String) async throws -> ObjectID? {
    let answer = try await git.run(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", ref], in: store,
      accepting: [0, 1, 128])
    return answer.status == 0 ? ObjectID(answer.text) : nil
  }

  private func move(_ ref: String, to commit: ObjectID, expecting old: ObjectID?) async throws {
    let absent = String(repeating: "0", count: commit.text.utf8.count)
    do {
      try await git.run(
        [
          "update-ref", "--create-reflog", "-m", "ropewalk run \(run)", "--", ref, commit.text,
          old?.text ?? absent,
        ], in: store)
    } catch {
      let found = try await self.commit(at: ref)
      if found == commit { return }
      if let found, old == nil, isResumed {
        // An engine that died may have tied what it did not write down.
        try await abandon(found, at: ref)
        return try await move(ref, to: commit, expecting: found)
      }
      guard found != old else { throw error }
      throw WorktreeError.refMoved(
        ref: ref, expected: old?.short ?? "absent", found: found?.short ?? "absent")
    }
  }

  /// Keeps what a ref was at under another name.
  private func abandon(_ commit: ObjectID, at ref: String) async throws {
    let name = ref.replacing("refs/", with: "")
    try await move(
      "refs/ropewalk/abandoned/\(run)/\(name)/\(commit)", to: commit, expecting: nil)
  }

  /// The git directory of the worktree that has `branch` checked out.
  private func checkout(of branch: String) -> String? {
    let common = repository.commonDirectory
    // No `worktrees` folder, no linked worktree.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: common + "/worktrees")) ?? []
    return ([common] + names.sorted().map { "\(common)/worktrees/\($0)" }).first {
      SmallFile.read($0 + "/HEAD") == "ref: refs/heads/\(branch)\n"
    }
  }

  /// Looks, before anything starts, whether every task can have the branch `ropewalk/RUN/TASK`.
  ///
  /// - Throws: `WorktreeError.names` with every reason found.
  package func checkNames(tasks: [TaskID]) async throws {
    let refs = try await git.run(
      ["for-each-ref", "--ignore-case", "--format=%(refname)", "refs/heads/ropewalk"], in: store
    ).text.split(separator: "\n").map { String($0.dropFirst("refs/heads/".count)) }
    let reasons = Self.conflicts(run: run, tasks: tasks, branches: refs)
    if !reasons.isEmpty { throw WorktreeError.names(reasons) }
  }

  /// Why `tasks` cannot have their branches beside `branches`; pure. On some disks names that differ by case
  /// only are one name.
  static func conflicts(run: RunID, tasks: [TaskID], branches: [String]) -> [String] {
    var reasons: [String] = []
    let folder = "ropewalk/\(run)".lowercased()
    for branch in branches where branch.lowercased() == "ropewalk" || branch.lowercased() == folder
    {
      reasons.append(
        "the branch `\(branch)` is in the way of `ropewalk/\(run)/…`: "
          + "`git branch -m \(branch) NEW` renames it")
    }
    var wanted: [String: TaskID] = [:]
    for task in tasks {
      if let twin = wanted.updateValue(task, forKey: task.text.lowercased()) {
        reasons.append("the tasks `\(twin)` and `\(task)` differ by case only: rename one")
      }
    }
    for branch in branches where branch.lowercased().hasPrefix(folder + "/") {
      let parts = branch.split(separator: "/")
      guard let task = wanted[parts[2].lowercased()] else { continue }
      reasons.append(
        "the branch `\(branch)` exists already, so task `\(task)` cannot have "
          + "`ropewalk/\(run)/\(task)`: delete or rename it, or start another run")
    }
    return reasons
  }
}
