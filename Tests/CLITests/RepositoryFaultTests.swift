// Knows what must come of a repository that is locked, moved or deleted under a run.
// Unaware of how git is called.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of the repository", .timeLimit(.minutes(10)))
struct RepositoryFaultTests {
  @Test(
    "fault 85: a repository that is moved or deleted ends its run and its agents, and is not made anew",
    arguments: ["mv repo moved", "rm -rf repo", "mv repo moved; mkdir repo"])
  func gone(change: String) async throws {
    let rope = try await Rope.make()
    let ready = try rope.pipe("ready")
    // It is silent: nothing that it does could tell the engine what has happened.
    try Files.write(
      RopePlan.tasks(
        [("first", "echo work >f; echo >'\(ready)'; exec sleep 1d"), ("second", "echo ok")],
        needs: ["second": ["first"]]
      ).text, to: rope.space("plan.json"))
    let run = try await rope.begin(["run", rope.space("plan.json")])
    try await rope.line(from: ready)
    try await rope.repository.sh(change, in: rope.space.path)
    let said = try await run.ended()
    #expect(said.exit == 5)
    #expect(said.stderr.contains("cannot go on without the journal `\(rope.stateDirectory)/runs/"))
    #expect(rope.processes.alive.isEmpty)
    let left = Files.isFolder(rope.repository.path) ? try Files.names(in: rope.repository.path) : []
    #expect(left == [])
    guard change.hasPrefix("mv") else { return }
    // What the agent wrote went with it.
    let found = try await rope.repository.sh(
      "cat .ropewalk/worktrees/*/first/f", in: rope.space("moved"))
    #expect(found == "work")
  }

  @Test(
    "fault 78: a lock that somebody left in the repository is waited for, told and never removed",
    arguments: [
      "index.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "refs/heads/main.lock",
      "shallow.lock",
    ])
  func staleLock(name: String) async throws {
    let rope = try await Rope.make()
    let lock = rope.repository.path + "/.git/" + name
    try Files.write("", to: lock)
    let run = try await rope.run(.tasks([("one", "echo 1 >f"), ("two", "echo 2 >f")]))
    // None of ours is in its way: only what is the user's own is locked.
    #expect(run.exit == 0, "\(run.stderr) \(run.report.tasks.compactMap(\.message))")
    #expect(Files.exists(lock))
  }

  @Test("fault 78: a lock on a branch of ours is told with its path and age, and the work is kept")
  func staleBranchLock() async throws {
    let run = try await rw(
      """
      common=$(git rev-parse --path-format=absolute --git-common-dir)
      mkdir -p "$common/refs/heads/ropewalk/$ROPEWALK_RUN"
      : >"$common/refs/heads/ropewalk/$ROPEWALK_RUN/task.lock"
      echo work >f
      """
    ) {
      $0.wrote = ["f": "work\n"]
      $0.repositoryChanges = true
    }
    #expect(run.exit == 1)
    let message = try #require(run.task?.message)
    #expect(message.contains("task.lock"), "\(message)")
    #expect(message.contains("has been there for"), "\(message)")
  }

  @Test("fault 56: many runs at once in one repository do not get into each other's way")
  func manyRuns() async throws {
    let rope = try await Rope.make()
    try Files.write(
      RopePlan.tasks([("one", "echo 1 >f"), ("two", "echo 2 >g")], needs: ["two": ["one"]]).text,
      to: rope.space("plan.json"))
    let before = try await RepositoryFingerprint(rope.repository)
    let ends = try await withThrowingTaskGroup(of: RopeOutput.self) { group in
      for _ in 0..<50 {
        group.addTask { try await rope.command(["run", "-q", rope.space("plan.json")]) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for said in ends { #expect(said.exit == 0, "\(said.stderr)") }
    let branches = try await rope.repository.sh("git branch --list 'ropewalk/*' | wc -l")
    #expect(branches == "100")
    let after = try await RepositoryFingerprint(rope.repository)
    #expect(after.differences(from: before) == [])
    #expect(rope.processes.alive.isEmpty)
  }
}
