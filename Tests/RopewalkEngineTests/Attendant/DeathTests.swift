// Knows what holds when the attendant, its engine or the disk fails. Unaware of the engine itself.

import Foundation
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("an attendant in bad times", .timeLimit(.minutes(10)))
struct DeathTests {
  @Test("a killed attendant leaves no end record")
  func killedAttendant() async throws {
    try await AttendantHarness.withFolder(sh: "echo up >$READY; exec sleep 1d") { folder in
      let attempt = try AttendantHarness.start(
        [AttendantHarness.executable, folder.path], folder)
      try await attempt.ready()
      attempt.signal(SIGKILL)
      let end = try await attempt.end()
      #expect(end.status == -SIGKILL)
      #expect(end.record == nil)
      // The tree lives on, for whoever finds it by its marks to end.
      let tree = TaggedProcesses(tag: folder.tag)
      #expect(tree.pids.count == 1)
      tree.kill()
    }
  }

  /// Runs an attended script whose attendant was started by a shell, the engine's stand-in.
  /// Kills the shell once the script runs, then does `next`, and returns the record.
  private func afterEngineDeath(
    sh script: String, orphanGrace: Int?, _ next: (AttendedFolder) -> Void
  ) async throws -> EndRecord? {
    try await AttendantHarness.withFolder(
      sh: "echo $PPID >$READY; \(script)", .set(\.orphanGrace, orphanGrace)
    ) { folder in
      let engine = try AttendantHarness.start(
        ["/bin/sh", "-c", "\"$0\" \"$1\" & wait", AttendantHarness.executable, folder.path], folder)
      let attendant = try #require(pid_t(try await engine.ready()))
      engine.signal(SIGKILL)
      next(folder)
      try await Readable.processEnd(attendant)
      return try folder.endRecord()
    }
  }

  @Test("an attendant whose engine dies ends its tree after the time set for that")
  func engineDeath() async throws {
    let record = try await afterEngineDeath(sh: "sleep 1d; :", orphanGrace: 300) { _ in }
    #expect(record?.cause == .orphaned)
    #expect(record?.signal == SIGTERM)
    #expect(record.map { $0.seconds >= 0.3 } == true)
  }

  @Test(
    "a program that ends while its engine is dead is recorded as ever", arguments: [nil, 600_000])
  func endsAfterEngine(orphanGrace: Int?) async throws {
    let record = try await afterEngineDeath(sh: "read x <$GO; exit 3", orphanGrace: orphanGrace) {
      $0.go.say("go")
    }
    #expect(record?.cause == .exited)
    #expect(record?.exit == 3)
  }

  @Test("a stopped engine is not a dead one")
  func engineStopped() async throws {
    let script = "echo $PPID >$READY; read x <$GO; exit 3"
    try await AttendantHarness.withFolder(sh: script, .set(\.orphanGrace, 0)) { folder in
      let engine = try AttendantHarness.start(
        ["/bin/sh", "-c", "\"$0\" \"$1\" & wait", AttendantHarness.executable, folder.path], folder)
      let attendant = try #require(pid_t(try await engine.ready()))
      engine.signal(SIGSTOP)
      engine.go()
      try await Readable.processEnd(attendant)
      #expect(try folder.endRecord()?.exit == 3)
      engine.signal(SIGCONT)
      _ = try await engine.end()
    }
  }

  @Test("fault 51: a program that fills the disk cannot keep its end from being told", .needsRoot)
  func diskFull() async throws {
    try await AttendantHarness.withFolder(sh: "head -c 1000000 /dev/zero; exit 5") { folder in
      let command = """
        mkdir "$1/disk" && mount -t tmpfs -o size=64k ropewalk "$1/disk" &&
        cp "$1/spec.json" "$1/disk/" && "$0" "$1/disk"
        status=$?; cp "$1/disk/end.json" "$1/"; exit $status
        """
      let end = try await AttendantHarness.start(
        ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", command]
          + [AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.status == 0)
      #expect(end.record?.exit == 5)
      #expect(end.record?.diskFull == true)
      #expect(end.record.map { $0.stdoutBytes > 0 && $0.stdoutBytes < 64 << 10 } == true)
    }
  }

  @Test("on a disk that is full from the start nothing is started", .needsRoot)
  func fullFromTheStart() async throws {
    try await AttendantHarness.withFolder(sh: "echo ran >../ran") { folder in
      let command = """
        mkdir "$1/disk" && mount -t tmpfs -o size=64k ropewalk "$1/disk" &&
        cp "$1/spec.json" "$1/disk/" && head -c 1000000 /dev/zero 2>/dev/null >"$1/disk/full"
        "$0" "$1/disk"
        """
      let end = try await AttendantHarness.start(
        ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", command]
          + [AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.status == 74)
      #expect(try folder.text("attendant.stderr").contains("nothing was started"))
      #expect(!folder.holds("ran"))
    }
  }

  @Test("an end that cannot be recorded is said aloud")
  func recordLost() async throws {
    let script = "rm end.json.tmp; exit 0"
    try await AttendantHarness.withFolder(sh: script) { folder in
      let end = try await AttendantHarness.start(
        [AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.status == 74)
      #expect(end.record == nil)
      let words = "the end record cannot be written: No such file or directory\n"
      #expect(try folder.text("attendant.stderr").hasSuffix(words))
      #expect(try folder.text(AttemptFiles.attendant).hasSuffix(words))
    }
  }
}
