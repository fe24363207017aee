// Knows what must come of agents that end badly. Unaware of what they print.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of a child and its end", .timeLimit(.minutes(10)))
struct ChildFaultTests {
  @Test("fault 1: an exit code is a failure with the last lines of stderr, tried once")
  func exitCode() async throws {
    let run = try await rw("echo why >&2; exit 7")
    #expect(run.exit == 1)
    #expect(run.task?.state == .failed)
    #expect(run.last?.cause == .exitCode)
    #expect(run.task?.message?.hasPrefix("exit code 7") == true)
    #expect(run.last?.stderrTail == "why\n")
    #expect(run.task?.attempts == 1)
  }

  @Test("fault 1: every exit code is told as it is", arguments: [1, 2, 126, 127, 128, 255])
  func exitCodes(code: Int) async throws {
    let run = try await rw("exit \(code)")
    #expect(run.last?.exit == code)
    #expect(run.last?.cause == .exitCode)
  }

  @Test("fault 1: only the last 20 lines of stderr are shown")
  func stderrTail() async throws {
    let run = try await rw("seq 1 100 >&2; exit 1")
    #expect(run.last?.stderrTail == (81...100).map { "\($0)\n" }.joined())
  }

  @Test("fault 1: a failure is tried again when the plan says so, and each try is told")
  func retried() async throws {
    let run = try await rw(
      "exit 7", task: [("retry", ["attempts": 3, "backoff": "10ms", "jitter": 0])])
    #expect(run.task?.attempts == 3)
    #expect(run.count("attemptFinished") == 3)
    #expect(run.count("attemptRetried") == 2)
    #expect(run.exit == 1)
  }

  @Test("fault 2: a stream that ends without its terminal event is incomplete")
  func noResult() async throws {
    let run = try await stub(["init", "write f text", "say all done", "exit 0"]) {
      $0.wrote = ["f": "text\n"]
    }
    #expect(run.exit == 1)
    #expect(run.last?.verdict == .incomplete)
    #expect(run.last?.cause == .incomplete)
    #expect(run.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
  }

  @Test("fault 3: a claim of success without a change is empty where changes were expected")
  func claimOnly() async throws {
    let run = try await stub(["init", "result all done"], task: [("expect", "changes")])
    #expect(run.exit == 1)
    #expect(run.last?.verdict == .empty)
  }

  @Test("fault 3: without a change it is an answer where one is allowed")
  func answered() async throws {
    let run = try await stub(["init", "result all done"])
    #expect(run.exit == 0)
    #expect(run.last?.verdict == .answered)
    #expect(run.last?.text == "all done")
  }

  @Test("fault 3: an agent may declare that nothing was needed")
  func unchanged() async throws {
    let run = try await stub(
      ["init", "result no-change: it is there already"], task: [("expect", "changes")])
    #expect(run.exit == 0)
    #expect(run.last?.verdict == .unchanged)
  }

  @Test("fault 4: success and then exit code 1 is a failure that tells both")
  func successThenExit() async throws {
    let run = try await stub(["init", "write f text", "result done", "exit 1"]) {
      $0.wrote = ["f": "text\n"]
    }
    #expect(run.exit == 1)
    #expect(run.last?.cause == .exitCode)
    #expect(run.task?.message?.contains("exit code 1") == true)
    #expect(run.task?.message?.contains("reported success") == true)
  }

  @Test("fault 5: a signal is told by name and number")
  func signals() async throws {
    let crash = try await rw("kill -SEGV $$")
    #expect(crash.last?.cause == .killedBySignal)
    #expect(crash.task?.message?.contains("killed by SIGSEGV (11)") == true)
    let kill = try await rw("kill -9 $$")
    #expect(kill.task?.message?.contains("SIGKILL (9)") == true)
  }

