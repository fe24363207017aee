// Knows the folder of one test's attempt and the pipes to its script. Unaware of attendants.

import CSystem
import Foundation
import RopewalkWire

/// A temporary attempt folder with a tag of its own and two named pipes.
package final class AttendedFolder: Sendable {
  package let path: String
  package let tag: String
  package let ready: NamedPipe
  package let go: NamedPipe

  package init() throws {
    tag = UUID().uuidString
    path = NSTemporaryDirectory() + "ropewalk-\(tag)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    ready = try NamedPipe(path + "/ready")
    go = try NamedPipe(path + "/go")
  }

  /// What is still in use goes when it is closed; a folder that stays costs nothing.
  package func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Writes the spec of a shell script, which `change` may alter.
  package func prepare(
    _ script: String, _ change: SpecChange = .none, prompt: [UInt8]? = nil
  ) throws {
    var spec = AttemptSpec(
      program: "/bin/sh", arguments: ["-c", script], name: "sh",
      environment: [
        TaggedProcesses.variable: tag, "READY": path + "/ready", "GO": path + "/go",
      ],
      directory: path, stdin: prompt == nil ? nil : path + "/" + AttemptFiles.prompt,
      // A test that hangs is ended by its attendant, and fails by the cause.
      timeout: 300_000, drain: 200)
    change.apply(&spec)
    if let prompt { try Data(prompt).write(to: file(AttemptFiles.prompt)) }
    try Data(spec.json.bytes).write(to: file(AttemptFiles.spec))
    for name in [AttemptFiles.stdout, AttemptFiles.stderr, "attendant.stderr"] {
      try Data().write(to: file(name))
    }
  }

  package func file(_ name: String) -> URL { URL(fileURLWithPath: path + "/" + name) }

  package func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: file(name))) }

  package func text(_ name: String) throws -> String {
    String(decoding: try bytes(name), as: UTF8.self)
  }

  package func holds(_ name: String) -> Bool { access(path + "/" + name, F_OK) == 0 }

  package func endRecord() throws -> EndRecord? {
    guard holds(AttemptFiles.end) else { return nil }
    guard let record = EndRecord(try JSONDocument(bytes(AttemptFiles.end)).root) else {
      throw HarnessError("`end.json` is no end record: \(try text(AttemptFiles.end))")
    }
    return record
  }
}

/// A named pipe that is open at both ends, so that neither opening nor writing ever blocks.
package final class NamedPipe: Sendable {
  private let descriptor: Int32

  init(_ path: String) throws {
    guard mkfifo(path, 0o600) == 0 else { throw HarnessError("no pipe at `\(path)`") }
    descriptor = csystem_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw HarnessError("`\(path)` cannot be opened") }
  }

  deinit { close(descriptor) }

  package func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(descriptor, bytes, bytes.count)
  }

  /// The next line; waits on a thread of its own.
  package func line() async throws -> String {
    var line: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      if read(descriptor, &byte, 1) != 1 {
        try await Readable.wait(descriptor)
      } else if byte == UInt8(ascii: "\n") {
        return String(decoding: line, as: UTF8.self)
      } else {
        line.append(byte)
      }
    }
  }
}

/// Waits for descriptors without holding a thread of the pool.
package enum Readable {
  /// Returns once there is something to read, or, for a process's descriptor, once it has ended.
  package static func wait(_ descriptor: Int32) async throws {
    let isReadable = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var source = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        continuation.resume(returning: poll(&source, 1, 45_000) == 1)
      }
    }
    guard isReadable else { throw HarnessError("nothing to read after 45 s") }
  }

  /// Returns once the process has ended, be it a child of ours or not.
  package static func processEnd(_ pid: pid_t) async throws {
    let descriptor = csystem_pidfd_open(pid)
    guard descriptor >= 0 else {
      // Gone and waited for already.
      if errno == ESRCH { return }
      throw HarnessError("process \(pid) cannot be watched")
    }
    defer { close(descriptor) }
    try await wait(descriptor)
  }
}
