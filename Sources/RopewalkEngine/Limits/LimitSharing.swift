// Knows how a run tells the user's other runs of limits, and hears of theirs, without being held up.
// Unaware of what the book looks like.

import Dispatch
import RopewalkCore
import Synchronization

/// One run's way to the limits of all runs of the user.
package final class LimitSharing: Sendable {
  private let book: LimitBook
  private let now: @Sendable () -> Timestamp
  /// The book's lock may be waited for, which no thread of the engine's may do.
  private let queue = DispatchQueue(label: "limits")
  private struct State {
    var seen: LimitBook.Stamp?
    var hasFailed = false
  }
  private let state = Mutex(State())

  package init(_ book: LimitBook, now: @escaping @Sendable () -> Timestamp) {
    self.book = book
    self.now = now
  }

  /// The limits that are not over, when something has changed since the last call; else none.
  package func news() async -> (limits: [SharedLimit], problem: String?) {
    guard let stamp = book.stamp, state.withLock({ $0.seen != stamp }) else { return ([], nil) }
    state.withLock { $0.seen = stamp }
    let (book, now) = (book, now())
    return await withCheckedContinuation { done in
      queue.async {
        do throws(LimitBook.ReadError) {
          let limits = try book.read().filter { $0.rest(at: now) > .zero }
          done.resume(returning: (limits, nil))
        } catch {
          switch error {
          case .damaged: done.resume(returning: ([], book.setAside()))
          case .system(let error):
            done.resume(returning: ([], self.once("other runs' limits are not known: \(error)")))
          }
        }
      }
    }
  }

  /// Writes a limit down, after everything that was told before. Returns at once.
  ///
  /// - Parameter failed: called from another thread with what went wrong, the first time.
  package func tell(_ limit: SharedLimit, failed: @escaping @Sendable (String) -> Void) {
    write(failed) { $0.note(limit, at: $1) }
  }

  /// An account is not limited any more.
  package func isOver(_ account: AgentAccount, failed: @escaping @Sendable (String) -> Void) {
    write(failed) { $0.forget(account, at: $1) }
  }

  /// Returns when all that was told is written down.
  package func settled() async {
    await withCheckedContinuation { done in queue.async { done.resume() } }
  }

  private func write(
    _ failed: @escaping @Sendable (String) -> Void,
    _ body: @escaping @Sendable (LimitBook, Timestamp) -> String?
  ) {
    let (book, now) = (book, now())
    queue.async { if let problem = body(book, now).flatMap(self.once) { failed(problem) } }
  }

  /// A problem that was not told yet.
  private func once(_ problem: String) -> String? {
    state.withLock { state in
      defer { state.hasFailed = true }
      return state.hasFailed ? nil : problem
    }
  }
}
