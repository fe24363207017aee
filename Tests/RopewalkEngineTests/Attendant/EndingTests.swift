// Knows how attended programs end, by themselves and by force. Unaware of the engine.

import Foundation
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("how an attended program ends", .timeLimit(.minutes(10)))
struct EndingTests {
  @Test("fault 1: an exit code is recorded with what was printed", arguments: [1, 7, 255])
  func exitCode(code: Int32) async throws {
    let end = try await AttendantHarness.end(sh: "echo out; echo why >&2; exit \(code)")
    #expect(end.status == 0)
    #expect(end.record?.cause == .exited)
    #expect(end.record?.exit == code)
    #expect(end.record?.signal == nil)
    #expect(end.record?.killed == false)
    #expect(end.record?.leftovers == [])
    #expect(end.record?.stdoutBytes == 4)
    #expect(end.record?.stderrBytes == 4)
    #expect(end.stdout == Array("out\n".utf8))
    #expect(end.stderr == Array("why\n".utf8))
  }

  @Test("fault 5: a signal is recorded as one", arguments: [SIGSEGV, SIGKILL, SIGTERM])
  func signalled(number: Int32) async throws {
    let end = try await AttendantHarness.end(sh: "kill -\(number) $$")
    #expect(end.record?.cause == .exited)
    #expect(end.record?.exit == nil)
    #expect(end.record?.signal == number)
    #expect(end.record?.killed == false)
  }

  @Test("fault 6: a silent program is ended at its idle limit")
  func idle() async throws {
    let end = try await AttendantHarness.end(sh: "echo once; sleep 1d; :") {
      $0.idleTimeout = 300
    }
    #expect(end.record?.cause == .idle)
    #expect(end.record?.signal == SIGTERM)
    #expect(end.text == "once\n")
    #expect(end.record.map { $0.seconds >= 0.3 } == true)
  }

  @Test("fault 7: output puts off the idle limit but not the timeout")
  func endless() async throws {
    let end = try await AttendantHarness.end(sh: "while :; do echo x; sleep .05; done") {
      $0.idleTimeout = 30_000
      $0.timeout = 600
    }
    #expect(end.record?.cause == .timedOut)
    #expect(end.record.map { $0.seconds >= 0.6 } == true)
    #expect(end.stdout.count > 2)
  }

  @Test("fault 8: a tree that ignores SIGTERM is killed after its grace time")
  func ignoresTerm() async throws {
    let script = "trap '' TERM; sleep 1d & echo up >$READY; while :; do wait; done"
    let end = try await AttendantHarness.attend(sh: script, .set(\.grace, 300)) { attempt in
      try await attempt.ready()
      attempt.signal(SIGTERM)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .cancelled)
    #expect(end.record?.signal == SIGKILL)
    #expect(end.record?.killed == true)
    #expect(end.record.map { $0.seconds >= 0.3 } == true)
  }

  @Test("fault 9: a stopped program hears SIGTERM all the same")
  func stopped() async throws {
    let script = "trap 'echo heard; exit 5' TERM; echo up >$READY; kill -STOP $$; sleep 1d"
    let end = try await AttendantHarness.attend(sh: script) { attempt in
      try await attempt.ready()
      attempt.signal(SIGTERM)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .cancelled)
    #expect(end.record?.killed == false)
    #expect(end.text.hasPrefix("heard\n"))
  }

  @Test("fault 9: a stopped tree that ignores SIGTERM is killed")
  func stoppedAndDeaf() async throws {
    let script = "trap '' TERM; (kill -STOP $(exec sh -c 'echo $PPID'); sleep 1d) & kill -STOP $$"
    let end = try await AttendantHarness.end(sh: script) {
      $0.timeout = 200
      $0.grace = 100
    }
    #expect(end.record?.cause == .timedOut)
    #expect(end.record?.killed == true)
  }

  @Test("fault 10: what outlives the program keeps its streams and is ended after the drain")
  func grandchildHoldsStreams() async throws {
    let end = try await AttendantHarness.end(sh: "sleep 1d & echo done; exit 3")
    #expect(end.record?.cause == .exited)
    #expect(end.record?.exit == 3)
    #expect(end.record?.leftovers.map(\.name) == ["sleep"])
    #expect(end.record?.killed == false)
    #expect(end.text == "done\n")
  }

