// Knows whether the engine that started or adopted the attendant is still there.
// Unaware of what it does.

import CSystem
import Glibc

/// Watches the engine by a descriptor that wakes the loop; the parent also by its number, which
/// changes when the parent dies and holds where there is no such descriptor.
struct EngineWatch {
  /// Nil for an engine that is not the parent.
  private let parent: pid_t?
  /// Readable once the engine is dead; -1, which `poll` passes over, where that cannot be had.
  private(set) var descriptor: Int32

  init() {
    let parent = getppid()
    self.parent = parent
    descriptor = csystem_pidfd_open(parent)
    // Had the parent died before, the number could be another's by now; `isGone` says so.
  }

  /// Watches the engine that has just asked for it. One that has died since is gone at once.
  init(adopting engine: pid_t) {
    parent = nil
    descriptor = csystem_pidfd_open(engine)
  }

  func isGone(awoken: Bool) -> Bool {
    awoken || parent.map { getppid() != $0 } ?? (descriptor < 0)
  }

  /// A dead engine stays dead: it need not wake anybody again.
  mutating func stop() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
  }
}
