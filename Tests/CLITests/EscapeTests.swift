// Knows what must come of agents that write outside of their worktrees. Unaware of how it is seen.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("what an agent writes outside of its worktree", .timeLimit(.minutes(10)))
struct EscapeTests {
  /// One way out, and what it is known by.
  struct Way: Sendable, CustomTestStringConvertible {
    var script: String
    var found: [String]

    init(_ script: String, _ found: String...) { (self.script, self.found) = (script, found) }

    var testDescription: String { script }
  }

  /// The user's checkout as seen from a worktree.
  private static let top = "../../../.."

  @Test(
    "fault 114: a write outside is an escape that names exactly its file or ref",
    arguments: [
      Way("echo x >>\(top)/readme", "readme"),
      Way("echo x >\(top)/src/new", "src/new"),
      Way("mkdir -p \(top)/a/b; echo x >\(top)/a/b/c", "a/b/c"),
      Way("echo x >\(top)/notes/mine", "notes/mine"),
      Way("rm \(top)/src/main", "src/main"),
      Way("chmod +x \(top)/readme", "readme"),
      Way("mv \(top)/readme \(top)/readme2", "readme", "readme2"),
      Way("echo new >f; mv f \(top)/readme", "readme"),
      Way("ln -s \(top)/src out; echo x >out/main", "src/main"),
      Way("ln \(top)/readme mine; echo x >>mine; rm mine", "readme"),
      Way("printf '#!/bin/sh\\n' >\(top)/.git/hooks/pre-commit", ".git/hooks/pre-commit"),
      Way("git config core.editor evil", ".git/config"),
      Way("echo '*.x' >>\(top)/.git/info/exclude", ".git/info/exclude"),
      Way("git branch -f other HEAD^{commit}", "refs/heads/other"),
      Way("git update-ref refs/heads/main $(git commit-tree -m x HEAD^{tree})", "refs/heads/main"),
      Way("git update-ref -d refs/heads/side", "refs/heads/side"),
      Way("echo x >readme; git stash -q", "refs/stash"),
      Way(
        "git worktree add -q ../evil -b evil", ".git/worktrees/evil", "refs/heads/evil"),
      Way("git -C \(top) rm -q --cached readme", ".git/index"),
      Way("git -C \(top) checkout -q --detach", ".git/HEAD"),
    ])
  func ways(way: Way) async throws {
    let rope = try await Rope.make()
    try await rope.repository.sh("git branch side; mkdir notes; echo mine >notes/mine")
    let run = try await rope.run(
      .sh("echo work >work; \(way.script)"),
      Rope.Options {
        $0.repositoryChanges = true
        $0.wrote = ["work": "work\n"]
      })
    #expect(run.last?.escaped == way.found, "\(run.stderr)")
    #expect(run.last?.verdict == .escaped)
    #expect(run.last?.cause == .escaped)
    #expect(run.exit == 1)
    #expect(
      run.task?.message
        == "outside its worktree it changed "
        + way.found.map { "`\($0)`" }.joined(separator: ", "))
    // What it did where it may is kept.
    #expect(run.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
  }

  @Test("fault 114: a write into the worktree of a task that does not run is an escape")
  func restingSibling() async throws {
    let run = try await Rope.make().run(
      .tasks(
        [("one", "echo one >one"), ("two", "echo two >two; echo x >../one/one")],
        needs: ["two": ["one"]]),
      Rope.Options { $0.repositoryChanges = true })
    let folder = try #require(run.report.run)
    #expect(run["one"]?.last?.isSuccess == true)
    #expect(run["two"]?.last?.escaped == [".ropewalk/worktrees/\(folder)/one/one"])
    #expect(run["two"]?.last?.verdict == .escaped)
    // The result of the other is what it was.
    let commit = try #require(run["one"]?.last?.commit)
    #expect(try await run.rope.repository.text("one", in: commit) == "one")
  }

  @Test("an escape is not tried again, and the status shows what was written")
  func shown() async throws {
    let run = try await rw(
      "echo x >>\(Self.top)/readme", task: [("retry", ["attempts": 3, "backoff": "10ms"])]
    ) { $0.repositoryChanges = true }
    #expect(run.task?.attempts == 1)
    let status = try await run.rope.command(["status", "--json"])
    let tasks = try status.json["tasks"].map { Array($0.elements) } ?? []
    let task = try #require(tasks.first)
    #expect(task["verdict"]?.string == "escaped")
    #expect(task["escaped"]?.elements.compactMap(\.string) == ["readme"])
  }

  @Test("a hundred names are told, and how many there were")
  func many() async throws {
    let run = try await rw(
      "for i in $(seq 1 150); do echo x >\(Self.top)/src/$i; done"
    ) { $0.repositoryChanges = true }
    #expect(run.last?.escaped.count == 100)
    #expect(run.last?.escapedTotal == 150)
    #expect(run.task?.message?.hasSuffix("and 145 more") == true)
  }

  @Test("an agent that fails and escapes has escaped; its own failure is noted")
  func failedToo() async throws {
    let run = try await rw("echo x >>\(Self.top)/readme; exit 3") { $0.repositoryChanges = true }
    #expect(run.last?.cause == .escaped)
    #expect(run.last?.notes.contains("exit code 3") == true)
  }

  @Test("what a verification command does outside counts as well")
  func verification() async throws {
    let run = try await rw(
      "echo x >f", task: [("verify", [.string("echo x >>\(Self.top)/readme")])]
    ) { $0.repositoryChanges = true }
    #expect(run.last?.verdict == .escaped)
    #expect(run.last?.escaped == ["readme"])
  }

  @Test("who works in the same checkout may have escapes noted, or not looked for")
  func policies() async throws {
    for (policy, isNoted) in [("warn", true), ("ignore", false)] {
      let rope = try await Rope.make()
      let run = try await rope.run(
        .sh("echo x >f; echo x >>\(Self.top)/readme", top: [("outside", .string(policy))]),
        Rope.Options { $0.repositoryChanges = true })
      #expect(run.exit == 0)
      #expect(run.last?.verdict == .changed)
      #expect(
        run.last?.notes.contains("outside its worktree it changed `readme`") == isNoted)
      #expect(run.last?.escaped == (isNoted ? ["readme"] : []))
    }
    let asked = try await rw("echo x >f; echo x >>\(Self.top)/readme") {
      $0.repositoryChanges = true
      $0.arguments = ["--outside", "warn"]
    }
    #expect(asked.exit == 0)
  }

  @Test("agents that stay inside are never accused, also when several run and git is busy")
  func clean() async throws {
    let rope = try await Rope.make()
    try await rope.repository.sh("echo '*.log' >.gitignore; git add -A; git commit -qm ignore")
    let script = """
      echo $ROPEWALK_TASK >mine; git add -A; git commit -qm mine; git status >/dev/null
      git -C \(Self.top) status >/dev/null; git fetch -q \(Self.top) HEAD; git tag tag-$ROPEWALK_TASK
      git checkout -q -b own-$ROPEWALK_TASK; echo more >more; git add -A; git commit -qm more
      echo x >\(Self.top)/build.log; git pack-refs --all; git stash list
      """
    let run = try await rope.run(
      .tasks((1...6).map { ("t\($0)", script) }, needs: ["t5": ["t1"], "t6": ["t2"]]),
      Rope.Options { $0.repositoryChanges = true })
    for task in run.report.tasks {
      #expect(task.last?.verdict == .changed, "\(task.message ?? "")")
      #expect(task.last?.escaped == [])
    }
    #expect(run.exit == 0)
  }

  @Test("what a user changes before an agent starts is not the agent's")
  func userBefore() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    // The first task waits without any program of its own being a suspect of the second.
    let program = try await rope.start(
      .tasks(
        [
          ("first", "echo x >ready; echo ready >'\(ready)'; read x <'\(go)'"),
          ("second", "echo y >second"),
        ], needs: ["second": ["first"]], top: [("outside", "warn")]),
      Rope.Options { $0.repositoryChanges = true })
    try await rope.line(from: ready)
    try await rope.repository.sh("echo mine >>readme; echo go >'\(go)'")
    let run = try await program.ended()
    #expect(run["first"]?.last?.escaped == ["readme"])
    #expect(run["second"]?.last?.escaped == [])
  }

  @Test("of two that ran, the one that speaks of the file is the one; the other is not accused")
  func toldApart() async throws {
    let rope = try await Rope.make()
    let (up, done, go) = (try rope.pipe("up"), try rope.pipe("done"), try rope.pipe("go"))
    let run = try await rope.run(
      .tasks([
        (
          "bad",
          "read x <'\(up)'; echo writing \(Self.top)/readme; echo x >>\(Self.top)/readme; echo x >f; echo done >'\(done)'; read x <'\(go)'"
        ),
        ("good", "echo up >'\(up)'; read x <'\(done)'; echo x >g; echo go >'\(go)'"),
      ]), Rope.Options { $0.repositoryChanges = true })
    #expect(run["bad"]?.last?.verdict == .escaped)
    #expect(run["good"]?.last?.verdict == .changed)
  }

  @Test("where nothing tells two apart neither is believed, and the message says so")
  func notToldApart() async throws {
    let rope = try await Rope.make()
    let (up, done, go) = (try rope.pipe("up"), try rope.pipe("done"), try rope.pipe("go"))
    let run = try await rope.run(
      .tasks([
        (
          "bad",
          "read x <'\(up)'; echo x >>\(Self.top)/readme; echo x >f; echo done >'\(done)'; read x <'\(go)'"
        ),
        ("good", "echo up >'\(up)'; read x <'\(done)'; echo x >g; echo go >'\(go)'"),
      ]), Rope.Options { $0.repositoryChanges = true })
    for (task, other) in [("bad", "good"), ("good", "bad")] {
      #expect(run[task]?.last?.verdict == .escaped)
      #expect(
        run[task]?.message
          == "`readme` outside the worktrees was changed while it and `\(other)` ran, and nothing "
          + "tells by whom; with sandbox: \"write-fence\" it would be known")
      #expect(run[task]?.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
    }
  }
}
