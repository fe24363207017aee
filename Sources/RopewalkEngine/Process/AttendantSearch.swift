// Knows how the attendant of a folder is found after its engine's death. Unaware of why it is sought.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire

extension Attendant {
  /// What became of an attempt whose engine is dead.
  package enum Found: Sendable {
    /// It has ended and was recorded.
    case ended(EndRecord)
    /// It goes on, and its attendant has us for its engine from now on.
    case alive(Attended)
    /// Nobody attends the folder, and nobody ever will. Of a killed attendant's program there may
    /// be something left, which only its marks can find.
    case gone
  }

  /// Looks for whoever attends a folder, and adopts it.
  ///
  /// An attendant is who holds the lock of the folder's `end.json.tmp` *and* is the process that is
  /// named there: number, moment of its start and boot. It is held by a descriptor before that is
  /// looked at, so no other process is ever signalled. A folder without one is marked, so that an
  /// attendant whose engine died while starting it starts nothing any more.
  ///
  /// - Throws: `SystemError` when it cannot be told; nothing was signalled then.
  package static func find(_ folder: AttemptFolder) throws -> Found {
    // One that is writing who it is, or how its program ended, has done so in a moment.
    for _ in 0..<500 {
      if let record = try folder.endRecord() { return .ended(record) }
      guard let claim = try EndClaim(folder) else { return .gone }
      if try claim.takeOver() {
        // It may have told its end between the two looks.
        return try folder.endRecord().map(Found.ended) ?? .gone
      }
      if let identity = claim.identity {
        guard let process = try pinned(identity) else {
          return try folder.endRecord().map(Found.ended) ?? .gone
        }
        process.signal(SIGUSR1)
        return .alive(Attended(adopted: process, folder: folder))
      }
      usleep(10_000)
    }
    return .gone
  }

  private static func pinned(_ identity: AttendantIdentity) throws(SystemError) -> PinnedProcess? {
    guard let pid = pid_t(exactly: identity.pid), pid > 1, pid != getpid() else { return nil }
    guard let process = PinnedProcess(pid) else {
      let failure = errno
      if failure == ESRCH || failure == EINVAL { return nil }
      throw SystemError("watch", "process \(pid)", errno: failure)
    }
    return process.matches(identity) ? process : nil
  }
}

/// The place of an attempt's end record while it is looked at.
private struct EndClaim: ~Copyable {
  private let folder: AttemptFolder
  private let descriptor: Int32

  /// - Returns: nil when there is no such folder.
  init?(_ folder: AttemptFolder) throws(SystemError) {
    self.folder = folder
    let path = folder.path + "/" + AttemptFiles.endReserved
    descriptor = csystem_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor >= 0 { return }
    let failure = csystem_errno()
    if failure == ENOENT || failure == ENOTDIR { return nil }
    throw SystemError("open", path, errno: failure)
  }

  deinit { close(descriptor) }

  /// Whether nobody holds the place. From then on nobody will: the folder says that it is abandoned.
  borrowing func takeOver() throws(SystemError) -> Bool {
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let failure = errno
      if failure == EWOULDBLOCK { return false }
      throw SystemError("lock", folder.path + "/" + AttemptFiles.endReserved, errno: failure)
    }
    let path = folder.path + "/" + AttemptFiles.abandoned
    let mark = csystem_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard mark >= 0 else { throw SystemError("write", path, errno: csystem_errno()) }
    close(mark)
    return true
  }

  /// Who holds it, by its own word; nil as long as it does not say.
  var identity: AttendantIdentity? {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    let line = bytes.prefix(count).prefix { $0 != UInt8(ascii: "\n") && $0 != 0 }
    // What is no JSON yet is being written.
    guard let document = try? JSONDocument(Array(line)) else { return nil }
    return AttendantIdentity(document.root)
  }
}
