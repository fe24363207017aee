// Knows how long a task waits between tries. Unaware of schedules.

import RopewalkCore
import Testing

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy(
    attempts: 10, backoff: .seconds(10), factor: 2, jitter: 0.2, max: .seconds(60))

  @Test("pauses grow by the factor up to the longest one")
  func growth() {
    let pauses = (1...5).map { policy.delay(beforeRetry: $0, random: 0.5) }
    #expect(pauses == [10, 20, 40, 60, 60].map { .seconds($0) })
  }

  @Test("jitter lengthens or shortens a pause by its share, never beyond the longest")
  func jitter() {
    #expect(policy.delay(beforeRetry: 1, random: 0) == .seconds(8))
    #expect(policy.delay(beforeRetry: 1, random: 0.999_999) == .seconds(12))
    #expect(policy.delay(beforeRetry: 9, random: 0.999_999) == .seconds(60))
    #expect(policy.delay(beforeRetry: 9, random: 0) == .seconds(48))
  }

  @Test("any number of tries gives a pause that can be waited for")
  func extremes() {
    #expect(policy.delay(beforeRetry: .max, random: 0.5) == .seconds(60))
    let none = RetryPolicy(attempts: 3, backoff: .zero)
    #expect(none.delay(beforeRetry: .max, random: 0.9) == .zero)
    let flat = RetryPolicy(attempts: 3, factor: 1, jitter: 0)
    #expect(flat.delay(beforeRetry: 5, random: 0.9) == .seconds(10))
  }
}
