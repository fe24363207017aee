// Knows what time it is and where chance comes from, so that tests can say so instead.
// Unaware of what is timed.

import Foundation
import RopewalkCore

/// Time and chance as the engine sees them.
package struct EngineTime: Sendable {
  /// The wall clock, for records only.
  package var now: @Sendable () -> Timestamp
  /// What pauses are measured by: awake time, which no setting of the wall clock moves.
  package var clock: any Clock<Duration>
  /// For the jitter of retries.
  package var seed: UInt64

  package init(
    now: @escaping @Sendable () -> Timestamp, clock: any Clock<Duration>, seed: UInt64
  ) {
    self.now = now
    self.clock = clock
    self.seed = seed
  }

  package static func real() -> EngineTime {
    EngineTime(
      now: {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
      },
      clock: SuspendingClock(), seed: .random(in: .min ... .max))
  }
}
