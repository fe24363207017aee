// Knows the runs of a repository and how one is named by a person. Unaware of what they do.

import Foundation
import RopewalkCore

/// The runs that a repository remembers.
package struct RunStore: Sendable {
  /// The folder that holds the runs' folders.
  package let runs: String

  package init(stateDirectory: String) { runs = stateDirectory + "/runs" }

  package func folder(_ run: RunID) -> RunFolder { RunFolder(run: run, in: runs) }

  /// Why a run could not be told from its name.
  package enum LookupError: Error, Equatable {
    case none
    case unknown(String, near: [RunID])
    case ambiguous(String, [RunID])
  }

  /// The run of that name, or of that beginning or end; the newest for nil or `last`.
  package func find(_ name: String?) throws -> RunFolder {
    let all = try RunFolder.all(in: runs)
    guard let newest = all.last else { throw LookupError.none }
    guard let name, name != "last" else { return folder(newest) }
    if let exact = all.first(where: { $0.text == name }) { return folder(exact) }
    let like = all.filter { $0.text.hasPrefix(name) || $0.text.hasSuffix(name) }
    guard like.count < 2 else { throw LookupError.ambiguous(name, like) }
    guard let run = like.first else {
      throw LookupError.unknown(name, near: Array(all.suffix(5)))
    }
    return folder(run)
  }
}

/// How a run stands, read from its journal.
package struct RunStatus: Sendable {
  package var report: RunReport
  package var journal: JournalReader.End
  /// Whether an engine works on it now.
  package var isLive: Bool

  /// Folds the journal of a run; nothing is changed on the disk.
  package static func read(_ folder: RunFolder) throws(SystemError) -> RunStatus {
    // Asked before the journal is read: an engine that ends in between has written its last event.
    let isLive = try RunLock.isHeld(folder.lock)
    var report = RunReport()
    let end = try JournalReader.read(folder.journal) { report.apply($0) }
    if !isLive { report.engineIsGone() }
    return RunStatus(report: report, journal: end, isLive: isLive)
  }
}
