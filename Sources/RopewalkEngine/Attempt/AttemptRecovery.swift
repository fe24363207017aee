// Knows what an engine that died has left of one attempt: processes, files, nothing. Unaware of what the work is worth.

import Foundation
import RopewalkCore
import RopewalkWire

/// An attempt that another engine has begun.
struct AttemptRecovery {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let begun: ScheduleReplay.OpenAttempt

  /// What was found of it.
  struct Found {
    /// Under way, or how it ended.
    var source: AgentCall.Source
    /// What the agent has said is in the journal already, so many events.
    var toldEvents: Int
    var spec: AttemptSpec?
    /// Set where there is nothing to go on with.
    var lost: AttemptResult?
  }

  private var folder: AttemptFolder {
    AttemptFolder(path: site.folder.absolute(RunFolder.attempt(order.task.id, order.attempt)))
  }

  /// Finds the agent's program or how it ended; nothing else of the attempt runs afterwards.
  func find() async throws -> Found {
    try await endHelpers()
    let hasBegun = access(folder.path + "/" + AttemptFiles.endReserved, F_OK) == 0
    let folder = folder
    var found = Found(source: .ended(.lost("")), toldEvents: begun.toldEvents)
    switch try await offPool({ try Attendant.find(folder) }) {
    case .alive(let attended): found.source = .running(attended)
    case .ended(let record):
      // Whoever was killed in the midst of a verification has left it behind.
      await endOrphans()
      found.source = .ended(.recorded(record))
    case .gone:
      await endOrphans()
      found.source = .ended(.lost("its attendant and its engine were killed"))
      if !hasBegun, !folder.hasEnded {
        found.lost = interrupted("its engine died before it had begun")
      }
    }
    found.spec = folder.spec
    if found.spec == nil, found.lost == nil {
      found.lost = interrupted("its engine died before it had begun")
    }
    return found
  }

  /// Ends what was run for the attempt beside its agent: verification commands, summaries. They are run again.
  func endHelpers() async throws {
    let path = folder.path
    // No folder, nothing that was run in it.
    let names = (try? FileBytes.names(in: path)) ?? []
    for name in names.sorted() where name.hasPrefix("verify-") || name.hasPrefix("summary-") {
      let helper = AttemptFolder(path: path + "/" + name)
      if case .alive(let attended) = try await offPool({ try Attendant.find(helper) }) {
        attended.end(hard: true)
        _ = await attended.ended()
      }
      try await offPool { try Folder.remove(helper.path) }
    }
    guard case .agent = order.step.work else { return await endOrphans() }
  }

  private func endOrphans() async {
    _ = await OrphanTree(marks: order.marks(site.folder.run)).end()
  }

  /// The end of an attempt that did not fail: it is begun again, and no try is counted.
  func interrupted(_ why: String) -> AttemptResult { AttemptResult(failed: .orphaned, why) }
}

extension AttemptFolder {
  /// What the attendant was told; nil where that was never written whole.
  var spec: AttemptSpec? {
    guard let bytes = try? FileBytes.read(path + "/" + AttemptFiles.spec, limit: 16 << 20),
      let document = try? JSONDocument(bytes)
    else { return nil }
    return AttemptSpec(document.root)
  }

  /// Whether an end was written.
  var hasEnded: Bool { access(end, F_OK) == 0 }
}
