// Knows that a CLI may live on after it has said that it is done. Unaware of what it said.

import Synchronization

/// Ends a program that does not end by itself after its terminal event: its work is done, and
/// some CLIs hang then.
final class AfterTerminal: Sendable {
  private struct State {
    var timer: Task<Void, Never>?
    var hasEnded = false
  }

  private let state = Mutex(State())
  /// From the terminal event to the request to end.
  private static let patience = Duration.seconds(10)

  /// Whether the program was told to end because of this.
  var hasEnded: Bool { state.withLock { $0.hasEnded } }

  /// Starts the patience, anew after a pause; nobody awaits the timer, which `cancel` ends.
  func begin(_ attended: Attended, _ control: AttemptControl) {
    let timer = Task { [weak self] in
      do {
        repeat { try await Task.sleep(for: Self.patience) } while control.isPaused
      } catch {
        // The program has ended by itself.
        return
      }
      self?.state.withLock { $0.hasEnded = true }
      attended.end(hard: false)
    }
    state.withLock { $0.timer = timer }
  }

  func cancel() {
    state.withLock { state in
      state.timer?.cancel()
      state.timer = nil
    }
  }
}
