// Knows how lines get onto the disk, in order and whole. Unaware of what they say.

import CSystem
import Foundation
import RopewalkCore
import Synchronization

/// The one writer of a run's journal, on a thread of its own.
///
/// Every commit is one `write`; commits that carry a promise are followed by `fdatasync`, once
/// for all that have queued up meanwhile. The first failure is final: after a failed sync the
/// kernel may have dropped the pages, so nothing is tried again on the same file. A file that is no
/// longer where it was, since its repository was moved or deleted, has failed too: nobody would find
/// what is written to it.
package final class JournalWriter: Sendable {
  private struct Commit {
    var bytes: [UInt8]
    var isDurable: Bool
    var done: CheckedContinuation<SystemError?, Never>
  }

  private struct Queue {
    var commits: [Commit] = []
    var isClosed = false
  }

  private let queue = Mutex(Queue())
  private let wake = DispatchSemaphore(value: 0)
  private let descriptor: Int32
  private let path: String

  /// Creates the file, which must not exist, and makes its name durable in its folder.
  package convenience init(creating path: String) throws(SystemError) {
    try self.init(path: path, flags: O_CREAT | O_EXCL)
    try Self.syncFolder(of: path)
  }

  /// Opens a journal to go on with, after its whole lines.
  ///
  /// A torn last line is moved aside first, to `journal.jsonl.torn-SIZE`: nothing that was written is dropped.
  ///
  /// - Parameter torn: how many bytes at its end are no whole line.
  package convenience init(continuing path: String, torn: Int) throws(SystemError) {
    if torn > 0 { try Self.moveTornAside(path, torn) }
    try self.init(opening: path)
  }

  private static func moveTornAside(_ path: String, _ torn: Int) throws(SystemError) {
    let descriptor = csystem_open(path, O_RDWR | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { Glibc.close(descriptor) }
    let whole = Int(lseek(descriptor, 0, SEEK_END)) - torn
    let tail = try FileBytes.tail(path, count: torn)
    try FileBytes.replace("\(path).torn-\(whole)", tail)
    guard ftruncate(descriptor, off_t(whole)) == 0, fsync(descriptor) == 0 else {
      throw SystemError("cut the torn line off", path)
    }
  }

  /// Opens a file that is there already, such as a device on which every write fails.
  package convenience init(opening path: String) throws(SystemError) {
    try self.init(path: path, flags: 0)
  }

  private init(path: String, flags: Int32) throws(SystemError) {
    descriptor = csystem_open(path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0o600)
    self.path = path
    guard descriptor >= 0 else { throw SystemError("open", path) }
    let thread = Thread { [self] in work() }
    thread.name = "journal"
    thread.start()
  }

  /// Writes `bytes`, whole lines, after everything committed before.
  ///
  /// Returns when they are written, and with `durable` when they are on the disk. Cancelling the
  /// caller changes nothing: what was committed is written.
  package func commit(_ bytes: [UInt8], durable: Bool) async throws(SystemError) {
    let failure = await withCheckedContinuation { done in
      queue.withLock {
        $0.commits.append(Commit(bytes: bytes, isDurable: durable, done: done))
      }
      wake.signal()
    }
    if let failure { throw failure }
  }

  /// Ends the thread once everything committed is written.
  package func close() {
    queue.withLock { $0.isClosed = true }
    wake.signal()
  }

  private func work() {
    var failure: SystemError?
    while true {
      wake.wait()
      let (commits, isClosed) = queue.withLock { queue in
        defer { queue.commits = [] }
        return (queue.commits, queue.isClosed)
      }
      if failure == nil, !commits.isEmpty { failure = write(commits) }
      for commit in commits { commit.done.resume(returning: failure) }
      if isClosed, commits.isEmpty { break }
    }
    Glibc.close(descriptor)
  }

  private func write(_ commits: [Commit]) -> SystemError? {
    let bytes = commits.count == 1 ? commits[0].bytes : commits.flatMap(\.bytes)
    do throws(SystemError) {
      try checkPlace()
      try append(bytes)
    } catch {
      return error
    }
    if commits.contains(where: \.isDurable), fdatasync(descriptor) != 0 {
      return SystemError("sync", path)
    }
    return nil
  }

  /// - Throws: when the file is not in its place any more.
  package func checkPlace() throws(SystemError) {
    var (file, place) = (stat(), stat())
    guard fstat(descriptor, &file) == 0, stat(path, &place) == 0 else {
      throw SystemError("go on without the journal", path)
    }
    guard file.st_ino == place.st_ino, file.st_dev == place.st_dev else {
      throw SystemError("go on without the journal", path, errno: ESTALE)
    }
  }

  /// Writes every byte, by a call that nothing else in the program makes: so that whoever traces it, or lets it fail,
  /// meets the journal and nothing but the journal.
  private func append(_ bytes: [UInt8]) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { buffer in
        var piece = iovec(
          iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress), iov_len: buffer.count)
        return writev(descriptor, &piece, 1)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemError("write to", path)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Makes a created or renamed entry durable: without it a power loss may forget the name.
  package static func syncFolder(of path: String) throws(SystemError) {
    let folder = (path as NSString).deletingLastPathComponent
    let descriptor = csystem_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError("open", folder) }
    defer { Glibc.close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemError("sync", folder) }
  }
}
