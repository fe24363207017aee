// Knows the files of an attempt's folder and how they are opened. Unaware of their meaning.

import CSystem
import Glibc
import RopewalkWire

/// An attempt's folder, held by a descriptor: it stays the same one when the attendant changes its
/// own directory and when somebody renames the folder or one above it.
struct Folder {
  let path: String
  let descriptor: Int32

  init?(_ path: String) {
    self.path = path
    descriptor = csystem_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    if descriptor < 0 { return nil }
  }

  /// Opens a file of the folder, or any other by its absolute path. New ones are for the user
  /// alone, whatever the inherited umask takes away.
  func open(_ name: String, _ flags: Int32) -> Result<Int32, SystemFailure> {
    let mask = umask(0o077)
    defer { umask(mask) }
    let opened = csystem_openat(descriptor, name, flags | O_CLOEXEC, 0o600)
    return opened >= 0 ? .success(opened) : .failure(SystemFailure(errno: errno))
  }

  func read(_ name: String) -> Result<[UInt8], SystemFailure> {
    open(name, O_RDONLY).flatMap { file in
      defer { close(file) }
      return readAll(file)
    }
  }

  func holds(_ name: String) -> Bool { faccessat(descriptor, name, F_OK, 0) == 0 }

  /// Whether the disk has no room for another byte of ours.
  var isDiskFull: Bool {
    var status = statvfs()
    return fstatvfs(descriptor, &status) == 0 && status.f_bavail == 0
  }

  /// Says in `attendant.log` and on standard error why there is no end record.
  func complain(_ message: String) {
    let line = Array("\(path): \(message)\n".utf8)
    if case .success(let log) = open(AttemptFiles.attendant, O_WRONLY | O_CREAT | O_APPEND) {
      // Should the disk be full, standard error below is the second and last try.
      _ = write(log, line, line.count)
      close(log)
    }
    Complaint.say("\(path): \(message)")
  }
}

/// All bytes from a descriptor to its end.
func readAll(_ descriptor: Int32) -> Result<[UInt8], SystemFailure> {
  var bytes: [UInt8] = []
  let failure: Int32? = withUnsafeTemporaryAllocation(byteCount: 1 << 13, alignment: 16) { buffer in
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count == 0 { return nil }
      if count > 0 {
        bytes += buffer.prefix(count)
      } else if errno != EINTR {
        return errno
      }
    }
  }
  return failure.map { .failure(SystemFailure(errno: $0)) } ?? .success(bytes)
}
