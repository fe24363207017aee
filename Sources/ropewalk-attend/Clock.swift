// Knows the time. Unaware of deadlines.

import Glibc

enum Clock {
  /// Milliseconds by the clock that never jumps and stands still while the machine sleeps.
  static func monotonic() -> Int { milliseconds(CLOCK_MONOTONIC) }

  /// Milliseconds since 1970, for the record only.
  static func wall() -> Int { milliseconds(CLOCK_REALTIME) }

  private static func milliseconds(_ clock: clockid_t) -> Int {
    var time = timespec()
    clock_gettime(clock, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }
}
