// Knows how attempts are played by a test: they say that they were asked for and end when told.
// Unaware of schedules and journals.

import RopewalkCore
import RopewalkEngine
import Synchronization

/// Attempts without processes: each waits until the test ends it.
package final class ScriptedAttempts: AttemptRunner {
  private struct State {
    var waiting: [String: CheckedContinuation<AttemptResult, Never>] = [:]
    var early: [String: AttemptResult] = [:]
  }

  private let state = Mutex(State())
  private let begun: AsyncStream<AttemptOrder>.Continuation
  /// Every attempt that was started, in order.
  package let orders: AsyncStream<AttemptOrder>

  private let told: AsyncStream<String>.Continuation
  /// Every pause and resume that an attempt was asked for, as `TASKn pause`.
  package let pauses: AsyncStream<String>

  package init() {
    (orders, begun) = AsyncStream.makeStream()
    (pauses, told) = AsyncStream.makeStream()
  }

  package func run(
    _ order: AttemptOrder, control: AttemptControl, reporter: any AttemptReporter
  ) async -> AttemptResult {
    let name = "\(order.task.id)\(order.attempt)"
    await reporter.starting(
      AttemptStart(
        folder: name, worktree: nil, start: nil, program: "scripted",
        isRepair: order.purpose == .repair))
    let asked: @Sendable (AttemptRequest) -> Void = { [self] request in
      switch request {
      case .end(let reason): end(name, AttemptResult(failed: .cancelled, reason.text))
      case .pause: told.yield("\(name) pause")
      case .resume: told.yield("\(name) resume")
      }
    }
    let ended = { [self] () async -> AttemptResult in
      await withCheckedContinuation { done in
        let early = state.withLock { state -> AttemptResult? in
          if let early = state.early.removeValue(forKey: name) { return early }
          state.waiting[name] = done
          return nil
        }
        if let early { done.resume(returning: early) }
        begun.yield(order)
      }
    }
    return await control.onRequest(asked, during: ended)
  }

  /// Ends the attempt `TASKn`; one that has not begun ends as soon as it does.
  package func end(_ name: String, _ result: AttemptResult = .good) {
    let done = state.withLock { state in
      let done = state.waiting.removeValue(forKey: name)
      if done == nil { state.early[name] = result }
      return done
    }
    done?.resume(returning: result)
  }
}

extension AttemptResult {
  /// A plain success.
  package static var good: AttemptResult {
    var result = AttemptResult()
    result.verdict = .changed
    return result
  }

  package static func bad(_ cause: FailureCause = .exitCode) -> AttemptResult {
    AttemptResult(failed: cause, "exit code 7")
  }
}
