// Knows how a test starts `ropewalk-attend` on a folder, talks to its program and awaits the end.
// Unaware of what is tested.

import CSystem
import Foundation
import RopewalkWire
import Synchronization

/// Starts attendants as the engine does, through Foundation, but without the engine.
package enum AttendantHarness {
  /// Foundation lets descriptors of two starts at the same time leak into each other.
  private static let oneAtATime = Mutex(())

  /// `ropewalk-attend` beside the running test bundle.
  package static var executable: String {
    get throws {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      let path = (own as NSString).deletingLastPathComponent + "/ropewalk-attend"
      guard access(path, X_OK) == 0 else { throw HarnessError("`\(path)` is not built") }
      return path
    }
  }

  /// Runs `body` with an attended shell script.
  ///
  /// The script finds the names of pipes in `$READY` and `$GO`: it writes a line to the first,
  /// which `AttendedScript.ready()` awaits, and reads one from the second, which `AttendedScript.go()` writes.
  /// Afterwards the attendant must have ended and no process of the attempt may be left.
  package static func attend<Value: Sendable>(
    sh script: String, _ change: SpecChange = .none,
    prompt: [UInt8]? = nil, _ body: (AttendedScript) async throws -> Value
  ) async throws -> Value {
    try await withFolder(sh: script, change, prompt: prompt) { folder in
      let attempt = try start([executable, folder.path], folder)
      let value = try await body(attempt)
      _ = try await attempt.end()
      return value
    }
  }

  /// Runs an attended shell script to its end.
  package static func end(
    sh script: String, _ change: @escaping (inout AttemptSpec) -> Void = { _ in },
    prompt: [UInt8]? = nil
  ) async throws -> AttendantEnd {
    try await attend(sh: script, SpecChange(change), prompt: prompt) { try await $0.end() }
  }

  /// Prepares a folder with its spec and starts nothing.
  package static func withFolder<Value: Sendable>(
    sh script: String, _ change: SpecChange = .none,
    prompt: [UInt8]? = nil, _ body: (AttendedFolder) async throws -> Value
  ) async throws -> Value {
    let folder = try AttendedFolder()
    defer { folder.remove() }
    let tagged = TaggedProcesses(tag: folder.tag)
    do {
      try folder.prepare(script, change, prompt: prompt)
      let value = try await body(folder)
      let left = tagged.names
      guard left.isEmpty else { throw HarnessError("left behind: \(left)") }
      return value
    } catch {
      tagged.kill()
      throw error
    }
  }

  /// Starts any command line that ends in an attendant of `folder`.
  package static func start(
    _ command: [String], _ folder: AttendedFolder, holding held: HeldSignals = .requests
  ) throws -> AttendedScript {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = try FileHandle(forWritingTo: folder.file("attendant.stderr"))
    process.standardError = errors
    let ending = Promise<Int32>()
    process.terminationHandler = { process in
      // Foundation frees what it holds for a process only for those who wait.
      process.waitUntilExit()
      let status = process.terminationStatus
      ending.fulfil(process.terminationReason == .exit ? status : -status)
    }
    try oneAtATime.withLock { _ in try with(held) { try process.run() } }
    try errors.close()
    return AttendedScript(folder: folder, pid: process.processIdentifier, ending: ending)
  }

  /// Foundation hands the thread's mask on. A request that comes before the attendant has made
  /// itself ready then waits for it instead of ending it.
  private static func with(_ held: HeldSignals, _ body: () throws -> Void) rethrows {
    var signals = sigset_t()
    sigemptyset(&signals)
    switch held {
    case .requests: for number in [SIGTERM, SIGINT, SIGQUIT] { sigaddset(&signals, number) }
    case .all: sigfillset(&signals)
    }
    var before = sigset_t()
    pthread_sigmask(SIG_SETMASK, &signals, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }
}

/// What a test's spec has differently from `AttendedFolder.prepare`'s.
package struct SpecChange {
  let apply: (inout AttemptSpec) -> Void

  package init(_ apply: @escaping (inout AttemptSpec) -> Void) { self.apply = apply }

  package static var none: SpecChange { SpecChange { _ in } }

  package static func set<Value>(
    _ path: WritableKeyPath<AttemptSpec, Value>, _ value: Value
  ) -> SpecChange {
    SpecChange { $0[keyPath: path] = value }
  }
}

/// What is blocked in the thread that starts an attendant.
package enum HeldSignals: Sendable {
  case requests
  case all
}

/// How an attendant ended and what it left in its folder.
package struct AttendantEnd: Sendable {
  /// The attendant's exit status; a signal that ended it as a negative number.
  package let status: Int32
  package let record: EndRecord?
  package let stdout: [UInt8]
  package let stderr: [UInt8]

  package var text: String { String(decoding: stdout, as: UTF8.self) }
}

/// An attendant under way.
package final class AttendedScript: Sendable {
  package let folder: AttendedFolder
  package let pid: pid_t
  private let ending: Promise<Int32>
  /// Bound to this attendant, so that no signal of a test goes astray.
  private let descriptor: Int32

  init(folder: AttendedFolder, pid: pid_t, ending: Promise<Int32>) {
    self.folder = folder
    self.pid = pid
    self.ending = ending
    descriptor = csystem_pidfd_open(pid)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func signal(_ number: Int32) {
    // One that has just ended has nothing to hear any more.
    _ = csystem_pidfd_send_signal(descriptor, number)
  }

  /// Returns the line that the script wrote to `$READY`.
  @discardableResult
  package func ready() async throws -> String { try await folder.ready.line() }

  /// Lets the script's `read` from `$GO` return.
  package func go() { folder.go.say("go") }

  package func end() async throws -> AttendantEnd {
    let status = await ending.value
    return AttendantEnd(
      status: status, record: try folder.endRecord(),
      stdout: try folder.bytes(AttemptFiles.stdout), stderr: try folder.bytes(AttemptFiles.stderr))
  }
}

/// What went wrong with a test's own means.
package struct HarnessError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// A value that comes later; any number may await it.
package final class Promise<Value: Sendable>: Sendable {
  private enum State {
    case open([CheckedContinuation<Value, Never>])
    case fulfilled(Value)
  }

  private let state = Mutex(State.open([]))

  package init() {}

  package func fulfil(_ value: Value) {
    let waiting = state.withLock { state -> [CheckedContinuation<Value, Never>] in
      guard case .open(let waiting) = state else { return [] }
      state = .fulfilled(value)
      return waiting
    }
    for continuation in waiting { continuation.resume(returning: value) }
  }

  package var value: Value {
    get async {
      await withCheckedContinuation { continuation in
        let ready = state.withLock { state -> Value? in
          switch state {
          case .fulfilled(let value): return value
          case .open(let waiting):
            state = .open(waiting + [continuation])
            return nil
          }
        }
        if let ready { continuation.resume(returning: ready) }
      }
    }
  }
}
