// Knows in which state a process is, as the kernel says. Unaware of why.

import Foundation
import RopewalkEngine

/// Whether processes run, are stopped or have ended.
package enum ProcessState {
  /// The kernel's letter; nil for a process that is gone.
  package static func letter(_ pid: pid_t) -> Character? {
    let line = String(decoding: ProcFile.bytes("/proc/\(pid)/stat"), as: UTF8.self)
    guard let end = line.lastIndex(of: ")") else { return nil }
    return line[end...].dropFirst(2).first
  }

  package static func isStopped(_ pid: pid_t) -> Bool { letter(pid) == "T" }

  package static func isAlive(_ pid: pid_t) -> Bool { letter(pid).map { $0 != "Z" } ?? false }

  /// The parent, or nil for a process that is gone.
  package static func parent(_ pid: pid_t) -> pid_t? {
    let line = String(decoding: ProcFile.bytes("/proc/\(pid)/stat"), as: UTF8.self)
    guard let end = line.lastIndex(of: ")") else { return nil }
    return pid_t(line[end...].split(separator: " ")[2])
  }

  /// Returns once the process is stopped, or once it is not. The kernel tells nobody but a parent
  /// of that, so it is looked at again and again.
  package static func wait(_ pid: pid_t, isStopped: Bool) async throws {
    let clock = ContinuousClock()
    let limit = clock.now + .seconds(45)
    while self.isStopped(pid) != isStopped {
      guard clock.now < limit else {
        throw HarnessError("process \(pid) is \(letter(pid).map(String.init) ?? "gone")")
      }
      await Task.yield()
    }
  }
}
