// Knows how what a dead attendant left behind is found and ended. Unaware of why it died.

import CSystem
import Foundation

/// The processes of one attempt whose attendant was killed.
///
/// They became children of the engine, which is a subreaper, or of each other. They are known by
/// the attempt's marks in their environment, and nothing without these marks is ever signalled.
package struct OrphanTree: Sendable {
  /// `NAME=VALUE` strings that all have to be in a process's environment.
  private let marks: [[UInt8]]

  package init(marks: [String: String]) {
    self.marks = marks.map { Array("\($0)=\($1)".utf8) }
  }

  /// Kills what is left, round by round, until nothing is found any more.
  ///
  /// - Returns: what did not end within the deadline.
  package func end(within deadline: Duration = .seconds(10)) async -> [pid_t] {
    let clock = SuspendingClock()
    let limit = clock.now + deadline
    while true {
      let left = processes()
      if left.isEmpty || clock.now > limit { return left }
      for pid in left { kill(pid) }
      for pid in left { reap(pid) }
      // A cancelled sleep only makes the rounds follow each other faster.
      try? await clock.sleep(for: .milliseconds(5))
    }
  }

  /// Returns when none of them is left, or at the deadline; none is ended.
  package func ended(within deadline: Duration) async {
    let clock = SuspendingClock()
    let limit = clock.now + deadline
    while clock.now < limit, !processes().isEmpty {
      // A cancelled sleep only makes the looks follow each other faster.
      try? await clock.sleep(for: .milliseconds(5))
    }
  }

  private func kill(_ pid: pid_t) {
    let descriptor = csystem_pidfd_open(pid)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Looked at again now that the descriptor holds on to it: the number may be another's by now.
    guard isMarked(pid) else { return }
    _ = csystem_pidfd_send_signal(descriptor, SIGKILL)
  }

  /// Takes the end of one that became our own child; the others are their parents' to take.
  private func reap(_ pid: pid_t) {
    var status: Int32 = 0
    waitpid(pid, &status, WNOHANG)
  }

  private func processes() -> [pid_t] {
    // Without /proc nothing can be found, and nothing is ended that is not known to be ours.
    let names = (try? FileBytes.names(in: "/proc")) ?? []
    return names.compactMap(pid_t.init).filter { $0 != getpid() && isMarked($0) }
  }

  private func isMarked(_ pid: pid_t) -> Bool {
    do throws(SystemError) {
      let environment = try FileBytes.read("/proc/\(pid)/environ")
      let strings = Set(environment.split(separator: 0).map(Array.init))
      return marks.allSatisfy(strings.contains)
    } catch {
      // Another user's, or gone: not ours to end.
      return false
    }
  }
}
