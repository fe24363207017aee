// Knows how the end record reaches the disk whole or not at all. Unaware of what it says.

import Glibc
import RopewalkWire

/// The place of the end record, taken before the program starts.
///
/// 1. `reserve` creates `end.json.tmp` with room for any record, so that a program that fills the
///    disk cannot keep its own end from being told, and locks it, so that no second attendant
///    works in the same folder. It writes there who it is, for an engine that takes over.
/// 2. `write` fills it, syncs it, renames it to `end.json` and syncs the folder.
///
/// Until the rename there is no `end.json`; the lock goes with the attendant, however it dies.
struct EndFile {
  /// Far above the largest record: twenty leftovers with names of fifteen bytes.
  private static let reservedBytes: off_t = 8192

  private let folder: Folder
  private let descriptor: Int32

  static func reserve(in folder: Folder) -> Result<EndFile, SystemFailure> {
    folder.open(AttemptFiles.endReserved, O_RDWR | O_CREAT).flatMap { descriptor in
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        return .failure(SystemFailure(errno: errno))
      }
      let failure = posix_fallocate(descriptor, 0, reservedBytes)
      guard failure == 0 else { return .failure(SystemFailure(errno: failure)) }
      let file = EndFile(folder: folder, descriptor: descriptor)
      // Without `/proc` no program is started either.
      guard let identity = ProcFiles.ownIdentity() else { return .success(file) }
      return file.writeAll(identity.json.bytes + [UInt8(ascii: "\n")])
        ? .success(file) : .failure(SystemFailure(errno: errno))
    }
  }

  /// Puts the record in place; once this returns without an error it survives a power loss.
  func write(_ record: EndRecord) -> SystemFailure? {
    let bytes = record.json.bytes + [UInt8(ascii: "\n")]
    guard writeAll(bytes), ftruncate(descriptor, bytes.count) == 0, fsync(descriptor) == 0,
      renameat(folder.descriptor, AttemptFiles.endReserved, folder.descriptor, AttemptFiles.end)
        == 0,
      fsync(folder.descriptor) == 0
    else { return SystemFailure(errno: errno) }
    return nil
  }

  private func writeAll(_ bytes: [UInt8]) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress, $0.count, off_t(written))
      }
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        return false
      }
    }
    return true
  }
}
