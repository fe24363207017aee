import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("whole runs", .timeLimit(.minutes(10)))
struct WholeRunTests {
  private func git(_ rope: Rope, _ words: String) async throws -> String {
    try await rope.repository.sh("git \(words)")
  }

  @Test("a task that needs two others starts from the merge of their work")
  func merge() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      .tasks(
        [
          ("left", "echo left > left.txt; echo ok"), ("right", "echo right > right.txt; echo ok"),
          ("both", "cat left.txt right.txt > both.txt; echo ok"),
        ], needs: ["both": ["left", "right"]]))
    #expect(run.exit == 0)
    let branch = try #require(run.report.tasks.last?.branch)
    #expect(try await git(rope, "show \(branch):both.txt") == "left\nright")
  }

  @Test("fault 81: needs that do not merge fail the task by name, and the rest goes on")
  func conflict() async throws {
    let run = try await Rope.make().run(
      .tasks(
        [
          ("left", "echo left > readme; echo ok"), ("right", "echo right > readme; echo ok"),
          ("both", "echo never"), ("other", "echo fine"),
        ], needs: ["both": ["left", "right"]]))
    #expect(run.exit == 1)
    let both = run.report.tasks[2]
    #expect(both.state == .failed)
    #expect(both.last?.cause == .conflict)
    #expect(both.message?.contains("`left` and `right`") == true)
    #expect(both.message?.contains("`readme`") == true)
    #expect(run.report.tasks[3].state == .completed)
  }

  @Test("a verification that passes makes the verdict, and one that fails takes it away")
  func verify() async throws {
    let good = try await rw(
      "echo 1 > made; echo ok", task: [("verify", ["test -s made", ["grep", "1", "made"]])])
    #expect(good.exit == 0)
    #expect(good.last?.verdict == .verified)
    let bad = try await rw(
      "echo 1 > made; echo ok", task: [("verify", ["echo why >&2; exit 3"]), ("repair", 0)])
    #expect(bad.exit == 1)
    #expect(bad.last?.verdict == .rejected)
    #expect(bad.last?.cause == .rejected)
    #expect(bad.last?.message == "`echo why >&2; exit 3` failed: exit code 3")
    #expect(bad.last?.stderrTail?.contains("why") == true)
    #expect(bad.task?.branch == nil)
    #expect(bad.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
  }

  @Test("a refused result goes back to its agent in the same worktree, with what was said")
  func repair() async throws {
    let run = try await rw(
      "if test -e made; then cat > prompt.txt; echo good > made; else echo bad > made; fi; echo ok",
      task: [("verify", ["grep good made || { echo not good yet >&2; exit 1; }"])])
    #expect(run.exit == 0)
    #expect(run.task?.attempts == 2)
    #expect(run.last?.verdict == .verified)
    #expect(run.events.contains { $0.kind == "verificationFinished" })
  }

  @Test("a verification that changes files is told, and the result is the tree before it")
  func verifyWrites() async throws {
    let run = try await rw("echo 1 > made; echo ok", task: [("verify", ["echo 2 > made"])])
    #expect(run.exit == 0)
    #expect(run.last?.notes.contains { $0.contains("the verification changed files") } == true)
  }

  @Test("a failed try starts again from the first tree, and what it left is in a snapshot")
  func retry() async throws {
    let rope = try await Rope.make()
    let mark = rope.space("second")
    let run = try await rope.run(
      .sh(
        "test ! -e half || exit 9; if test -e \(mark); then echo whole > whole; echo ok; "
          + "else touch \(mark); echo half > half; exit 7; fi",
        task: [("retry", ["attempts": 2, "backoff": "10ms"])]))
    #expect(run.exit == 0)
    #expect(run.task?.attempts == 2)
    let branch = try #require(run.task?.branch)
    #expect(try await git(rope, "ls-tree --name-only \(branch)").contains("half") == false)
    let kept = try await git(rope, "for-each-ref --format='%(refname)' refs/ropewalk/snapshots")
    #expect(try await git(rope, "show \(kept):half") == "half")
  }

  @Test("what needs a failed task is skipped with its name, and `always` runs all the same")
  func skips() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { agents: { bad: { runner: "command", command: ["sh", "-c", "exit 4"] },
                      good: { runner: "command", command: ["echo", "ok"] } },
            tasks: [ { id: "a", agent: "bad", prompt: "x" },
                     { id: "b", agent: "good", needs: ["a"], prompt: "x" },
                     { id: "c", agent: "good", needs: ["b"], prompt: "x", when: "always" } ] }
          """))
    #expect(run.exit == 1)
    #expect(run.report.tasks.map(\.state) == [.failed, .skipped, .completed])
    #expect(run.report.tasks[1].message == "its need `a` failed")
  }

  @Test("the answer of a need stands in the prompt of the task that asks for it, once and unread")
  func outputs() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      RopePlan(
        text: """
          { agents: { say: { runner: "command", command: ["sh", "-c", "echo '{{task.id}} $(touch x)'"] },
                      cat: { runner: "command", command: ["cat"] } },
            tasks: [ { id: "a", agent: "say", prompt: "x" },
                     { id: "b", agent: "cat", needs: ["a"], prompt: "<{{needs.a.output}}>" } ] }
          """))
    #expect(run.exit == 0)
    #expect(run.report.tasks[1].last?.text == "<{{task.id}} $(touch x)>")
  }

  @Test("fault 79: hooks of the user's that fail do not run for our own worktrees and commits")
  func hooks() async throws {
    let rope = try await Rope.make()
    for hook in ["post-checkout", "pre-commit", "reference-transaction", "post-commit"] {
      try await rope.repository.sh(
        "printf '#!/bin/sh\\ntouch \(rope.space("ran"))\\nexit 1\\n' > .git/hooks/\(hook); "
          + "chmod +x .git/hooks/\(hook)")
    }
    let run = try await rope.run(.sh("echo 1 > made; echo ok"))
    #expect(run.exit == 0)
    #expect(!FileManager.default.fileExists(atPath: rope.space("ran")))
  }

  @Test("an agent that commits by itself is taken at its commits")
  func ownCommits() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      .sh(
        "echo 1 > made; git add made; git -c user.name=a -c user.email=a@b commit -qm own; echo ok")
    )
    #expect(run.exit == 0)
    let branch = try #require(run.task?.branch)
    #expect(try await git(rope, "log -1 --format=%s \(branch)") == "own")
  }

  @Test("tasks without a worktree leave no branch and no folder among the worktrees")
  func noWorktree() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(.sh("ls -A | wc -l", task: [("worktree", "none")]))
    #expect(run.exit == 0)
    #expect(run.last?.verdict == .answered)
    #expect(run.last?.text == "0")
    #expect(try await git(rope, "branch --list 'ropewalk/*'") == "")
  }

  @Test("the newest run is shown by default, and any run by its beginning or end")
  func lookup() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(.sh("echo ok"))
    let name = try #require(run.report.run?.text)
    for words in [
      ["status"], ["status", "last"], ["status", name], ["status", String(name.suffix(4))],
    ] {
      let shown = try await rope.command(words + ["--json"])
      #expect(shown.stdout == run.report.json.text + "\n")
    }
    let unknown = try await rope.command(["status", "nope"])
    #expect(unknown.exit == 2)
    #expect(unknown.stderr.contains("there is no run `nope`"))
  }

  @Test("logs give an agent's bytes as they were, and a run's events as lines")
  func logs() async throws {
    let rope = try await Rope.make()
    _ = try await rope.run(.sh("printf 'a\\033[1mb\\n'; printf err >&2"))
    #expect(try await rope.command(["logs", "task"]).stdout == "a\u{1b}[1mb\n")
    #expect(try await rope.command(["logs", "last", "task", "--stderr"]).stdout == "err")
    let events = try await rope.command(["logs"])
    #expect(events.stdout.contains("[1/1] task: completed"))
    #expect(
      try await rope.command(["logs", "last", "tsk"]).stderr.contains("did you mean `task`?"))
  }

  @Test("a live run is cancelled from another terminal, one task or all of it")
  func cancel() async throws {
    let rope = try await Rope.make()
    // A pipe for each: what two write into one at the same time reaches only one reader.
    let ready = [try rope.pipe("one"), try rope.pipe("two")]
    let program = try await rope.start(
      .tasks([
        ("one", "echo up > '\(ready[0])'; exec sleep 1d"),
        ("two", "echo up > '\(ready[1])'; exec sleep 1d"),
      ]))
    for pipe in ready { try await rope.line(from: pipe) }
    #expect(try await rope.command(["cancel", "last", "three"]).exit == 2)
    #expect(try await rope.command(["cancel", "last", "one"]).exit == 0)
    #expect(try await rope.command(["cancel"]).exit == 0)
    let run = try await program.ended()
    #expect(run.exit == 1)
    #expect(run.report.state == .cancelled)
    #expect(run.report.tasks.map(\.state) == [.cancelled, .cancelled])
    #expect(run.report.tasks[0].message == "it was cancelled on request")
    let dead = try await rope.command(["cancel"])
    #expect(dead.exit == 5)
    #expect(dead.stderr.contains("is over (cancelled)"))
  }

  @Test("a dry run says what would be executed and writes nothing")
  func dryRun() async throws {
    let rope = try await Rope.make()
    try Files.write(RopePlan.sh("echo ok").text, to: rope.space("plan.json"))
    let shown = try await rope.command(["run", "--dry-run", rope.space("plan.json")])
    #expect(shown.exit == 0)
    #expect(shown.stdout.contains("sh -c 'echo ok'"))
    #expect(shown.stdout.contains("nothing was started"))
    #expect(!FileManager.default.fileExists(atPath: rope.stateDirectory))
    #expect(!FileManager.default.fileExists(atPath: rope.repository.path + "/.ropewalk"))
  }

  @Test("every command has its help, and what is mistyped gets the near name")
  func help() async throws {
    let rope = try await Rope.make()
    for name in ["run", "execute", "check", "status", "logs", "cancel", "runners", "demo"] {
      let page = try await rope.command([name, "--help"])
      #expect(page.exit == 0)
      #expect(page.stdout.contains("usage: ropewalk"))
    }
    #expect(try await rope.command(["--version"]).stdout == "ropewalk 0.1.0\n")
    let typo = try await rope.command(["statsu"])
    #expect(typo.exit == 2)
    #expect(
      typo.stderr
        == "error: there is no command `statsu`\n  hint: did you mean `ropewalk status`?\n")
  }

  @Test("the demo works without any agent")
  func demo() async throws {
    let rope = try await Rope.make()
    let demo = try await rope.command(["demo"])
    #expect(demo.exit == 0)
    #expect(demo.stderr.contains("6 completed"))
    #expect(demo.stdout.contains("git log --oneline --graph --all"))
  }

  @Test(
    "fault 86: however wide a run is, no more worktrees are filled at once than there are cores")
  func fillingWidth() async throws {
    let rope = try await Rope.make()
    let counts = rope.space("counts")
    // Stands before git and takes down how many checkouts are under way with each new one.
    try await rope.repository.sh(
      """
      mkdir -p ../bin ../live
      cat > ../bin/git <<'END'
      #!/bin/sh
      case " $* " in
        *" reset "*)
          touch '\(rope.space("live"))'/$$
          ls '\(rope.space("live"))' | wc -l >> '\(counts)'
          /usr/bin/git "$@"; status=$?
          rm '\(rope.space("live"))'/$$
          exit $status ;;
      esac
      exec /usr/bin/git "$@"
      END
      chmod +x ../bin/git
      """)
    let run = try await rope.run(
      .tasks((1...12).map { ("t\($0)", "echo ok") }, top: [("concurrency", 12)]),
      .init { $0.environment = ["PATH": rope.space("bin") + ":/usr/bin:/bin"] })
    #expect(run.exit == 0)
    let seen = try String(decoding: FileBytes.read(counts), as: UTF8.self).split(separator: "\n")
      .compactMap { Int($0.filter(\.isNumber)) }
    #expect(seen.count == 12)
    #expect((seen.max() ?? .max) <= ProcessInfo.processInfo.activeProcessorCount)
  }

  @Test("`--events` picks what is printed, and the run's end is always there")
  func events() async throws {
    let rope = try await Rope.make()
    let plan = rope.space("plan.json5")
    try Files.write(RopePlan.sh("echo ok").text, to: plan)
    let run = try await rope.command(
      ["run", "--json", "--events", "taskQueued,attemptFinished", plan])
    let kinds = try run.stdout.split(separator: "\n").map {
      try JSONDocument(Array($0.utf8)).root["kind"]?.string
    }
    #expect(kinds == ["taskQueued", "attemptFinished", "runFinished"])
    let wrong = try await rope.command(["run", "--json", "--events", "taskQueud", plan])
    #expect(wrong.exit == 2)
    #expect(wrong.stderr.contains("did you mean `taskQueued`?"))
  }

  @Test("every kind that a run sends is one of the documented ones")
  func kinds() async throws {
    let run = try await rw("echo ok")
    #expect(run.events.allSatisfy { RunEvent.kinds.contains($0.kind) })
  }
}
