// Knows that the spending of a run is written down without holding anything up, and that a problem
// with it is told once. Unaware of what the book looks like.

import Dispatch
import RopewalkCore
import Synchronization

/// Writes what the agents of one run used into the user's book, one record after the other.
package final class SpendingLog: Sendable {
  private let book: SpendingBook?
  private let run: RunID
  /// The top folder of the repository.
  private let repository: String
  private let now: @Sendable () -> Timestamp
  /// The book's lock may be waited for, which no thread of the engine's may do.
  private let queue = DispatchQueue(label: "spending")
  private let hasFailed = Mutex(false)

  /// - Parameter book: nil where there is no place for one; then nothing is written down.
  package init(
    book: SpendingBook?, run: RunID, repository: String, now: @escaping @Sendable () -> Timestamp
  ) {
    self.book = book
    self.run = run
    self.repository = repository
    self.now = now
  }

  /// Adds what one run of an agent's program used.
  ///
  /// - Parameter onlyOnce: whether an engine that died may have written it down already.
  /// - Returns: a note for the attempt when it could not be written down, the first time.
  func add(
    _ usage: AttemptResult.Usage, model: String?, by agent: AgentRole, for order: AttemptOrder,
    onlyOnce: Bool = false
  ) async -> String? {
    guard let book else { return nil }
    let record = SpendingRecord(
      time: now(), run: run.text, repository: repository, task: order.task.id.text,
      attempt: order.attempt, agent: agent.name, runner: agent.runner,
      model: model ?? agent.model, usage: usage)
    let problem = await withCheckedContinuation { done in
      queue.async {
        let isThere = onlyOnce && book.holds(record)
        done.resume(returning: isThere ? nil : book.append(record))
      }
    }
    guard let problem else { return nil }
    return hasFailed.withLock { hasFailed in
      defer { hasFailed = true }
      return hasFailed ? nil : problem
    }
  }
}