  @Test("fault 6: a silent agent is timed out and its work is kept")
  func hangs() async throws {
    let run = try await rw("echo work >f; sleep 1d", task: [("timeout", "500ms")]) {
      $0.wrote = ["f": "work\n"]
    }
    #expect(run.task?.state == .timedOut)
    #expect(run.last?.cause == .timedOut)
    #expect(run.last?.ref != nil)
    #expect(run.exit == 1)
  }

  @Test("fault 6: an idle agent is told apart from one that ran too long")
  func idle() async throws {
    let run = try await rw("sleep 1d", task: [("idleTimeout", "300ms"), ("timeout", "1h")])
    #expect(run.task?.state == .timedOut)
    #expect(run.last?.cause == .idle)
  }

  @Test("fault 7: output puts off the idle limit, never the time limit")
  func chatty() async throws {
    let run = try await rw(
      "while :; do echo x; sleep .05; done", task: [("idleTimeout", "700ms"), ("timeout", "1s")])
    #expect(run.last?.cause == .timedOut)
  }

  @Test("fault 8: one that ignores SIGTERM is killed after its grace, and that is told")
  func ignoresTerm() async throws {
    let run = try await rw(
      "trap '' TERM; while :; do sleep 1d; done",
      task: [("timeout", "300ms"), ("grace", "200ms")])
    #expect(run.last?.killed == true)
    #expect(run.last?.notes.contains { $0.contains("SIGKILL was needed") } == true)
  }

  @Test("fault 9: one that stops itself is ended all the same")
  func stopsItself() async throws {
    let run = try await rw("kill -STOP $$", task: [("timeout", "300ms"), ("grace", "5s")])
    #expect(run.last?.cause == .timedOut)
    #expect(run.last?.killed == false)
  }

  @Test("fault 10: a grandchild that keeps the output open holds nothing up")
  func grandchild() async throws {
    let run = try await rw("sleep 1d & echo done")
    #expect(run.exit == 0)
    #expect(run.last?.text == "done")
    #expect(run.last?.leftovers == 1)
    #expect((run.last?.seconds ?? 99) < 20)
  }

  @Test("fault 11: daemons of every kind are gone at the end of the attempt")
  func daemons() async throws {
    let rope = try await Rope.make()
    // The tag in the arguments finds the one that drops its environment.
    let script = """
      (setsid sleep 1d &)
      (env -i setsid sh -c 'sleep 1d; :' \(rope.processes.tag) &)
      (setsid sh -c '(trap "" TERM HUP; sleep 1d; :) & exit' &)
      echo done
      """
    let run = try await rope.run(.sh(script))
    #expect(run.exit == 0)
    #expect((run.last?.leftovers ?? 0) >= 3)
  }

  @Test(
    "fault 12: a fork bomb is ended, and the program stays able to do so",
    .needs("prlimit", "setpriv"), .needsRoot)
  func forkBomb() async throws {
    // Bounded by the limit of a user who has nothing else: root itself is not bound by it.
    let script = """
      chmod 777 .
      exec setpriv --reuid 65533 --clear-groups \
        prlimit --nproc=40 sh -c 'bomb() { bomb | bomb & wait; }; bomb' 2>/dev/null
      """
    let run = try await rw(script, task: [("timeout", "1s"), ("grace", "200ms")])
    #expect(run.exit == 1)
    #expect(run.task != nil)
  }

  @Test("fault 13: an agent that never reads a large prompt is no trouble")
  func unreadPrompt() async throws {
    let rope = try await Rope.make()
    try rope.space.write(String(repeating: "x", count: 9 << 20), to: "prompt.md")
    let large: [(String, JSON)] = [("prompt", ["file": "prompt.md"])]
    let plan = RopePlan(
      agents: [
        ("closes", ["runner": "command", "command": ["sh", "-c", "exec <&-; echo done"]]),
        ("ignores", ["runner": "command", "command": ["sh", "-c", "echo done"]]),
        ("reads", ["runner": "command", "command": ["sh", "-c", "wc -c"]]),
      ],
      tasks: ["closes", "ignores", "reads"].map {
        .object([("id", .string($0)), ("agent", .string($0))] + large)
      })
    let run = try await rope.run(plan)
    #expect(run.exit == 0)
    let count = run["reads"]?.last?.text.flatMap { Int($0) } ?? 0
    #expect(count >= 9 << 20)
  }

