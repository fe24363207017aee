// Knows how an attendant is found and adopted after its engine's death. Unaware of runs.

import CSystem
import Foundation
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("an attendant whose engine is dead", .timeLimit(.minutes(10)))
struct AdoptionTests {
  /// Starts an attended script through a shell, the engine's stand-in, and kills that while the
  /// attendant is stopped: it learns of the death only when `body` lets it go on, with SIGCONT.
  private func orphan<Value: Sendable>(
    sh script: String, _ body: (AttendedFolder, PinnedProcess) async throws -> Value
  ) async throws -> Value {
    try await AttendantHarness.withFolder(
      sh: "echo $PPID >$READY; \(script)", .set(\.orphanGrace, 0)
    ) { folder in
      // In a session of its own, or the kernel would let it go on when the shell dies.
      let engine = try AttendantHarness.start(
        [
          "/bin/sh", "-c", "setsid \"$0\" \"$1\" & wait", AttendantHarness.executable, folder.path,
        ], folder)
      let pid = try #require(pid_t(try await engine.ready()))
      let attendant = try #require(PinnedProcess(pid))
      attendant.signal(SIGSTOP)
      try await ProcessState.wait(pid, isStopped: true)
      engine.signal(SIGKILL)
      try await Readable.processEnd(engine.pid)
      return try await body(folder, attendant)
    }
  }

  private func alive(_ found: Attendant.Found) -> Attended? {
    if case .alive(let attended) = found { attended } else { nil }
  }

  @Test("the engine that finds it is its engine: it lives on, and ends on request")
  func adopted() async throws {
    try await orphan(sh: "read x <$GO; echo on >$READY; exec sleep 1d") { folder, attendant in
      let attempt = AttemptFolder(path: folder.path)
      let attended = try #require(alive(try Attendant.find(attempt)))
      attendant.signal(SIGCONT)
      folder.go.say("go")
      // Without an engine it would have been ended at once.
      #expect(try await folder.ready.line() == "on")
      attended.end(hard: false)
      guard case .recorded(let record) = await attended.ended() else {
        Issue.record("no record")
        return
      }
      #expect(record.cause == .cancelled)
      #expect(record.signal == SIGTERM)
      guard case .ended(record) = try Attendant.find(attempt) else {
        Issue.record("its end is not found")
        return
      }
    }
  }

  @Test("an adopted one that ends by itself is awaited without being our child")
  func ownEnd() async throws {
    try await orphan(sh: "read x <$GO; exit 3") { folder, attendant in
      let attended = try #require(alive(try Attendant.find(AttemptFolder(path: folder.path))))
      attendant.signal(SIGCONT)
      attended.pause()
      attended.resume()
      folder.go.say("go")
      guard case .recorded(let record) = await attended.ended() else {
        Issue.record("no record")
        return
      }
      #expect(record.cause == .exited)
      #expect(record.exit == 3)
    }
  }

  @Test("an adopting engine can die too, and its death counts like the first one's")
  func adopterDies() async throws {
    try await orphan(sh: "read x <$GO; echo on >$READY; exec sleep 1d") { folder, attendant in
      // A shell adopts by the signal that an engine sends.
      let engine = try await Spawner.shared.start(
        executable: "/bin/sh",
        arguments: [
          "-c",
          "kill -USR1 \(attendant.pid); echo adopted >'\(folder.path)/ready'; exec sleep 1d",
        ], environment: ["PATH": "/usr/bin:/bin", TaggedProcesses.variable: folder.tag],
        directory: folder.path)
      #expect(try await folder.ready.line() == "adopted")
      attendant.signal(SIGCONT)
      folder.go.say("go")
      #expect(try await folder.ready.line() == "on")
      kill(engine.pid, SIGKILL)
      _ = await attendant.end()
      #expect(try folder.endRecord()?.cause == .orphaned)
      _ = await engine.end()
    }
  }

  @Test("an identity that names another process is nobody's, and that process is not touched")
  func canary() async throws {
    try await AttendantHarness.attend(sh: "echo up >$READY; read x <$GO; exit 3") { attempt in
      try await attempt.ready()
      let folder = attempt.folder
      var identity = try folder.identity()
      #expect(identity.pid == Int(attempt.pid))
      let canary = try await Spawner.shared.start(
        executable: "/bin/sleep", arguments: ["1d"],
        environment: [TaggedProcesses.variable: folder.tag], directory: "/")
      identity.pid = Int(canary.pid)
      try folder.write(identity)
      guard case .gone = try Attendant.find(AttemptFolder(path: folder.path)) else {
        Issue.record("the canary was taken for an attendant")
        return
      }
      attempt.go()
      #expect(try await attempt.end().record?.exit == 3)
      // Any signal that an attendant is sent would have ended it.
      #expect(ProcessState.isAlive(canary.pid))
      kill(canary.pid, SIGKILL)
      #expect(await canary.end() == .signalled(SIGKILL))
    }
  }

  @Test("where nobody attends the folder nobody ever will")
  func gone() async throws {
    try await AttendantHarness.withFolder(sh: "echo ran >ran") { folder in
      guard case .gone = try Attendant.find(AttemptFolder(path: folder.path)) else {
        Issue.record("somebody was found")
        return
      }
      // An attendant whose engine died while starting it comes now.
      let late = try AttendantHarness.start([AttendantHarness.executable, folder.path], folder)
      #expect(try await late.end().status == 65)
      #expect(!folder.holds("ran"))
      #expect(try folder.text("attendant.stderr").contains("nothing was started"))
      guard case .gone = try Attendant.find(AttemptFolder(path: folder.path + "/none")) else {
        Issue.record("a folder that does not exist has an attendant")
        return
      }
    }
  }

  @Test("a killed attendant is gone, whoever is left of its tree")
  func killedAttendant() async throws {
    try await AttendantHarness.withFolder(sh: "echo up >$READY; exec sleep 1d") { folder in
      let attempt = try AttendantHarness.start([AttendantHarness.executable, folder.path], folder)
      try await attempt.ready()
      attempt.signal(SIGKILL)
      _ = try await attempt.end()
      guard case .gone = try Attendant.find(AttemptFolder(path: folder.path)) else {
        Issue.record("a killed attendant was found")
        return
      }
      TaggedProcesses(tag: folder.tag).kill()
    }
  }
}

extension AttendedFolder {
  fileprivate func identity() throws -> AttendantIdentity {
    let line = try bytes(AttemptFiles.endReserved).prefix { $0 != UInt8(ascii: "\n") }
    return try #require(AttendantIdentity(try JSONDocument(Array(line)).root))
  }

  fileprivate func write(_ identity: AttendantIdentity) throws {
    let handle = try FileHandle(forWritingTo: file(AttemptFiles.endReserved))
    try handle.write(contentsOf: Data(identity.json.bytes + [UInt8(ascii: "\n")]))
    try handle.close()
  }
}
