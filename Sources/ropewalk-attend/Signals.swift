// Knows which signals the attendant hears and how they are read in order. Unaware of what follows.

import CSystem
import Glibc

/// The signals of the attendant itself.
///
/// All are blocked but those that tell of its own mistakes, so that neither a stray SIGUSR2 nor a
/// terminal's SIGTTOU ends or stops it, and those it acts upon are read from a descriptor. Of a
/// pause and its end that come at the same time the kernel keeps only the later one.
struct Signals {
  let descriptor: Int32

  enum Request: Equatable {
    /// SIGTERM, SIGINT: end the tree with its grace time.
    case stop
    /// SIGQUIT: end the tree at once.
    case stopHard
    /// SIGTSTP: stop the tree until it is let go.
    case pause
    /// SIGCONT: let it go.
    case resume
    /// SIGUSR1: the sender is the engine from now on.
    case adopt(by: pid_t)
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
    // SIGCHLD only wakes the loop.
    for number in [SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGUSR1] {
      sigaddset(&heard, number)
    }
    let descriptor = csystem_signal_descriptor(&heard)
    return descriptor >= 0
      ? .success(Signals(descriptor: descriptor)) : .failure(SystemFailure(errno: errno))
  }

  /// The requests that have arrived, in their order. Never blocks.
  func taken() -> [Request] {
    var requests: [Request] = []
    var sender: pid_t = 0
    while true {
      switch csystem_next_signal(descriptor, &sender) {
      case 0: return requests
      case SIGTERM, SIGINT: requests.append(.stop)
      case SIGQUIT: requests.append(.stopHard)
      case SIGTSTP: requests.append(.pause)
      case SIGCONT: requests.append(.resume)
      // Of another kind of process tree, or of the kernel, there is nobody to watch.
      case SIGUSR1 where sender > 0: requests.append(.adopt(by: sender))
      default: continue
      }
    }
  }
}
