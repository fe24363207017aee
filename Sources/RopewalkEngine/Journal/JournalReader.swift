// Knows how a journal is read back, and where one stopped being trustworthy.
// Unaware of what the events add up to.

import CSystem
import Foundation
import RopewalkCore

/// Reads a journal line by line, in bounded memory, and never changes it.
package struct JournalReader {
  /// How the reading ended.
  package enum End: Sendable, Equatable {
    /// The last line was whole.
    case clean
    /// The last line was being written when the writer died; that many bytes of it are there.
    case torn(bytes: Int)
    /// A line in the middle is not what was written. Nothing from there on was taken.
    case damaged(line: Int, String)
  }

  private let descriptor: Int32
  private let path: String
  private var offset = 0
  private var partial: [UInt8] = []
  private var lines = 0
  private var lastSeq = 0
  private(set) var run: RunID?

  /// Opens a journal; the caller must call `close`.
  package init(path: String) throws(SystemError) {
    self.path = path
    descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError("open", path) }
  }

  package func close() { Glibc.close(descriptor) }

  /// Reads a whole journal, giving each event to `body`.
  package static func read(
    _ path: String, _ body: (RunEvent) -> Void
  ) throws(SystemError) -> End {
    var reader = try JournalReader(path: path)
    defer { reader.close() }
    return try reader.readOn { event, _ in body(event) }
  }

  /// Takes in what was written since the last call; a line that has no end yet waits for the next.
  package mutating func readOn(
    _ body: (RunEvent, ArraySlice<UInt8>) -> Void
  ) throws(SystemError) -> End {
    while let chunk = try FileBytes.chunk(of: descriptor, path: path, at: offset, size: 1 << 18) {
      offset += chunk.count
      var rest = chunk[...]
      while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = partial.isEmpty ? rest[..<newline] : (partial + rest[..<newline])[...]
        partial = []
        rest = rest[(newline + 1)...]
        lines += 1
        switch check(line) {
        case .success(let event): body(event, line)
        case .failure(let damage): return .damaged(line: lines, damage.text)
        }
      }
      partial.append(contentsOf: rest)
    }
    return partial.isEmpty ? .clean : .torn(bytes: partial.count)
  }

  private mutating func check(_ line: ArraySlice<UInt8>) -> Result<RunEvent, LineDamage> {
    let event: RunEvent
    do throws(JournalLine.Damage) {
      event = try JournalLine.decode(line)
    } catch {
      return .failure(.line(error))
    }
    guard event.seq == lastSeq + 1 else {
      return .failure(.order(expected: lastSeq + 1, found: event.seq))
    }
    if let run, run != event.run { return .failure(.foreign(event.run)) }
    run = event.run
    lastSeq = event.seq
    return .success(event)
  }

  private enum LineDamage: Error {
    case line(JournalLine.Damage)
    case order(expected: Int, found: Int)
    case foreign(RunID)

    var text: String {
      switch self {
      case .line(.sum): "its checksum does not fit"
      case .line(.notAnEvent): "it is no event"
      case .order(let expected, let found): "it is number \(found) where \(expected) should be"
      case .foreign(let run): "it belongs to the run `\(run)`"
      }
    }
  }
}
