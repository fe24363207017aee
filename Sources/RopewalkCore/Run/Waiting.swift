// Knows the event that says why nothing starts, though something could. Unaware of who decides it.

import RopewalkWire

/// Why nothing is started for now: the payload of `waiting`.
package struct Waiting: Sendable, Equatable {
  package enum Why: String, Sendable, CaseIterable {
    /// Everyone who could do what is left sleeps because of a provider's limit.
    case limited
    case memory, load, disk
  }

  package var why: Why
  /// One sentence without its full stop.
  package var message: String
  /// When it ends by itself; nil when nobody knows.
  package var until: Timestamp?

  package init(_ why: Why, _ message: String, until: Timestamp? = nil) {
    self.why = why
    self.message = message
    self.until = until
  }

  package var members: [(String, JSON?)] {
    [
      ("why", .string(why.rawValue)), ("message", .string(message)),
      ("until", until.map { .string($0.description) }),
    ]
  }

  package init?(_ value: JSONValue) {
    guard let why = value["why"]?.string.flatMap(Why.init) else { return nil }
    self.init(
      why, value["message"]?.string ?? "",
      until: value["until"]?.string.flatMap(Timestamp.init))
  }
}
