// Knows how many may do something at once, and how blocking work is kept off the cooperative threads.
// Unaware of what the work is.

import Foundation
import Synchronization

/// Lets at most a stated number of tasks through at once, in the order of their coming.
///
/// A cancelled task keeps its place in the queue; the work looks at its cancellation when it is let in.
final class Gate: Sendable {
  private struct State {
    var free: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state: Mutex<State>

  init(width: Int) { state = Mutex(State(free: width)) }

  func pass<Value: Sendable, Failure: Error>(
    _ work: @Sendable () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    await enter()
    defer { leave() }
    return try await work()
  }

  private func enter() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        guard state.free == 0 else {
          state.free -= 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  private func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
      state.free += 1
      return nil
    }
    next?.resume()
  }
}

/// Does blocking work (files, locks) on a thread of its own and returns its result.
///
/// Cancellation is not looked at: the work runs to its end.
func offPool<Value: Sendable>(
  _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    // A queue of its own always gets a thread at once; the shared queue may be full of waiting work.
    DispatchQueue(label: "ropewalk.blocking").async {
      continuation.resume(with: Result(catching: work))
    }
  }
}
