// Knows how a program is run to its end and what that cost. Unaware of what it is compared with.

import Foundation
import RopewalkEngine

/// One program to be measured.
struct Command {
  var program: String
  var arguments: [String]
  var directory: String
  /// A file for standard input, else `/dev/null`.
  var input: String?
  /// Exit statuses that are fine.
  var accepting: Set<Int32> = [0]

  init(_ program: String, _ arguments: [String], in directory: String, input: String? = nil) {
    self.program = program
    self.arguments = arguments
    self.directory = directory
    self.input = input
  }

  /// What a run took, its waited-for descendants included.
  struct Cost {
    var seconds: Double
    var cpuSeconds: Double
    /// Of the largest process of the tree.
    var peakBytes: Int
  }

  /// Runs it with both streams going to one file. Blocks: nothing else runs in this program.
  ///
  /// - Throws: `BenchError.failed` with the end of what it printed.
  func run(in site: BenchSite) throws -> Cost {
    let output = try site.newFolder("output") + "/text"
    let clock = ContinuousClock()
    let begun = clock.now
    let pid = try start(output: output)
    var status: Int32 = 0
    var usage = rusage()
    while wait4(pid, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw SystemError("wait for", program) }
    }
    let wall = clock.now - begun
    let hasExited = status & 0x7f == 0
    guard hasExited, accepting.contains(status >> 8) else {
      let tail = try FileBytes.tail(output, count: 2000)
      throw BenchError.failed(
        program, status: status, output: String(decoding: tail, as: UTF8.self))
    }
    return Cost(
      seconds: wall / .seconds(1), cpuSeconds: usage.ru_utime.seconds + usage.ru_stime.seconds,
      peakBytes: Int(usage.ru_maxrss) << 10)
  }

  private func start(output: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Nothing else runs in this program, so its own directory may follow each child's.
    guard chdir(directory) == 0 else { throw SystemError("enter", directory) }
    posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    let words = ([program] + arguments).map { strdup($0) }
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, nil, words + [nil], environ)
    guard code == 0 else { throw BenchError.notStarted(program, String(cString: strerror(code))) }
    return pid
  }
}

extension timeval {
  var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
