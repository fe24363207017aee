// Knows when it is worth looking at a run of another process again. Unaware of what changed.

import Foundation
import RopewalkCore

/// Watches a run from outside its engine.
package enum RunWatch {
  /// Ticks while an engine works on the run; ends after the tick that follows the engine's end.
  ///
  /// Runs of other processes are looked at five times a second: a look costs one lock call, and a
  /// person does not see the difference.
  ///
  /// - Parameter isWanted: asked with each look; a no ends the ticks as the engine's end does.
  package static func changes(
    _ folder: RunFolder, every interval: Duration = .milliseconds(200),
    while isWanted: @escaping @Sendable () -> Bool = { true }
  ) -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { ticks in
      let looking = Task {
        while !Task.isCancelled {
          // A lock that cannot be looked at is as good as none: the follower reads what there is.
          let isLive = (try? RunLock.isHeld(folder.lock)) ?? false
          ticks.yield()
          if !isLive || !isWanted() { break }
          // Cancellation ends the sleep, and the loop with it.
          try? await Task.sleep(for: interval)
        }
        ticks.finish()
      }
      ticks.onTermination = { _ in looking.cancel() }
    }
  }

  /// Returns when no engine works on the run any more, or after `limit`.
  ///
  /// - Returns: whether none does.
  package static func ended(_ folder: RunFolder, within limit: Duration?) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        for await _ in changes(folder) {}
        return !Task.isCancelled
      }
      if let limit {
        group.addTask {
          // Cancelled when the run has ended, and then its answer is not asked for.
          try? await Task.sleep(for: limit)
          return false
        }
      }
      defer { group.cancelAll() }
      return await group.next() ?? true
    }
  }
}
