// Knows how a plan writes a command that checks a result. Unaware of how it is run.

import RopewalkWire

/// One command of a task's verification. Exit status 0 is a pass.
package enum VerifyCommand: Sendable, Equatable {
  /// A line for `sh -c`, as in `"swift test"`.
  case shell(String)
  /// A program and its arguments, with no shell between, as in `["swift", "test"]`. Never empty.
  case program([String])

  var json: JSON {
    switch self {
    case .shell(let line): .string(line)
    case .program(let words): .array(words.map(JSON.string))
    }
  }
}
