// Knows the rules by which a runner file reads a CLI's output. Unaware of the output itself.

import RopewalkWire

/// How one CLI's output is read, as data.
package struct OutputRules: Sendable, Equatable {
  package enum Format: String, Sendable, CaseIterable {
    /// One JSON value a line; an array of them, on one line or many, will do too.
    case jsonl
    /// One JSON object, on one line or many.
    case json
    /// All of it is the answer, and the exit status is the only sign of success.
    case text
  }

  /// Where an event comes from.
  package enum Source: String, Sendable, CaseIterable { case stdout, file }

  /// Something to be taken from events.
  package struct Field: Sendable, Equatable {
    package enum Take: String, Sendable, CaseIterable { case first, last, sum, concat, count }

    package var from = Source.stdout
    package var when = EventMatch()
    package var unless: EventMatch?
    package var path: JSONPath?
    package var take = Take.last
    /// An event that makes what was gathered so far void.
    package var reset: EventMatch?
    /// Whether the figure counts the whole session, its earlier runs too.
    package var ofSession = false

    package init() {}

    package func applies(to event: JSONValue, from source: Source) -> Bool {
      from == source && when.matches(event) && unless?.matches(event) != true
    }
  }

  /// The paths of the four classes; those of a class are added up.
  package struct Tokens: Sendable, Equatable {
    package var from = Source.stdout
    package var when = EventMatch()
    package var sums = false
    package var input: [JSONPath] = []
    package var output: [JSONPath] = []
    package var cacheRead: [JSONPath] = []
    package var cacheWrite: [JSONPath] = []
    /// Whether the CLI counts what it read from the cache as input too.
    package var inputHoldsCacheRead = false
    /// Whether the figures count the whole session, its earlier runs too.
    package var ofSession = false

    package init() {}
  }

  /// A failure told by words or values.
  package struct CauseRule: Sendable, Equatable {
    package var cause: FailureCause
    /// The event in which a value says so.
    package var event: Field?
    /// Words in the failure's message, in lower case; they stand for whole words.
    package var message: [String] = []
    /// Exit statuses that say so.
    package var exits: [Int] = []

    package init(cause: FailureCause) { self.cause = cause }
  }

  /// How events of the CLI become events of ours.
  package struct EventRule: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable { case message, toolCall, toolResult }

    package var kind: Kind
    package var when = EventMatch()
    package var unless: EventMatch?
    /// The parts of the event that are one each; the event itself when nil.
    package var each: JSONPath?
    package var id: JSONPath?
    package var name: JSONPath?
    /// What the tool is used on; the first path that holds a text.
    package var summary: [JSONPath] = []
    package var text: JSONPath?
    /// Matches the part that tells of a tool that failed.
    package var failed: EventMatch?

    package init(kind: Kind) { self.kind = kind }
  }

  /// The kinds of events that a CLI is known to print, and where each event names its own.
  package struct Kinds: Sendable, Equatable {
    package var path: JSONPath
    package var values: [String]
  }

  /// Two texts between which a name stands.
  package struct Marks: Sendable, Equatable {
    package var after: String
    package var before: String
  }

  package var format = Format.text
  /// An event of another kind is shown as unknown; nil asks of no event what it is.
  package var kinds: Kinds?
  /// Whether exit status 0 is itself the sign that the work is done, as with plain text.
  package var exitIsTerminal = false
  package var isEndedByExit: Bool { exitIsTerminal || format == .text }
  package var session: [Field] = []
  package var model: [Field] = []
  package var text: [Field] = []
  package var message: [Field] = []
  package var terminal: [Field] = []
  /// An event after which the terminal one before it no longer counts.
  package var reopened: EventMatch?
  package var errors: [Field] = []
  package var causes: [CauseRule] = []
  package var tokens: [Tokens] = []
  package var cost: [Field] = []
  package var turns: [Field] = []
  /// When a limit of use ends, in seconds since 1970.
  package var resetsAt: [Field] = []
  package var denials: [Field] = []
  /// Lines of stderr that name a refused tool between two texts.
  package var stderrDenials: Marks?
  /// Beginnings of stderr lines that say nothing about a failure.
  package var stderrNotices: [String] = []
  /// Texts that stand for no answer.
  package var emptyTexts: [String] = []
  package var events: [EventRule] = []

  package init() {}
}
