// Knows how to read how the machine stands, and how seldom that is enough. Unaware of limits.

import Foundation
import RopewalkCore
import Synchronization

/// Reads memory, load and disks, at most every `freshness`: what was read is used until then.
///
/// A reading takes some 50 microseconds; where something cannot be found out it says nothing of it.
package final class HostMonitor: Sendable {
  package static let freshness = Duration.milliseconds(200)

  private let disks: [String]
  private let last = Mutex<(at: SuspendingClock.Instant, reading: HostReading)?>(nil)

  /// - Parameter disks: folders on whose file systems there must be room.
  package init(disks: [String]) { self.disks = disks }

  package func reading() -> HostReading {
    let now = SuspendingClock().now
    return last.withLock { last in
      if let last, now - last.at < Self.freshness { return last.reading }
      var reading = HostFigures.read()
      reading.disks = disks.compactMap(Self.disk)
      last = (now, reading)
      return reading
    }
  }

  private static func disk(_ path: String) -> HostReading.Disk? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let bytes = { (blocks: UInt64) in
      Int(clamping: blocks.multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    }
    return HostReading.Disk(
      path: path, free: bytes(UInt64(status.f_bavail)), size: bytes(UInt64(status.f_blocks)))
  }
}
