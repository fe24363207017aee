// Knows what one member of a strategy did, as the report shows it. Unaware of the strategy.

import RopewalkWire

/// One attempt of a task with a strategy: an element of `contributions` in a task's status.
package struct Contribution: Sendable, Comparable {
  package var step: StepInfo
  package var attempt: Int
  package var agent: String?
  package var result: AttemptResult

  package static func < (left: Contribution, right: Contribution) -> Bool {
    (left.step.index, left.attempt) < (right.step.index, right.attempt)
  }

  package static func == (left: Contribution, right: Contribution) -> Bool {
    (left.step.index, left.attempt) == (right.step.index, right.attempt)
  }

  package var json: JSON {
    .known([
      ("agent", agent.map(JSON.string)), ("member", .string(step.member)),
      ("role", .string(step.role.rawValue)), ("round", .int(step.round)),
      ("attempt", .int(attempt)), ("output", result.text.map(JSON.string)),
      ("commit", result.commit.map { .string($0.text) }),
      ("verdict", result.verdict.map { .string($0.rawValue) }),
      ("cause", result.cause.map { .string($0.rawValue) }),
      ("message", result.message.map(JSON.string)), ("cost", result.usage?.cost.json),
      ("tokens", result.usage?.tokens?.json), ("seconds", .double(result.seconds)),
    ])
  }
}
