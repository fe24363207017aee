// Knows which processes descend from a test, wherever they have gone. Unaware of what they do.

import CSystem
import Foundation

/// The processes that carry a test's tag in their environment or in their arguments.
package struct RopeProcesses: Sendable {
  package static let variable = "ROPEWALK_TEST_TAG"

  package let tag: String

  /// Those alive now, as "pid command". Zombies have neither environment nor arguments.
  package var alive: [(pid: pid_t, command: String)] {
    let mark = Array(tag.utf8)
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: "/proc")
    } catch {
      preconditionFailure("no `/proc`: \(error)")
    }
    return names.compactMap(pid_t.init).filter { $0 != getpid() }.compactMap { pid in
      let command = ProcFile.bytes("/proc/\(pid)/cmdline")
      guard Self.holds(command, mark) || Self.holds(ProcFile.bytes("/proc/\(pid)/environ"), mark)
      else { return nil }
      let words = command.map { $0 == 0 ? UInt8(ascii: " ") : $0 }
      return (pid, String(decoding: words, as: UTF8.self))
    }
  }

  /// Returns once none is left; what they start meanwhile is awaited too.
  package func ended() async {
    while let next = alive.first { await Self.end(of: next.pid) }
  }

  /// Kills what is left and returns once it is gone.
  package func kill() async {
    while case let left = alive, !left.isEmpty {
      for process in left { Glibc.kill(process.pid, SIGKILL) }
      for process in left { await Self.end(of: process.pid) }
    }
  }

  private static func end(of pid: pid_t) async {
    let descriptor = csystem_pidfd_open(pid)
    // It is gone already.
    guard descriptor >= 0 else { return }
    await withCheckedContinuation { continuation in
      let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
      source.setEventHandler { source.cancel() }
      source.setCancelHandler {
        close(descriptor)
        continuation.resume()
      }
      source.resume()
    }
  }

  private static func holds(_ bytes: [UInt8], _ mark: [UInt8]) -> Bool {
    Data(bytes).range(of: Data(mark)) != nil
  }
}
