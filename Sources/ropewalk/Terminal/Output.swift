// Knows how text reaches stdout and stderr, and what to do when it cannot. Unaware of its content.

import Foundation
import RopewalkCore
import RopewalkEngine
import Synchronization

/// The program's two streams.
///
/// A reader that has gone (`| head -1`) is no error: the work goes on without it. A stream that
/// cannot be written for any other reason is remembered and told at the end.
final class Output: Sendable {
  let isJSON: Bool
  let isQuiet: Bool
  let isVerbose: Bool
  private let failure = Mutex<SystemError?>(nil)

  init(_ arguments: Arguments) {
    isJSON = arguments.has("json")
    isQuiet = arguments.has("quiet")
    isVerbose = arguments.has("verbose")
  }

  /// Results.
  func print(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO, named: "stdout") }

  func print(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO, named: "stdout") }

  /// Progress and diagnostics: one line.
  func note(_ line: String) {
    guard !isQuiet else { return }
    write(Array((line.safeForTerminal + "\n").utf8), to: STDERR_FILENO, named: "stderr")
  }

  /// Errors that are many lines, also when quiet.
  func complain(_ text: String) {
    write(Array((text.safeForTerminal + "\n").utf8), to: STDERR_FILENO, named: "stderr")
  }

  func report(_ failure: Failure) {
    let text = isJSON ? failure.json.text + "\n" : failure.text
    write(Array(text.utf8), to: STDERR_FILENO, named: "stderr")
  }

  /// Whether somebody may still read results: false once the other end of a pipe is closed.
  var hasReader: Bool {
    var stdout = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
    return poll(&stdout, 1, 0) <= 0 || stdout.revents & Int16(POLLERR) == 0
  }

  /// What could not be written, if anything.
  var problem: SystemError? { failure.withLock { $0 } }

  private func write(_ bytes: [UInt8], to descriptor: Int32, named name: String) {
    do throws(SystemError) {
      try FileBytes.writeAll(bytes, to: descriptor, path: name)
    } catch {
      guard error.errno != EPIPE else { return }
      failure.withLock { $0 = $0 ?? error }
    }
  }
}
