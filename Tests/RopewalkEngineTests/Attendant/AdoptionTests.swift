// Knows how an attendant is found and adopted after its engine's death. Unaware of runs.

import CSystem
import Foundation
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("an attendant whose engine is dead", .timeLimit(.minutes(10)))
struct AdoptionTests {
  /// Starts an attended script through a shell, the engine's stand-in, and kills that.
  private func orphan<Value: Sendable>(
    sh script: String, orphanGrace: Int, _ body: (AttendedFolder) async throws -> Value
  ) async throws -> Value {
    try await AttendantHarness.withFolder(
      sh: "echo up >$READY; \(script)", .set(\.orphanGrace, orphanGrace)
    ) { folder in
      let engine = try AttendantHarness.start(
        ["/bin/sh", "-c", "\"$0\" \"$1\" & wait", AttendantHarness.executable, folder.path], folder)
      try await engine.ready()
      engine.signal(SIGKILL)
      try await Readable.processEnd(engine.pid)
      return try await body(folder)
    }
  }

  private func alive(_ found: Attendant.Found) -> Attended? {
    if case .alive(let attended) = found { attended } else { nil }
  }

  @Test("the engine that finds it is its engine: it lives on, and ends on request")
  func adopted() async throws {
    try await orphan(sh: "exec sleep 1d", orphanGrace: 1_000) { folder in
      let attempt = AttemptFolder(path: folder.path)
      let attended = try #require(alive(try Attendant.find(attempt)))
      // Another attendant measures out more time than a dead engine's would have.
      _ = try await AttendantHarness.end(sh: "sleep 1d") { $0.timeout = 1_500 }
      #expect(try folder.endRecord() == nil)
      attended.end(hard: false)
      guard case .recorded(let record) = await attended.ended() else {
        Issue.record("no record")
        return
      }
      #expect(record.cause == .cancelled)
      #expect(record.signal == SIGTERM)
      #expect(record.seconds >= 1.5)
      guard case .ended(record) = try Attendant.find(attempt) else {
        Issue.record("its end is not found")
        return
      }
    }
  }

  @Test("an adopted one that ends by itself is awaited without being our child")
  func ownEnd() async throws {
    try await orphan(sh: "read x <$GO; exit 3", orphanGrace: 60_000) { folder in
      let attended = try #require(alive(try Attendant.find(AttemptFolder(path: folder.path))))
      attended.pause()
      attended.resume()
      folder.go.say("go")
      guard case .recorded(let record) = await attended.ended() else {
        Issue.record("no record")
        return
      }
      #expect(record.exit == 3)
    }
  }

  @Test("an adopting engine can die too, and the time begins anew")
  func adopterDies() async throws {
    try await orphan(sh: "exec sleep 1d", orphanGrace: 1_000) { folder in
      let identity = try folder.identity()
      // A shell adopts by the signal that an engine sends, and dies.
      let shell = try await ChildProcess.run(
        executable: "/bin/sh", arguments: ["-c", "kill -USR1 \(identity.pid)"], environment: [:],
        directory: folder.path)
      #expect(shell.end == .exited(0))
      try await Readable.processEnd(pid_t(identity.pid))
      #expect(try folder.endRecord()?.cause == .orphaned)
    }
  }

  @Test("an identity that names another process is nobody's, and that process is not touched")
  func canary() async throws {
    try await orphan(sh: "read x <$GO; exit 3", orphanGrace: 60_000) { folder in
      var identity = try folder.identity()
      let attendant = pid_t(identity.pid)
      let canary = try await Spawner.shared.start(
        executable: "/bin/sleep", arguments: ["1d"],
        environment: [TaggedProcesses.variable: folder.tag], directory: "/")
      identity.pid = Int(canary.pid)
      try folder.write(identity)
      guard case .gone = try Attendant.find(AttemptFolder(path: folder.path)) else {
        Issue.record("the canary was taken for an attendant")
        return
      }
      folder.go.say("go")
      try await Readable.processEnd(attendant)
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
