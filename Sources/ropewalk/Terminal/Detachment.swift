// Knows how the program leaves the terminal that it was started from. Unaware of what it does there.

import CSystem
import Foundation
import RopewalkCore
import RopewalkEngine
import Synchronization

/// The program without its terminal: `ropewalk run --detach`.
///
/// 1. At the very start, before there is a second thread, the program is copied. The copy has no
///    terminal and no parent; what was started waits for its verdict.
/// 2. The copy prepares the run. What it has to say goes to the terminal still.
/// 3. When the run has begun, the copy lets go of the terminal and sends its verdict: an exit status,
///    and what is to be printed. What was started prints that and ends.
///
/// A copy that ends before step 3 sends its own exit status. One that nobody waits for any more, as
/// after Ctrl-C, is told so by `leave`.
final class Detachment: Sendable {
  /// Nil in a program that keeps its terminal.
  static var current: Detachment? { shared.withLock { $0 } }
  private static let shared = Mutex<Detachment?>(nil)

  /// Where the verdict goes; -1 once it is sent.
  private let verdict: Mutex<Int32>
  /// The descriptors above stderr that the program was started with. A plan may be read from one.
  private let inherited: [Int32]

  private init(verdict: Int32, inherited: [Int32]) {
    self.verdict = Mutex(verdict)
    self.inherited = inherited
  }

  /// Copies the program and returns in the copy only. To be called before anything makes a thread.
  static func begin() {
    let inherited = inheritedDescriptors()
    var pipe: Int32 = -1
    switch csystem_detach(&pipe) {
    case 0: shared.withLock { $0 = Detachment(verdict: pipe, inherited: inherited) }
    case 1: exit(outcome(from: pipe).rawValue)
    default:
      complain("error: \(SystemError("detach", "ropewalk", errno: csystem_errno()))\n")
      exit(ExitCode.environment.rawValue)
    }
  }

  /// Lets go of the terminal: from here on progress goes to the file `log`. Then says `text` there.
  ///
  /// - Returns: whether somebody heard it.
  func leave(log: String, saying text: String) throws(SystemError) -> Bool {
    let file = csystem_open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemError("open", log) }
    let nothing = csystem_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
    guard nothing >= 0 else { throw SystemError("open", "/dev/null") }
    for (from, to) in [(nothing, STDIN_FILENO), (nothing, STDOUT_FILENO), (file, STDERR_FILENO)] {
      guard dup2(from, to) == to else { throw SystemError("let go of", "the terminal") }
    }
    for descriptor in inherited + [file, nothing] { close(descriptor) }
    return send(.success, text)
  }

  /// Says how the program ended, if it has said nothing before.
  func end(_ exit: ExitCode) { _ = send(exit, "") }

  private func send(_ exit: ExitCode, _ text: String) -> Bool {
    let pipe = verdict.withLock { pipe in
      defer { pipe = -1 }
      return pipe
    }
    guard pipe >= 0 else { return true }
    defer { close(pipe) }
    do throws(SystemError) {
      try FileBytes.writeAll([UInt8(exit.rawValue)] + text.utf8, to: pipe, path: "the terminal")
      return true
    } catch {
      return false
    }
  }

  // MARK: - What was started

  /// Waits for the copy's verdict, prints what it has to say and returns its exit status.
  private static func outcome(from pipe: Int32) -> ExitCode {
    var bytes: [UInt8] = []
    do throws(SystemError) {
      while let chunk = try FileBytes.chunk(of: pipe, path: "pipe", at: nil, size: 4096) {
        bytes += chunk
      }
    } catch {
      complain("error: \(error)\n")
    }
    guard let first = bytes.first, let exit = ExitCode(rawValue: Int32(first)) else {
      complain("error: the engine ended before the run had begun\n")
      return .defect
    }
    do throws(SystemError) {
      try FileBytes.writeAll(Array(bytes.dropFirst()), to: STDOUT_FILENO, path: "stdout")
    } catch {
      // Nobody reads on; the run is under way all the same.
      if error.errno == EPIPE { return exit }
      complain(
        "error: \(error)\n  hint: the run goes on: \(String(decoding: bytes.dropFirst(), as: UTF8.self))"
      )
      return exit == .success ? .environment : exit
    }
    return exit
  }

  private static func complain(_ text: String) {
    // Where stderr is closed there is nobody to be told.
    try? FileBytes.writeAll(Array(text.utf8), to: STDERR_FILENO, path: "stderr")
  }

  private static func inheritedDescriptors() -> [Int32] {
    // Without /proc nothing is known to be inherited, and nothing is closed.
    let names = (try? FileBytes.names(in: "/proc/self/fd")) ?? []
    // The descriptor by which the folder was read is closed by now.
    return names.compactMap(Int32.init).filter { $0 > STDERR_FILENO && fcntl($0, F_GETFD) >= 0 }
  }
}
