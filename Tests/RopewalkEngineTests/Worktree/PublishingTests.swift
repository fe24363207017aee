// Knows what branches, names and merges of results must be.
// Unaware of how the results came about.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite("Publishing and merging", .timeLimit(.minutes(10)))
struct PublishingTests {
  private func store(_ user: TestRepository) async throws -> WorktreeStore {
    let repository = try await Repository.find(
      from: user.path, environment: user.environment, clock: InstantClock())
    return WorktreeStore(repository: repository, run: RunID("r1")!)
  }

  /// A commit on the first one with one more change.
  private func branch(_ user: TestRepository, _ name: String, _ script: String) async throws
    -> (String, ObjectID)
  {
    try await user.sh(
      "git checkout -q -b \(name) main; \(script); git add -A; git commit -qm \(name); git checkout -q main"
    )
    return (name, try await user.commit(name))
  }

  @Test("fault 82: a branch is moved by compare-and-swap; repeating the call is fine")
  func swap() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    let first = try await user.commit()
    let second = try await branch(user, "b", "echo 2 > readme").1
    let name = "ropewalk/r1/t"
    try await store.publish(branch: name, commit: first, expecting: nil)
    try await store.publish(branch: name, commit: first, expecting: nil)
    await #expect(
      throws: WorktreeError.refMoved(
        ref: "refs/heads/\(name)", expected: "absent", found: first.short)
    ) {
      try await store.publish(branch: name, commit: second, expecting: nil)
    }
    try await store.publish(branch: name, commit: second, expecting: first)
    await #expect(throws: WorktreeError.self) {
      try await store.publish(branch: name, commit: first, expecting: first)
    }
    #expect(try await user.commit(name) == second)
  }

  @Test("fault 75: a branch that is checked out is not moved below its checkout")
  func checkedOut() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    let first = try await user.commit()
    let second = try await branch(user, "b", "echo 2 > readme").1
    try await store.publish(branch: "ropewalk/r1/t", commit: first, expecting: nil)
    try await user.sh("git checkout -q ropewalk/r1/t")
    await #expect(
      throws: WorktreeError.checkedOut(branch: "ropewalk/r1/t", at: user.path + "/.git")
    ) {
      try await store.publish(branch: "ropewalk/r1/t", commit: second, expecting: first)
    }
  }

  @Test("fault 75: names that cannot become branches are all told before anything starts")
  func names() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    let tasks = ["a", "B", "b", "c"].map { TaskID($0)! }
    try await store.checkNames(tasks: [tasks[0], tasks[1]])
    try await user.sh("git branch ropewalk/r1/a; git branch ropewalk/R1/C/x; git branch ropewalk2")
    let error = await #expect(throws: WorktreeError.self) {
      try await store.checkNames(tasks: tasks)
    }
    guard case .names(let reasons) = error else {
      Issue.record("not names: \(String(describing: error))")
      return
    }
    #expect(reasons.count == 3)
    #expect(reasons[0] == "the tasks `B` and `b` differ by case only: rename one")
    #expect(reasons.contains { $0.contains("`ropewalk/r1/a` exists already") })
    #expect(reasons.contains { $0.contains("`ropewalk/R1/C/x`") })
  }

  @Test(
    "fault 75: a branch where the folder of branches must be is in the way",
    arguments: ["ropewalk", "ropewalk/r1"])
  func inTheWay(name: String) async throws {
    let user = try await TestRepository.make()
    try await user.sh("git branch \(name)")
    let store = try await store(user)
    let error = await #expect(throws: WorktreeError.self) {
      try await store.checkNames(tasks: [TaskID("a")!])
    }
    #expect(error?.description.contains("`git branch -m \(name) NEW`") == true)
  }

  @Test("a snapshot is made only where something differs from the base")
  func snapshot() async throws {
    let bench = try await Bench.make()
    let ref = "refs/ropewalk/snapshots/r1/task/1"
    func keep() async throws -> Collected? {
      try await bench.store.keepSnapshot(bench.worktree, ref: ref, message: "m", base: bench.base)
    }
    #expect(try await keep() == nil)
    try await bench.agent(
      "echo 2 > readme; git commit -qam x; git revert --no-edit HEAD >/dev/null")
    let kept = try #require(try await keep())
    #expect(!kept.changed)
    #expect(kept.agentCommits == 2)
    #expect(try await bench.user.commit(ref) == kept.commit)
  }

  @Test("results merge in the order of the needs, without what another one contains")
  func merge() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    let base = try await user.commit()
    let (a, b, c) = (
      try await branch(user, "a", "echo a > a"), try await branch(user, "b", "echo b > b"),
      try await branch(user, "c", "git merge -q a; echo c > c")
    )
    #expect(try await store.merge(needs: [], base: base) == .commit(base))
    #expect(try await store.merge(needs: [(a.0, base)], base: base) == .commit(base))
    #expect(try await store.merge(needs: [a], base: base) == .commit(a.1))
    #expect(try await store.merge(needs: [a, c], base: base) == .commit(c.1))
    let before = try await RepositoryFingerprint(user)
    guard case .commit(let merged) = try await store.merge(needs: [c, a, b], base: base) else {
      Issue.record("a conflict")
      return
    }
    #expect(
      try await user.listing(merged.text) == [
        "100644 a", "100644 b", "100644 c", "100644 readme", "100644 src/main",
      ])
    #expect(try await user.sh("git show -s --format=%P \(merged)") == "\(c.1) \(b.1)")
    #expect(try await RepositoryFingerprint(user) == before)
  }

  @Test("fault 81: a conflict names the files and the two tasks")
  func conflict() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    let base = try await user.commit()
    let needs = [
      try await branch(user, "a", "echo a > a"),
      try await branch(user, "b", "echo b > readme; echo b > 'x y'"),
      try await branch(user, "c", "echo c > readme; echo c > 'x y'"),
    ]
    let result = try await store.merge(needs: needs, base: base)
    #expect(result == .conflict(files: ["readme", "x y"], between: (needs[1].0, needs[2].0)))
  }

  @Test(
    "fault 90: a snapshot's tree comes back after the worktree is removed and the store is pruned")
  func undo() async throws {
    let bench = try await Bench.make()
    try await bench.agent("echo 2 > readme; echo n > n")
    let ref = "refs/ropewalk/snapshots/r1/task/1"
    let kept = try #require(
      try await bench.store.keepSnapshot(bench.worktree, ref: ref, message: "m", base: bench.base))
    try await bench.store.remove(bench.worktree)
    try await bench.user.sh("git reflog expire --all --expire=now; git gc -q --prune=now")
    let again = try await bench.store.add(name: "task", at: kept.commit)
    #expect(try await bench.store.isTree(again, kept.tree))
  }
}
