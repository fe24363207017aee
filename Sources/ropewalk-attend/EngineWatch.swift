// Knows whether the process that started the attendant is still there. Unaware of what it does.

import CSystem
import Glibc

/// Watches the parent: by a descriptor that wakes the loop, and by the parent's number, which
/// changes when the parent dies and holds where there is no such descriptor.
struct EngineWatch {
  private let parent: pid_t
  /// Readable once the parent is dead; -1, which `poll` passes over, where that cannot be had.
  private(set) var descriptor: Int32

  init() {
    parent = getppid()
    descriptor = csystem_pidfd_open(parent)
    // Had the parent died before, the number could be another's by now; `isGone` says so.
  }

  func isGone(awoken: Bool) -> Bool { awoken || getppid() != parent }

  /// A dead parent stays dead: it need not wake anybody again.
  mutating func stop() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }
}
