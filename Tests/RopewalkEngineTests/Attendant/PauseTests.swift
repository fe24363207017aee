// Knows what holds while an attended tree is paused. Unaware of runs.

import Foundation
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("a paused attendant", .timeLimit(.minutes(10)))
struct PauseTests {
  /// A program with a grandchild in a session of its own; all three say that they are there.
  private static let tree = """
    setsid sh -c 'echo $$ >$READY; exec sleep 1d' &
    sh -c 'echo $$ >$READY; exec sleep 1d' &
    echo $$ >$READY; read x <$GO; kill 0; exit 3
    """

  private func members(_ attempt: AttendedScript) async throws -> [pid_t] {
    var pids: [pid_t] = []
    for _ in 0..<3 { pids.append(try #require(pid_t(try await attempt.ready()))) }
    return pids
  }

  @Test("a pause stops the whole tree, hidden descendants included, and resume lets it go on")
  func pauseAndResume() async throws {
    let end = try await AttendantHarness.attend(sh: Self.tree) { attempt in
      let pids = try await members(attempt)
      attempt.signal(SIGTSTP)
      for pid in pids { try await ProcessState.wait(pid, isStopped: true) }
      attempt.signal(SIGCONT)
      for pid in pids { try await ProcessState.wait(pid, isStopped: false) }
      attempt.go()
      return try await attempt.end()
    }
    #expect(end.record?.cause == .exited)
    #expect(end.record.map { $0.pausedSeconds > 0 && $0.pausedSeconds <= $0.seconds } == true)
  }

  @Test("no limit is reached in a pause, and what ran before it counts after it")
  func limits() async throws {
    let change = SpecChange {
      $0.timeout = 4_000
      $0.idleTimeout = 4_000
    }
    // It asks for the pause itself, so that how soon that comes is no matter of this test's luck.
    let script = "echo $$ >$READY; kill -TSTP $PPID; read x <$GO; echo on; exec sleep 1d"
    let end = try await AttendantHarness.attend(sh: script, change) { attempt in
      let pid = try #require(pid_t(try await attempt.ready()))
      try await ProcessState.wait(pid, isStopped: true)
      // Another attendant measures out more time than the limits have.
      let other = try await AttendantHarness.end(sh: "sleep 1d") { $0.timeout = 4_500 }
      #expect(other.record?.cause == .timedOut)
      #expect(ProcessState.isStopped(pid))
      attempt.go()
      attempt.signal(SIGCONT)
      return try await attempt.end()
    }
    #expect(end.text == "on\n")
    #expect(end.record?.cause == .timedOut)
    #expect(end.record.map { $0.pausedSeconds >= 4.5 && $0.seconds >= 8.5 } == true)
  }

  @Test(
    "a paused tree is ended on request, softly or hard",
    arguments: [(SIGTERM, "bye\n"), (SIGQUIT, "")])
  func ended(signal: Int32, text: String) async throws {
    let script = "trap 'echo bye; exit 4' TERM; echo $$ >$READY; while :; do sleep .05; done"
    let end = try await AttendantHarness.attend(sh: script) { attempt in
      let pid = try #require(pid_t(try await attempt.ready()))
      attempt.signal(SIGTSTP)
      try await ProcessState.wait(pid, isStopped: true)
      attempt.signal(signal)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .cancelled)
    #expect(end.text == text)
    #expect(end.record?.killed == (signal == SIGQUIT))
  }

  @Test("a program that somebody kills in its pause has ended, and its leftovers with it")
  func killedWhilePaused() async throws {
    let end = try await AttendantHarness.attend(sh: Self.tree) { attempt in
      let pids = try await members(attempt)
      attempt.signal(SIGTSTP)
      for pid in pids { try await ProcessState.wait(pid, isStopped: true) }
      kill(try #require(pids.first { ProcessState.parent($0) == attempt.pid }), SIGKILL)
      return try await attempt.end()
    }
    #expect(end.record?.cause == .exited)
    #expect(end.record?.signal == SIGKILL)
    #expect(end.record?.leftovers.count == 2)
    #expect(end.record?.unkillable == [])
  }

  @Test("a pause and its end that come before the attendant is ready do no harm")
  func early() async throws {
    let script = "echo $$ >$READY; read x <$GO; exit 6"
    try await AttendantHarness.withFolder(sh: script) { folder in
      let attempt = try AttendantHarness.start(
        [AttendantHarness.executable, folder.path], folder, holding: .all)
      attempt.signal(SIGTSTP)
      attempt.signal(SIGCONT)
      attempt.go()
      #expect(try await attempt.end().record?.exit == 6)
    }
  }

  @Test("a paused tree whose engine dies is ended after the time set for that")
  func engineDies() async throws {
    let script = "echo $PPID >$READY; exec sleep 1d"
    try await AttendantHarness.withFolder(sh: script, .set(\.orphanGrace, 300)) { folder in
      let engine = try AttendantHarness.start(
        ["/bin/sh", "-c", "\"$0\" \"$1\" & wait", AttendantHarness.executable, folder.path], folder)
      let attendant = try #require(pid_t(try await engine.ready()))
      kill(attendant, SIGTSTP)
      engine.signal(SIGKILL)
      try await Readable.processEnd(attendant)
      let record = try folder.endRecord()
      #expect(record?.cause == .orphaned)
      #expect(record?.signal == SIGTERM)
      #expect(record.map { $0.pausedSeconds > 0.2 } == true)
    }
  }
}
