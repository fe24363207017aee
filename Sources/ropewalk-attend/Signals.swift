// Knows which signals the attendant hears and how they are read in order. Unaware of what follows.

import CSystem
import Glibc

/// The signals of the attendant itself.
///
/// All are blocked but those that tell of its own mistakes, so that neither a stray SIGUSR1 nor a
/// terminal's SIGTTOU ends or stops it, and those it acts upon are read from a descriptor.
struct Signals {
  let descriptor: Int32

  enum Request {
    /// SIGTERM, SIGINT: end the tree with its grace time.
    case stop
    /// SIGQUIT: end the tree at once.
    case stopHard
  }

  /// What the starting program blocked or ignored must reach neither us nor the program.
  static func reset() {
    for number in 1..<Int32(65) { signal(number, SIG_DFL) }
    // Blocked signals stay pending for ever; these two would only be counted up.
    signal(SIGHUP, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    var blocked = sigset_t()
    sigfillset(&blocked)
    for number in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
      sigdelset(&blocked, number)
    }
    sigprocmask(SIG_SETMASK, &blocked, nil)
  }

  static func open() -> Result<Signals, SystemFailure> {
    var heard = sigset_t()
    sigemptyset(&heard)
    // SIGCHLD only wakes the loop; SIGUSR1 is, until it gets a meaning, passed over.
    for number in [SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGUSR1] { sigaddset(&heard, number) }
    let descriptor = csystem_signal_descriptor(&heard)
    return descriptor >= 0
      ? .success(Signals(descriptor: descriptor)) : .failure(SystemFailure(errno: errno))
  }

  /// The requests that have arrived, in their order. Never blocks.
  func taken() -> [Request] {
    var requests: [Request] = []
    while true {
      switch csystem_next_signal(descriptor) {
      case 0: return requests
      case SIGTERM, SIGINT: requests.append(.stop)
      case SIGQUIT: requests.append(.stopHard)
      default: continue
      }
    }
  }
}
