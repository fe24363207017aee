// Knows that a file has grown. Unaware of its contents.

import CSystem
import Foundation
import Synchronization

/// One thread that says when watched files were written to, for all attempts together.
package final class FileWatcher: Sendable {
  /// A watch on one file. `changed` is called by one consumer, which reads first and asks then.
  package final class Watch: Sendable {
    private struct State {
      var isDirty = true
      var isOver = false
      var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Returns once the file was written to after the last return, or `finish` was called.
    package func changed() async {
      await withCheckedContinuation { waiting in
        let isReady = state.withLock { state in
          if state.isDirty || state.isOver {
            state.isDirty = false
            return true
          }
          state.waiting = waiting
          return false
        }
        if isReady { waiting.resume() }
      }
    }

    /// Whether nothing more will be written.
    package var isOver: Bool { state.withLock { $0.isOver } }

    /// Says that nothing more will be written: `changed` returns at once from now on.
    package func finish() { notify(isOver: true) }

    fileprivate func notify(isOver: Bool = false) {
      let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
        state.isOver = state.isOver || isOver
        guard let waiting = state.waiting else {
          state.isDirty = true
          return nil
        }
        state.waiting = nil
        return waiting
      }
      waiting?.resume()
    }
  }

  private let descriptor: Int32
  private let watches = Mutex<[Int32: Watch]>([:])

  package init() throws(SystemError) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC))
    guard descriptor >= 0 else { throw SystemError("watch", "files") }
    let thread = Thread { [self] in work() }
    thread.name = "file watcher"
    thread.start()
  }

  /// Watches a file, which must exist, while `body` runs.
  package func watching<Value: Sendable>(
    _ path: String, _ body: (Watch) async throws -> Value
  ) async throws -> Value {
    let watch = Watch()
    // Held over the call, so that the first change cannot be told before it is known whose it is.
    let (id, failure) = watches.withLock { watches in
      let id = inotify_add_watch(descriptor, path, UInt32(IN_MODIFY))
      let failure = errno
      if id >= 0 { watches[id] = watch }
      return (id, failure)
    }
    guard id >= 0 else { throw SystemError("watch", path, errno: failure) }
    defer {
      watches.withLock { $0[id] = nil }
      inotify_rm_watch(descriptor, id)
    }
    return try await body(watch)
  }

  private func work() {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let headerSize = MemoryLayout<inotify_event>.size
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else {
        if errno == EINTR { continue }
        return
      }
      var at = 0
      while at + headerSize <= count {
        let event = buffer.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
        }
        at += headerSize + Int(event.len)
        let told = watches.withLock { watches in
          // A full kernel queue has lost names: everybody looks.
          event.mask & UInt32(IN_Q_OVERFLOW) != 0
            ? Array(watches.values) : watches[event.wd].map { [$0] } ?? []
        }
        for watch in told { watch.notify() }
      }
    }
  }
}