  @Test("fault 14: standard input ends for every one of many at once")
  func inputEnds() async throws {
    let plan = RopePlan(
      agents: [
        ("stub", ["runner": "command", "command": ["sh", "-c", "cat >/dev/null; echo ok"]])
      ],
      tasks: (1...20).map { ["id": .string("t\($0)"), "prompt": "x", "worktree": "none"] },
      top: [("concurrency", 20)])
    let run = try await Rope.make().run(plan)
    #expect(run.exit == 0)
    #expect(run.report.count(.completed) == 20)
  }

  @Test("fault 15: a child sees its three streams and nothing else")
  func descriptors() async throws {
    let run = try await rw("ls /proc/$$/fd; :")
    #expect(run.last?.text == "0\n1\n2")
  }

  @Test("fault 16: a child blocks and ignores no signal")
  func signalMask() async throws {
    let run = try await rw("grep -E 'Sig(Blk|Ign)' /proc/$$/status | cut -f2")
    #expect(Self.signals(run) == [0, 0])
  }

  @Test("fault 16: a child blocks and ignores no signal, whatever the program was started with")
  func inheritedSignalMask() async throws {
    let run = try await rw("grep -E 'Sig(Blk|Ign)' /proc/$$/status | cut -f2") {
      $0.wrapper = ["env", "--ignore-signal=PIPE", "--ignore-signal=TERM", "--block-signal=USR1"]
    }
    #expect(Self.signals(run) == [0, 0])
  }

  /// The masks that a child printed. Signals 32 and 33 are the C library's own, which ignores them in
  /// all that it spawns.
  private static func signals(_ run: RopeRun) -> [UInt64?] {
    (run.last?.text ?? "").split(separator: "\n").map {
      UInt64($0, radix: 16).map { $0 & ~0x1_8000_0000 }
    }
  }

  @Test("fault 17: a child has no terminal to ask on", .needs("script"))
  func terminal() async throws {
    let rope = try await Rope.make()
    let script = "if (: </dev/tty) 2>/dev/null; then echo terminal; else echo none; fi"
    try Files.write(RopePlan.sh(script).text, to: rope.space("plan.json"))
    let said = try await rope.repository.sh(
      "script -qec \"'\(Rope.program)' run '\(rope.space("plan.json"))'; stty -a\" /dev/null",
      environment: rope.environment())
    #expect(said.contains(" echo "))
    let status = try await rope.command(["status", "--json"])
    #expect(try status.json["tasks"]?.elements.first { _ in true }?["output"]?.string == "none")
  }

  @Test("fault 18: cancelling tasks that end by themselves hits nobody else")
  func canary() async throws {
    let rope = try await Rope.make()
    let plan = RopePlan(
      agents: [("stub", ["runner": "command", "command": ["sh", "-c", "echo ok"]])],
      tasks: (1...40).map { ["id": .string("t\($0)"), "prompt": "x", "worktree": "none"] },
      top: [("concurrency", 8)])
    let canary = try await Spawner.shared.start(
      executable: "/bin/sleep", arguments: ["1h"], environment: [:], directory: "/")
    let program = try await rope.start(plan)
    for task in stride(from: 2, to: 40, by: 3) {
      // Some come too early or too late, which is the point.
      _ = try await rope.command(["cancel", "last", "t\(task)"])
    }
    let run = try await program.ended()
    // It must still be there to be ended by this very signal.
    kill(canary.pid, SIGUSR1)
    #expect(await canary.end() == .signalled(SIGUSR1))
    #expect(run.report.tasks.allSatisfy { $0.state == .completed || $0.state == .cancelled })
  }
}
