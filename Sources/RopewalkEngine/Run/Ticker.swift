// Knows how any number of observers learn that there is something new. Unaware of what it is.

import Synchronization

/// Tells observers that the journal has grown. Nobody waits for an observer: one that is busy finds one tick when it
/// looks again, and everything that was written meanwhile in the journal.
package final class Ticker: Sendable {
  private struct State {
    var observers: [AsyncStream<Void>.Continuation] = []
    var isOver = false
  }
  private let state = Mutex(State())

  package init() {}

  /// Ticks from now on; ends when no more will come.
  package func ticks() -> AsyncStream<Void> {
    let (stream, observer) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let isOver = state.withLock { state in
      if !state.isOver { state.observers.append(observer) }
      return state.isOver
    }
    if isOver { observer.finish() }
    return stream
  }

  package func tick() {
    for observer in state.withLock({ $0.observers }) { observer.yield() }
  }

  package func finish() {
    let observers = state.withLock { state in
      state.isOver = true
      defer { state.observers = [] }
      return state.observers
    }
    for observer in observers { observer.finish() }
  }
}
