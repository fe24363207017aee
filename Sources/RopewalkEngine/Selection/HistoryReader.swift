// Knows how the agents' history is read from the journals of earlier runs. Unaware of choices.

import Foundation
import RopewalkCore

/// Reads how well agents did in the newest runs of a repository.
///
/// It is only advice, so nothing of it ever fails a run: what cannot be read is not counted.
/// Of a long journal only the end is read, and of that only the lines of ended attempts.
package enum HistoryReader {
  /// Older runs than this many say nothing.
  package static let runs = 50
  /// The most that is read of one journal.
  package static let bytesPerJournal = 1 << 18

  private static let kind = Array(#""kind":"attemptFinished""#.utf8)
  /// The kind stands behind the number and the time of an event.
  private static let kindEnd = 120

  /// - Parameter current: a run that is not counted, since it is under way.
  package static func read(_ store: RunStore, except current: RunID? = nil) -> AgentHistory {
    var history = AgentHistory()
    let all = (try? RunFolder.all(in: store.runs)) ?? []
    for run in all.filter({ $0 != current }).suffix(runs) {
      for event in attempts(store.folder(run)) { history.apply(event) }
    }
    return history
  }

  /// The ended attempts of one run; none when its journal is damaged.
  private static func attempts(_ folder: RunFolder) -> [RunEvent] {
    guard let bytes = try? FileBytes.tail(folder.journal, count: bytesPerJournal) else { return [] }
    var rest = bytes[...]
    if bytes.count == bytesPerJournal {
      // It begins somewhere within a line.
      rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
    }
    var events: [RunEvent] = []
    // What follows the last line break was being written when the writer died.
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      guard isEndOfAttempt(line) else { continue }
      guard let event = try? JournalLine.decode(line), event.run == folder.run else { return [] }
      events.append(event)
    }
    return events
  }

  private static func isEndOfAttempt(_ line: ArraySlice<UInt8>) -> Bool {
    let head = line.prefix(kindEnd)
    var from = head.startIndex
    while let quote = head[from...].firstIndex(of: UInt8(ascii: "\"")) {
      if head[quote...].starts(with: kind) { return true }
      from = quote + 1
    }
    return false
  }
}
