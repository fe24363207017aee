// Knows which processes carry a test's mark in their environment. Unaware of what they do.

import CSystem
import Foundation
import RopewalkEngine

/// The processes that descend from one test, wherever they have gone: their environment holds
/// `ROPEWALK_TEST_TAG=` and the test's own tag.
package struct TaggedProcesses: Sendable {
  package static let variable = "ROPEWALK_TEST_TAG"

  package let tag: String

  package init(tag: String) { self.tag = tag }

  /// Those alive now, as "pid name"; ended ones that nobody has waited for have no environment.
  package var names: [String] {
    pids.map { pid in
      let command = ProcFile.bytes("/proc/\(pid)/cmdline").map { $0 == 0 ? UInt8(ascii: " ") : $0 }
      return "\(pid) \(String(decoding: command, as: UTF8.self))"
    }
  }

  /// Kills what is left and returns once it is gone. For the end of tests that leave something on
  /// purpose, and of those that failed.
  package func kill() {
    while case let left = pids, !left.isEmpty {
      for pid in left {
        let descriptor = csystem_pidfd_open(pid)
        guard descriptor >= 0 else { continue }
        defer { close(descriptor) }
        guard isTagged(pid) else { continue }
        _ = csystem_pidfd_send_signal(descriptor, SIGKILL)
        var source = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&source, 1, 1_000)
      }
    }
  }

  package var pids: [pid_t] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [pid_t] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let pid = pid_t(name), pid != getpid(), isTagged(pid) { found.append(pid) }
    }
    return found
  }

  private func isTagged(_ pid: pid_t) -> Bool {
    let mark = Array("\(Self.variable)=\(tag)".utf8) + [0]
    return Data(ProcFile.bytes("/proc/\(pid)/environ")).range(of: Data(mark)) != nil
  }
}

/// The files of `/proc`.
enum ProcFile {
  /// Nothing for a process that is gone or another user's: it cannot be the test's.
  static func bytes(_ path: String) -> [UInt8] { (try? FileBytes.read(path)) ?? [] }
}
