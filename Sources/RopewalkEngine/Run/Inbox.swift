// Knows what has happened and has not been looked at yet, in the order of arrival.
// Unaware of what the events mean.

import Synchronization

/// The one door to the engine's loop: everything that happens goes in here, from any thread.
///
/// It is bounded for those who can wait (agents' events come by `put`, which suspends while the
/// box is full) and never refuses those who cannot (signals and ends come by `send`).
package final class Inbox<Item: Sendable>: Sendable {
  private struct State {
    var items: [Item] = []
    var reader: CheckedContinuation<[Item], Never>?
    var writers: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let limit: Int

  package init(limit: Int = 4096) { self.limit = limit }

  /// Adds an item at once.
  package func send(_ item: Item) {
    let reader = state.withLock { state -> CheckedContinuation<[Item], Never>? in
      guard let reader = state.reader else {
        state.items.append(item)
        return nil
      }
      state.reader = nil
      return reader
    }
    reader?.resume(returning: [item])
  }

  /// Adds an item, and waits until the box has room again. The item is never dropped, also when
  /// the caller is cancelled.
  package func put(_ item: Item) async {
    send(item)
    await withCheckedContinuation { writer in
      let mayGoOn = state.withLock { state in
        if state.items.count < limit { return true }
        state.writers.append(writer)
        return false
      }
      if mayGoOn { writer.resume() }
    }
  }

  /// All that has arrived, at least one item; waits when there is none. Only one reader at a time.
  package func next() async -> [Item] {
    await withCheckedContinuation { reader in
      let (items, writers) = state.withLock { state in
        if state.items.isEmpty {
          state.reader = reader
        }
        defer {
          state.items = []
          state.writers = []
        }
        return (state.items, state.writers)
      }
      if !items.isEmpty { reader.resume(returning: items) }
      for writer in writers { writer.resume() }
    }
  }
}
