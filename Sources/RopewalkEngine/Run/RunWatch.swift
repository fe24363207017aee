// Knows when it is worth looking at a run of another process again. Unaware of what changed.

import Foundation
import RopewalkCore

/// Watches a run from outside its engine.
package enum RunWatch {
  /// Ticks while an engine works on the run; ends after the tick that follows the engine's end.
  ///
  /// Runs of other processes are looked at five times a second: a look costs one lock call, and a
  /// person does not see the difference.
  package static func changes(
    _ folder: RunFolder, every interval: Duration = .milliseconds(200)
  ) -> AsyncStream<Void> {
    AsyncStream(bufferingPolicy: .bufferingNewest(1)) { ticks in
      let looking = Task {
        while !Task.isCancelled {
          // A lock that cannot be looked at is as good as none: the follower reads what there is.
          let isLive = (try? RunLock.isHeld(folder.lock)) ?? false
          ticks.yield()
          if !isLive { break }
          // Cancellation ends the sleep, and the loop with it.
          try? await Task.sleep(for: interval)
        }
        ticks.finish()
      }
      ticks.onTermination = { _ in looking.cancel() }
    }
  }
}