  @Test("fault 10: what ends within the drain is not ended by force, and its output is kept")
  func drains() async throws {
    let script = "(echo up >$READY; read x <$GO; echo late) & echo early"
    let end = try await AttendantHarness.attend(sh: script, .set(\.drain, 30_000)) { attempt in
      try await attempt.ready()
      attempt.go()
      return try await attempt.end()
    }
    #expect(end.record?.leftovers == [])
    #expect(end.record?.killed == false)
    #expect(end.text.split(separator: "\n").sorted() == ["early", "late"])
  }

  @Test("fault 11: neither a session of its own nor a lost parent saves a descendant")
  func escapes() async throws {
    let script = """
      (setsid sh -c 'trap "" TERM; setsid sleep 1d & echo up >$READY; wait' &)
      (sh -c 'sleep 2d & exec sleep 3d' </dev/null >/dev/null 2>&1 &)
      read x <$GO
      """
    let end = try await AttendantHarness.attend(sh: script, .set(\.drain, 0)) { attempt in
      try await attempt.ready()
      attempt.go()
      return try await attempt.end()
    }
    #expect(end.record?.exit == 0)
    #expect(end.record?.leftovers.filter { $0.name == "sleep" }.isEmpty == false)
    #expect(end.record?.unkillable == [])
  }

  @Test("a cancelled tree gets its grace time, and the program's own exit is told")
  func cancelled() async throws {
    let script = "trap 'echo bye; exit 4' TERM; echo up >$READY; while :; do sleep .1; done"
    let end = try await AttendantHarness.attend(sh: script) { attempt in
      try await attempt.ready()
      attempt.signal(SIGINT)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .cancelled)
    #expect(end.record?.exit == 4)
    #expect(end.record?.killed == false)
    #expect(end.text == "bye\n")
  }

  @Test("SIGQUIT, or a second SIGTERM, leaves no grace time", arguments: [true, false])
  func hard(quit: Bool) async throws {
    let script = "trap 'echo heard >$READY' TERM; echo up >$READY; while :; do sleep .1; done"
    let end = try await AttendantHarness.attend(sh: script, .set(\.grace, 600_000)) { attempt in
      try await attempt.ready()
      attempt.signal(SIGTERM)
      try await attempt.ready()
      attempt.signal(quit ? SIGQUIT : SIGTERM)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .cancelled)
    #expect(end.record?.signal == SIGKILL)
    #expect(end.record?.killed == true)
  }

  @Test("a request during the drain ends the leftovers and leaves the program its success")
  func cancelledWhileDraining() async throws {
    let script = "(trap '' TERM; while test -d /proc/$$; do :; done; echo up >$READY; sleep 1d) &"
    let end = try await AttendantHarness.attend(sh: script, .set(\.drain, 600_000)) { attempt in
      try await attempt.ready()
      attempt.signal(SIGTERM)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .exited)
    #expect(end.record?.exit == 0)
    #expect(end.record?.leftovers.isEmpty == false)
  }

  @Test("no stray signal ends or stops the attendant")
  func straySignals() async throws {
    let script = "echo up >$READY; read x <$GO; exit 6"
    let end = try await AttendantHarness.attend(sh: script) { attempt in
      try await attempt.ready()
      for number in [SIGUSR1, SIGUSR2, SIGHUP, SIGPIPE, SIGALRM, SIGTTIN, SIGTTOU, SIGWINCH, 40] {
        attempt.signal(number)
      }
      attempt.go()
      return try await attempt.end()
    }
    #expect(end.record?.cause == .exited)
    #expect(end.record?.exit == 6)
  }

  @Test("output beyond its limit ends the tree, and what was written is kept")
  func outputLimit() async throws {
    let end = try await AttendantHarness.end(sh: "yes rope >&2") { $0.outputLimit = 100_000 }
    #expect(end.record?.cause == .outputLimit)
    #expect(end.stderr.count > 100_000)
    #expect(end.record?.stderrBytes == end.stderr.count)
  }

  @Test("time, memory and processor time are those of the whole tree")
  func usage() async throws {
    let before = Int(Date().timeIntervalSince1970 * 1000)
    let script = "(i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done) & wait"
    let record = try await AttendantHarness.end(sh: script).record
    let after = Int(Date().timeIntervalSince1970 * 1000)
    #expect(record.map { (before...after).contains($0.startedAt) } == true)
    #expect(record.map { $0.cpuSeconds > 0.01 && $0.cpuSeconds < 30 } == true)
    #expect(record.map { $0.peakMemoryBytes > 100_000 } == true)
    #expect(record.map { $0.seconds > 0.01 } == true)
  }
}
