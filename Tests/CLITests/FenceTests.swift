// Knows what an agent inside a write fence can and cannot do. Unaware of how fences are built.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("agents in a write fence", .timeLimit(.minutes(10)), .needs("bwrap"))
struct FenceTests {
  private static let top = "../../../.."
  private static let fenced: [(String, JSON)] = [("sandbox", "write-fence")]

  @Test(
    "fault 114: a write outside fails and changes nothing",
    arguments: [
      "echo x >>\(top)/readme", "echo x >\(top)/new", "rm \(top)/src/main", "rm -rf \(top)/.git",
      "echo x >../other/f", "ln \(top)/readme mine", "mv f \(top)/readme",
      "ln -s \(top)/src out && echo x >out/main", "echo x >\(top)/.git/hooks/pre-commit",
      "git config core.editor evil", "git branch other", "git update-ref refs/heads/main HEAD~0 ''",
      "git worktree add -q ../evil", "echo x >readme && git stash -q", "echo x >/etc/ropewalk-test",
      "echo x >\"$HOME/evil\" && cat /proc/self/mountinfo | grep -q \" $HOME \"",
      "git -C \(top) rm -q --cached readme", "git pack-refs --all", "git gc -q",
    ])
  func refused(script: String) async throws {
    let run = try await rw(
      "echo work >work; if \(script); then echo possible; exit 1; fi; git reset -q --hard; echo work >work",
      task: Self.fenced
    ) { $0.wrote = ["work": "work\n"] }
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
    #expect(run.exit == 0)
  }

