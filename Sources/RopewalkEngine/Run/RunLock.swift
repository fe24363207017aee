// Knows which engine works on a run. Unaware of what it does.

import CSystem
import Foundation
import RopewalkWire

/// An exclusive lock on a run that dies with its holder, so that it can never be stale.
///
/// It is one of the kernel's locks on open files. Where a file system has none (some ways of
/// mounting NFS), taking it fails and the run is refused: nothing weaker is put in its place.
package final class RunLock: Sendable {
  private let descriptor: Int32

  private init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Takes the lock of `path` and writes down who holds it.
  ///
  /// - Returns: nil when another engine holds it.
  package static func take(_ path: String) throws(SystemError) -> RunLock? {
    let descriptor = csystem_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    guard csystem_lock(descriptor) == 0 else {
      let failure = SystemError("lock", path)
      close(descriptor)
      if failure.errno == EAGAIN || failure.errno == EACCES { return nil }
      throw failure
    }
    let lock = RunLock(descriptor: descriptor)
    let holder: JSON = [
      "pid": .int(Int(getpid())), "host": .string(ProcessInfo.processInfo.hostName),
    ]
    guard ftruncate(descriptor, 0) == 0 else { throw SystemError("write to", path) }
    try FileBytes.writeAll(holder.bytes + [UInt8(ascii: "\n")], to: descriptor, path: path)
    return lock
  }

  /// Who holds the lock of `path`, as it wrote down itself: "process 4711 on host `a`".
  package static func holder(_ path: String) -> String {
    // Whoever cannot be read about holds it all the same.
    guard let bytes = try? FileBytes.read(path, limit: 4096),
      let document = try? JSONDocument(bytes),
      let pid = document.root["pid"]?.int
    else { return "another process" }
    let host = document.root["host"]?.string.map { " on host `\($0.safeLine)`" } ?? ""
    return "process \(pid)\(host)"
  }

  /// Whether some engine holds the lock of `path` now. Looking takes no lock, so it never stands in
  /// the way of one who wants it.
  package static func isHeld(_ path: String) throws(SystemError) -> Bool {
    let descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0, errno == ENOENT { return false }
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    switch csystem_is_locked(descriptor) {
    case 0: return false
    case 1: return true
    default: throw SystemError("look at the lock of", path)
    }
  }
}
