// Knows a time that passes only when a test says so. Unaware of what waits for it.

import Synchronization

/// A clock whose sleepers wake when the test advances it.
package final class ManualClock: Clock {
  package struct Instant: InstantProtocol {
    package var offset: Duration
    package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    package func duration(to other: Instant) -> Duration { other.offset - offset }
    package static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private struct Sleeper {
    var id: Int
    var deadline: Instant
    var wake: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now = Instant(offset: .zero)
    var nextID = 0
    var sleepers: [Sleeper] = []
    var cancelled: Set<Int> = []
  }

  private let state = Mutex(State())
  private let begun: AsyncStream<Duration>.Continuation
  /// How long each sleeper means to sleep, as it lies down.
  package let sleeps: AsyncStream<Duration>

  package init() { (sleeps, begun) = AsyncStream.makeStream() }

  package var now: Instant { state.withLock { $0.now } }
  package var minimumResolution: Duration { .milliseconds(1) }

  package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { wake in
        let (isCancelled, duration) = state.withLock { state in
          if state.cancelled.contains(id) { return (true, Duration.zero) }
          state.sleepers.append(Sleeper(id: id, deadline: deadline, wake: wake))
          return (false, state.now.duration(to: deadline))
        }
        if isCancelled { wake.resume(throwing: CancellationError()) } else { begun.yield(duration) }
      }
    } onCancel: {
      let sleeper = state.withLock { state -> Sleeper? in
        state.cancelled.insert(id)
        guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
        return state.sleepers.remove(at: index)
      }
      sleeper?.wake.resume(throwing: CancellationError())
    }
  }

  /// Lets time pass and wakes those whose time has come.
  package func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let now = state.now
      let due = state.sleepers.filter { $0.deadline <= now }
      state.sleepers.removeAll { $0.deadline <= now }
      return due
    }
    for sleeper in due { sleeper.wake.resume() }
  }
}
