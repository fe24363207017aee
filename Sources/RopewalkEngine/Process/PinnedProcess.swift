// Knows how one process is signalled and awaited that need not be a child of ours.
// Unaware of what it is.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire

/// A process held by a descriptor, so that nothing meant for it reaches another one of its number.
package final class PinnedProcess: Sendable {
  package let pid: pid_t
  private let descriptor: Int32

  /// - Returns: nil, with `errno`, when there is none of that number or it cannot be held.
  package init?(_ pid: pid_t) {
    self.pid = pid
    descriptor = csystem_pidfd_open(pid)
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }

  /// Whether a process is stopped, as by Ctrl-Z.
  package static func isStopped(_ pid: pid_t) -> Bool {
    // One that is gone is not stopped.
    guard let stat = try? FileBytes.read("/proc/\(pid)/stat"),
      let end = stat.lastIndex(of: UInt8(ascii: ")"))
    else { return false }
    return stat[end...].dropFirst(2).first == UInt8(ascii: "T")
  }

  /// Sends a signal; one that has ended just now has nothing to hear any more.
  package func signal(_ number: Int32) { _ = csystem_pidfd_send_signal(descriptor, number) }

  /// Whether this is the process of that identity: not before it was held, and not after its end.
  package func matches(_ identity: AttendantIdentity) -> Bool {
    guard identity.pid == Int(pid), let stat = try? FileBytes.read("/proc/\(pid)/stat"),
      AttendantIdentity.startTime(stat: stat) == identity.startTime,
      let boot = try? FileBytes.read(AttendantIdentity.bootFile)
    else { return false }
    return AttendantIdentity.boot(boot) == identity.boot
  }

  /// Returns once the process has ended; no thread waits for that, and nothing cuts it short.
  ///
  /// - Returns: how it ended, where it was a child of ours, which is reaped; else nil.
  package func end() async -> ChildEnd? {
    await withCheckedContinuation { continuation in
      let source = DispatchSource.makeReadSource(
        fileDescriptor: descriptor, queue: DispatchQueue(label: "ropewalk.process-end"))
      source.setEventHandler { source.cancel() }
      source.setCancelHandler { continuation.resume() }
      source.resume()
    }
    let status = csystem_reap(descriptor)
    guard status >= 0 else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
  }
}
