// Knows how signals to the program become requests to a run. Unaware of how a run ends.

import Foundation
import RopewalkCore
import RopewalkEngine
import Synchronization

/// Turns signals into cancellations and pauses while a run is under way.
///
/// The first interrupt ends the run gracefully, the second without grace, the third ends the
/// program at once; its attendants then end what is left. The terminal's stop (Ctrl-Z) pauses the
/// run, agents included, before the program stops; continued, by `fg`, it goes on.
final class Interrupts: Sendable {
  private struct State {
    var first: Int32?
    var count = 0
    /// Whether the program is about to be stopped, or is.
    var isStopping = false
  }

  private let state = Mutex(State())
  // Safe to share: made in the initialiser, cancelled in the deinitialiser, never touched between.
  private nonisolated(unsafe) var sources: [any DispatchSourceSignal] = []

  /// - Parameter say: shows a line to the user.
  init(_ execution: RunExecution, say: @escaping @Sendable (String) -> Void) {
    let queue = DispatchQueue(label: "ropewalk.signals")
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      // `nohup` has made it ignored, and ignored it stays.
      if number == SIGHUP, Self.isIgnored(number) { continue }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      // Signals that come in quick succession arrive as one event with their count.
      source.setEventHandler { [weak self] in
        for _ in 0..<max(1, source.data) { self?.arrived(number, execution, say) }
      }
      source.resume()
      sources.append(source)
    }
    hearStop(queue, execution)
  }

  /// Stops the program once the run is paused.
  private func hearStop(_ queue: DispatchQueue, _ execution: RunExecution) {
    // A shell without job control could not continue it.
    if Self.isIgnored(SIGTSTP) { return }
    signal(SIGTSTP, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGTSTP, queue: queue)
    source.setEventHandler { [weak self] in
      let isFirst = self?.state.withLock { state in
        defer { state.isStopping = true }
        return !state.isStopping
      }
      guard isFirst == true else { return }
      execution.suspend { [weak self] in
        // To the thread itself: it does not get past this call before the program is continued.
        pthread_kill(pthread_self(), SIGSTOP)
        self?.state.withLock { $0.isStopping = false }
      }
    }
    source.resume()
    sources.append(source)
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  deinit { for source in sources { source.cancel() } }

  /// The exit code of a run that was ended by a signal; nil when none came.
  var exitCode: ExitCode? {
    state.withLock { $0.first }.map { ExitCode(rawValue: 128 + $0) ?? .interrupted }
  }

  private func arrived(
    _ number: Int32, _ execution: RunExecution, _ say: @Sendable (String) -> Void
  ) {
    let count = state.withLock { state in
      state.first = state.first ?? number
      state.count += 1
      return state.count
    }
    switch count {
    case 1:
      say("agents are told to stop, and their work is kept; once more ends them at once")
      execution.cancel(nil, number == SIGINT ? .interrupted : .terminated)
    case 2:
      say("ending at once")
      execution.cancel(nil, .forced)
    default:
      exit(128 + number)
    }
  }
}
