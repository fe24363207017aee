// Knows how often a task is tried and how long it waits between. Unaware of what counts as a failure.

import RopewalkWire

/// How a failed task is tried again.
///
/// ```
/// {"attempts":3,"backoff":"10s","factor":2,"jitter":0.2,"max":"5m"}
/// ```
package struct RetryPolicy: Sendable, Equatable {
  /// Tries in all, the first included; 1 means that there is no second.
  package var attempts: Int
  /// The pause before the second try.
  package var backoff: Duration
  /// What each further pause is multiplied by.
  package var factor: Double
  /// By which part of itself, from 0 to 1, a pause is lengthened or shortened at random.
  package var jitter: Double
  /// The longest pause, jitter included.
  package var max: Duration

  /// A single try.
  package static let none = RetryPolicy(attempts: 1)
  /// What a plan gets that asks for tries without saying how many.
  package static let standardAttempts = 3

  package init(
    attempts: Int, backoff: Duration = .seconds(10), factor: Double = 2, jitter: Double = 0.2,
    max: Duration = .seconds(300)
  ) {
    self.attempts = attempts
    self.backoff = backoff
    self.factor = factor
    self.jitter = jitter
    self.max = max
  }

  /// The pause before the try that follows the `retry`-th one.
  ///
  /// - Parameters:
  ///   - retry: how many tries there were so far, from 1.
  ///   - random: at least 0 and below 1; a half gives the pause without jitter.
  package func delay(beforeRetry retry: Int, random: Double) -> Duration {
    let longest = max.inSeconds
    var seconds = min(backoff.inSeconds, longest)
    var left = Swift.max(retry, 1) - 1
    // It stops where nothing grows any more, so that the number of tries can be anything.
    while left > 0, seconds < longest, seconds > 0, factor > 1 {
      seconds = min(seconds * factor, longest)
      left -= 1
    }
    seconds *= 1 + jitter * (2 * random - 1)
    return .milliseconds(Int64((min(seconds, longest) * 1000).rounded()))
  }

  var json: JSON {
    .object([
      ("attempts", .int(attempts)), ("backoff", .string(DurationText.spelt(backoff))),
      ("factor", .double(factor)), ("jitter", .double(jitter)),
      ("max", .string(DurationText.spelt(max))),
    ])
  }
}

extension Duration {
  fileprivate var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
