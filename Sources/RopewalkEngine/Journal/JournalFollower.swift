// Knows how a journal is read while it is being written. Unaware of who writes it.

import Foundation
import RopewalkCore

/// Follows a journal from its beginning, at its own pace.
///
/// Observers read the file, not the engine: a slow one neither holds the engine up nor misses a
/// line, and within the engine's process or in another one it sees the same bytes.
package struct JournalFollower {
  /// One event and the very line that is in the journal, without its newline.
  package struct Entry: Sendable {
    package var event: RunEvent
    package var line: [UInt8]
  }

  private let path: String

  package init(path: String) { self.path = path }

  /// Gives every event to `body`, up to the one that ends the run.
  ///
  /// - Parameters:
  ///   - changes: says that there may be more to read; its end says that no more will come.
  ///   - earlier: the last event of the engines before; the run goes on after an end that they wrote.
  /// - Returns: how the reading ended; `.torn` when the writer died within a line.
  package func follow(
    _ changes: AsyncStream<Void>, after earlier: Int = 0, _ body: (Entry) -> Void
  ) async throws(SystemError) -> JournalReader.End {
    var reader = try JournalReader(path: path)
    defer { reader.close() }
    var isOver = false
    var end = JournalReader.End.clean
    func read() throws(SystemError) {
      end = try reader.readOn { event, line in
        body(Entry(event: event, line: Array(line)))
        switch event.payload {
        case .runFinished: isOver = event.seq > earlier
        case .runResumed: isOver = false
        default: break
        }
      }
    }
    try read()
    if isOver { return end }
    for await _ in changes {
      if case .damaged = end { break }
      try read()
      if isOver { return end }
    }
    try read()
    return end
  }
}
