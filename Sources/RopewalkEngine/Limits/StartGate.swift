// Knows how starts of one CLI are kept apart. Unaware of what is started.

import RopewalkCore
import Synchronization

/// Lets the programs of a runner start one after the other, at least the runner's `startsApart` from
/// each other, in the order of their coming. Runners without it pass at once.
///
/// It knows the starts of one run; other runs of the user are not waited for.
package final class StartGate: Sendable {
  private struct State {
    var nextID = 0
    /// Runners whose last start is too near.
    var closed: Set<String> = []
    var waiting: [String: [(id: Int, go: CheckedContinuation<Bool, Never>)]] = [:]
    var left: Set<Int> = []
  }

  private let state = Mutex(State())
  private let clock: any Clock<Duration>

  package init(clock: any Clock<Duration>) { self.clock = clock }

  /// Returns when the program may start, and early when the attempt is to end.
  package func pass(_ runner: RunnerSpec, _ control: AttemptControl) async {
    guard runner.startsApart > .zero else { return }
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    let isIn = await control.onRequest(
      { if case .end = $0 { self.leave(id) } },
      during: {
        await self.enter(runner.name, id)
      })
    state.withLock { _ = $0.left.remove(id) }
    guard isIn else { return }
    if control.reason == nil { close(runner) } else { open(runner.name) }
  }

  /// Waits until nobody else has just started; false when it is not to start any more.
  private func enter(_ name: String, _ id: Int) async -> Bool {
    await withCheckedContinuation { go in
      let isIn = state.withLock { state -> Bool? in
        if state.left.contains(id) { return false }
        // Nobody else may come through before this one's start is counted.
        if state.closed.insert(name).inserted { return true }
        state.waiting[name, default: []].append((id, go))
        return nil
      }
      if let isIn { go.resume(returning: isIn) }
    }
  }

  /// The attempt is to end: it waits no longer.
  private func leave(_ id: Int) {
    let go = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      state.left.insert(id)
      for (name, line) in state.waiting {
        guard let place = line.firstIndex(where: { $0.id == id }) else { continue }
        return state.waiting[name]?.remove(at: place).go
      }
      return nil
    }
    go?.resume(returning: false)
  }

  /// Opens the gate for the next one when it is time.
  private func close(_ runner: RunnerSpec) {
    let clock = clock
    Task {
      do {
        try await clock.sleep(for: runner.startsApart)
      } catch {
        // Nobody cancels it; if somebody did, the next one could go.
      }
      self.open(runner.name)
    }
  }

  private func open(_ name: String) {
    let go = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      guard let line = state.waiting[name], !line.isEmpty else {
        state.closed.remove(name)
        return nil
      }
      return state.waiting[name]?.removeFirst().go
    }
    go?.resume(returning: true)
  }
}