  @Test("a commit made inside arrives, and so does what was only staged or only written")
  func committed() async throws {
    let run = try await rw(
      """
      echo one >one; git add one; git commit -qm 'mine'; git log --oneline >/dev/null
      echo two >two; git add two; echo three >three; git status --short
      """, task: Self.fenced
    ) { $0.wrote = ["one": "one\n", "two": "two\n", "three": "three\n"] }
    #expect(run.last?.verdict == .changed)
    let commit = try #require(run.last?.commit)
    #expect(
      try await run.rope.repository.sh("git log --format=%s main..\(commit)").contains("mine"))
    #expect(
      try await run.rope.repository.sh("git fsck --strict 2>&1 | grep -v dangling || true") == "")
    // Nothing private is left.
    #expect(!Files.exists(run.file("fence")))
  }

  @Test("a branch's tasks hand their work on, fenced one and all")
  func handedOn() async throws {
    let script = { (name: String) in "echo \(name) >\(name); git add -A; git commit -qm \(name); ls"
    }
    var plan = RopePlan.tasks(
      [("a", script("a")), ("b", script("b")), ("c", script("c"))], needs: ["c": ["a", "b"]])
    plan.text = plan.text.replacing("\"retry\"", with: "\"sandbox\": \"write-fence\", \"retry\"")
    let run = try await Rope.make().run(plan)
    #expect(run.exit == 0)
    #expect(try run.text("stdout", task: "c") == "a\nb\nc\nreadme\nsrc\n")
  }

  @Test("fault 115: an agent that destroys the store of objects destroys only its own")
  func objects() async throws {
    let run = try await rw(
      "echo one >one; git add one; git commit -qm one; echo two >two; git add two; rm -rf \(Self.top)/.git/objects/* 2>/dev/null; true",
      task: Self.fenced
    ) { $0.wrote = ["one": "one\n", "two": "two\n"] }
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
    #expect(
      try await run.rope.repository.sh("git fsck --strict 2>&1 | grep -v dangling || true") == "")
  }

  @Test("an object that was tampered with is refused, and the files are the result all the same")
  func tampered() async throws {
    let run = try await rw(
      """
      echo garbled >one; git add one; git commit -qm one
      id=$(git rev-parse HEAD:one); file=\(Self.top)/.git/objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-)
      chmod u+w $file; echo garbage >$file
      """, task: Self.fenced
    ) { $0.wrote = ["one": "garbled\n"] }
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
    #expect(
      run.last?.notes.contains {
        $0.hasPrefix("what it committed was refused, its files were collected: ")
      } == true, "\(run.last?.notes ?? []) \(run.last?.stderrTail ?? "")")
    #expect(
      try await run.rope.repository.sh("git fsck --strict 2>&1 | grep -v dangling || true") == "")
  }

  @Test("fault 83: neither the link file nor what git knows of the worktree can be rewritten")
  func link() async throws {
    let run = try await rw(
      """
      dir=$(git rev-parse --git-dir)
      for file in .git "$dir/commondir" "$dir/gitdir"; do
        echo "gitdir: /tmp" >"$file" && exit 1
        rm -f "$file" && exit 1
      done
      mv .git old && exit 1
      echo done >done
      """, task: Self.fenced)
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
    #expect(run.last?.notes.contains { $0.contains(".git") } == false)
  }

  @Test("fault 116: as root no mount can be made writable again", .needsRoot)
  func remount() async throws {
    let run = try await rw(
      """
      for options in remount,rw,bind remount,rw; do mount -o $options / && exit 1; done
      mount --bind "$PWD" \(Self.top) && exit 1
      umount \(Self.top)/.git && exit 1
      unshare -m true && exit 1
      mknod disk b 253 0 && exit 1
      # What is there already, in case that it can be written after all.
      setting=/proc/sys/kernel/core_pattern
      old=$(cat $setting); echo "$old" >$setting && exit 1
      grep -q '^CapEff:.0000000000000000' /proc/self/status || exit 1
      echo done >done
      """, task: Self.fenced)
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
  }

  @Test("fault 120: an agent neither sees nor reaches the engine and other agents")
  func processes() async throws {
    let rope = try await Rope.make()
    // The engine's own number, told by a file that the fence leaves to be read.
    let program = try await rope.start(
      .sh(
        """
        grep -l ropewalk /proc/[0-9]*/comm && exit 1
        [ $(ls -d /proc/[0-9]* | wc -l) -lt 10 ] || exit 1
        until [ -s \(Self.top)/pid ]; do sleep .02; done
        kill -9 $(cat \(Self.top)/pid) && exit 1
        echo done >done
        """, task: Self.fenced), Rope.Options { $0.repositoryChanges = true })
    try await rope.repository.sh("echo \(program.pid) >pid.new; mv pid.new pid")
    let run = try await program.ended()
    #expect(run.exit == 0)
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
  }

  @Test("fault 122: the run's records and socket cannot be seen, nor sockets of the system")
  func sockets() async throws {
    let run = try await rw(
      """
      ls \(Self.top)/.git/ropewalk/runs/*/socket \(Self.top)/.git/ropewalk/runs/*/journal.jsonl && exit 1
      [ -z "$(find /run /tmp -type s 2>/dev/null)" ] || exit 1
      [ -z "$SSH_AUTH_SOCK$DBUS_SESSION_BUS_ADDRESS$DOCKER_HOST" ] || exit 1
      echo done >done
      """, task: Self.fenced
    ) { $0.environment = ["SSH_AUTH_SOCK": "/tmp/agent", "DOCKER_HOST": "unix:///run/d.sock"] }
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
  }

  @Test("verification runs in the same fence, on a merged result too")
  func verification() async throws {
    let bad = try await rw(
      "echo x >f", task: Self.fenced + [("verify", [.string("echo x >>\(Self.top)/readme")])])
    #expect(bad.last?.verdict == .rejected)
    let good = try await rw(
      "echo x >f", task: Self.fenced + [("verify", ["grep x f", "echo y >/tmp/y"])])
    #expect(
      good.last?.verdict == .verified, "\(good.task?.message ?? "") \(good.last?.stderrTail ?? "")")
    let merged = try await Rope.make().run(
      RopePlan(
        agents: [
          ("one", ["runner": "command", "command": ["sh", "-c", "echo 1 >one"]]),
          ("two", ["runner": "command", "command": ["sh", "-c", "echo 2 >two"]]),
        ],
        tasks: [
          [
            "id": "task", "prompt": "do it", "strategy": ["parallel": ["one", "two"]],
            "sandbox": "write-fence",
            "verify": [.string("cat one two; ! echo x >>\(Self.top)/readme")],
          ]
        ]))
    #expect(merged.last?.verdict == .verified, "\(merged.task?.message ?? "")")
  }

  @Test("nothing is left of a fenced tree, what hid by setsid included")
  func leftovers() async throws {
    let run = try await rw(
      "setsid sleep 1d >/dev/null 2>&1 & (setsid sh -c 'trap \"\" TERM; sleep 1d' &) ; echo x >f",
      task: Self.fenced)
    #expect(run.last?.verdict == .changed, "\(run.task?.message ?? "")")
  }

  @Test("a fenced agent that is told to end has its grace, and is killed after it")
  func ending() async throws {
    let polite = try await rw(
      "trap 'echo bye >bye; exit 3' TERM; echo x >f; while :; do sleep .05; done",
      task: Self.fenced + [("timeout", "4s"), ("grace", "8s")]
    ) { $0.wrote = ["bye": "bye\n"] }
    #expect(polite.last?.cause == .timedOut)
    let deaf = try await rw(
      "trap '' TERM; echo x >f; while :; do sleep 1d; done",
      task: Self.fenced + [("timeout", "300ms"), ("grace", "200ms")])
    #expect(deaf.last?.cause == .timedOut)
    #expect(deaf.last?.killed == true)
  }

  @Test("exit codes, output and limits are those of the agent, fence or not", .needs("prlimit"))
  func through() async throws {
    let run = try await rw(
      "ulimit -n; pwd; echo why >&2; exit 7",
      task: Self.fenced + [("limits", ["openFiles": 128])])
    #expect(run.last?.cause == .exitCode)
    #expect(run.last?.exit == 7)
    #expect(run.last?.stderrTail == "why\n")
    #expect(try run.text("stdout") == "128\n\(run.task?.worktree ?? "")\n")
  }

  @Test("a task without a worktree works in its own folder, and nowhere else")
  func noWorktree() async throws {
    let run = try await rw(
      "echo x >here && ! echo x >../there2/x && pwd", task: Self.fenced + [("worktree", "none")])
    #expect(run.last?.verdict == .answered, "\(run.task?.message ?? "")")
  }

  @Test("a sandbox that is asked for and cannot be had is refused before anything starts")
  func missing() async throws {
    let rope = try await Rope.make()
    let folder = try await LimitTests.path(of: rope, without: "bwrap")
    let none = try await rope.run(
      .sh("echo x >f", task: Self.fenced), Rope.Options { $0.environment = ["PATH": folder] })
    #expect(none.exit == 5)
    #expect(none.stderr.contains("the program `bwrap` (for `sandbox`) was not found"))
    #expect(none.folder == nil)
    try rope.space.write(
      "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2; exit 1\n",
      to: "refusing/bwrap", mode: 0o755)
    let off = try await rope.run(
      .sh("echo x >f", task: Self.fenced),
      Rope.Options { $0.environment = ["PATH": rope.space("refusing") + ":" + folder] })
    #expect(off.exit == 5)
    #expect(off.stderr.contains("bwrap: No permissions to create a new namespace"))
    #expect(off.folder == nil)
  }

  @Test("a fenced agent is never a suspect of what others change")
  func noSuspect() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      RopePlan(
        agents: [
          (
            "free",
            [
              "runner": "command",
              "command": [
                "sh", "-c",
                .string(
                  "echo x >>\(Self.top)/readme; echo x >f; until [ -e ../fenced/g ]; do sleep .05; done"
                ),
              ],
            ]
          ),
          (
            "fenced",
            [
              "runner": "command", "sandbox": "write-fence",
              "command": ["sh", "-c", "until [ -e ../free/f ]; do sleep .05; done; echo x >g"],
            ]
          ),
        ],
        tasks: [
          ["id": "free", "prompt": "do it", "agent": "free"],
          ["id": "fenced", "prompt": "do it", "agent": "fenced"],
        ]), Rope.Options { $0.repositoryChanges = true })
    #expect(run["fenced"]?.last?.verdict == .changed)
    #expect(run["free"]?.last?.escaped == ["readme"])
    #expect(run["free"]?.message == "outside its worktree it changed `readme`")
  }
}
