// Knows where spending is written down across runs, and how many writers share the place.
// Unaware of what the records add up to.

import CSystem
import Foundation
import RopewalkCore

/// The book of spending: `$XDG_STATE_HOME/ropewalk/spending.jsonl`, else that of `~/.local/state`.
///
/// One line for each ended attempt of every run of this user, for the user alone. Nothing that goes
/// wrong with it may fail a run: the run's own journal has the figures too.
package struct SpendingBook: Sendable {
  package let path: String

  /// Nil when there is neither `XDG_STATE_HOME` nor `HOME`: then nothing is written down.
  package init?(environment: [String: String]) {
    guard let folder = XDG.folder("XDG_STATE_HOME", ".local/state", environment) else {
      return nil
    }
    path = folder + "/spending.jsonl"
  }

  // MARK: - Writing

  /// Adds a record at the end, in one write. Waits for other writers a tenth of a second at most.
  ///
  /// - Returns: what went wrong, as a line for the user; the book then lacks this record.
  package func append(_ record: SpendingRecord) -> String? {
    do throws(SystemError) {
      try write(record.line)
      return nil
    } catch {
      return "the spending of this attempt is not written down: \(error)"
    }
  }

  private func write(_ line: [UInt8]) throws(SystemError) {
    var descriptor = open()
    if descriptor < 0, errno == ENOENT {
      try FileBytes.createFolder((path as NSString).deletingLastPathComponent)
      descriptor = open()
    }
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    lock(descriptor)
    let isTorn = try !endsWithLine(descriptor)
    try FileBytes.writeAll((isTorn ? [UInt8(ascii: "\n")] : []) + line, to: descriptor, path: path)
  }

  private func open() -> Int32 {
    csystem_open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
  }

  /// Takes the file's lock, which goes with the descriptor. A writer that holds it for long is
  /// stopped or dead to the world; no run waits for it, since appending is one write anyway.
  private func lock(_ descriptor: Int32) {
    for _ in 0..<20 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      usleep(5_000)
    }
  }

  /// Whether a writer that was killed left half a line, which must not swallow the next one.
  private func endsWithLine(_ descriptor: Int32) throws(SystemError) -> Bool {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size > 0 else { return true }
    let last = try FileBytes.chunk(of: descriptor, path: path, at: size - 1, size: 1)
    return last?.last == UInt8(ascii: "\n")
  }

  /// Whether the book has a record of the same attempt by the same agent.
  func holds(_ record: SpendingRecord) -> Bool {
    var isFound = false
    // A book that cannot be read is one that does not say so.
    _ = try? read { known in
      isFound =
        isFound
        || known.run == record.run && known.task == record.task && known.attempt == record.attempt
          && known.agent == record.agent && known.repository == record.repository
    }
    return isFound
  }

  // MARK: - Reading

  /// What reading came to.
  package struct Reading: Sendable, Equatable {
    /// Lines that hold no record and are left out; a torn last one is none of them.
    package var unreadableLines = 0

    package init() {}
  }

  /// Reads every record in the order in which attempts ended. No file is an empty book.
  package func read(_ take: (SpendingRecord) -> Void) throws(SystemError) -> Reading {
    var reading = Reading()
    let descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0, errno == ENOENT { return reading }
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    var splitter = LineSplitter()
    while let chunk = try FileBytes.chunk(of: descriptor, path: path, at: nil, size: 1 << 18) {
      for item in splitter.take(chunk) where !Self.take(item, take) {
        reading.unreadableLines += 1
      }
    }
    // A last line without its newline may be whole; if not, it is being written or torn.
    if let rest = splitter.finish() { _ = Self.take(rest, take) }
    return reading
  }

  /// Whether a line is a record, or empty.
  private static func take(
    _ item: LineSplitter.Item, _ take: (SpendingRecord) -> Void
  ) -> Bool {
    guard case .line(let line) = item else { return false }
    if line.isEmpty { return true }
    guard let record = SpendingRecord(line: line[...]) else { return false }
    take(record)
    return true
  }
}
