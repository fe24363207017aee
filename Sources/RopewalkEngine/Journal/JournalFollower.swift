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
  /// - Parameter changes: says that there may be more to read; its end says that no more will come.
  /// - Returns: how the reading ended; `.torn` when the writer died within a line.
  package func follow(
    _ changes: AsyncStream<Void>, _ body: (Entry) -> Void
  ) async throws(SystemError) -> JournalReader.End {
    var reader = try JournalReader(path: path)
    defer { reader.close() }
    var isOver = false
    var end = JournalReader.End.clean
    func read() throws(SystemError) {
      end = try reader.readOn { event, line in
        body(Entry(event: event, line: Array(line)))
        if case .runFinished = event.payload { isOver = true }
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
