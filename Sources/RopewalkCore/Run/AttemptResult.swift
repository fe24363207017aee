// Knows everything that is recorded of one ended attempt, and how it is written.
// Unaware of how it was found out.

import RopewalkWire

/// How one attempt ended, with its evidence: the payload of `attemptFinished`.
package struct AttemptResult: Sendable, Equatable {
  /// What the evidence says; nil when the attempt failed before there was any.
  package var verdict: Verdict?
  /// Why it failed; nil for a success.
  package var cause: FailureCause?
  /// The failure in words, most specific first.
  package var message: String?
  /// The program's exit status or the signal that ended it.
  package var exit: Int?
  package var signal: Int?
  /// The agent's final answer.
  package var text: String?
  package var sessionID: String?
  package var model: String?
  /// Nil when the program never ran: what did not run cost nothing.
  package var usage: Usage?
  /// What of the usage is the agent's own, where `usage` holds summaries for its prompt too.
  package var agentUsage: Usage?
  package var turns: Int?
  /// Tools that the agent asked for and was refused.
  package var denials: [String] = []
  /// The commit that holds the result, of a success, or what was left of a failure.
  package var commit: ObjectID?
  package var tree: ObjectID?
  /// Where the commit is tied: a branch for a success, a snapshot ref otherwise.
  package var ref: String?
  package var changedFiles: Int?
  /// From the attempt's start to its end, git and verification included.
  package var seconds: Double = 0
  /// How long the program and its tree lived.
  package var agentSeconds: Double?
  package var cpuSeconds: Double?
  package var peakMemoryBytes: Int?
  package var outputBytes: Int?
  /// Whether SIGKILL was needed.
  package var killed = false
  /// Processes that outlived the program and were ended.
  package var leftovers = 0
  /// What was changed outside of its worktree while it ran, the first hundred; see `Escape`.
  package var escaped: [String] = []
  package var escapedTotal = 0
  /// The pause that the provider asked for.
  package var retryAfter: Duration?
  /// Odd things worth a line in the report.
  package var notes: [String] = []
  /// The last lines that the program wrote to stderr, for failures.
  package var stderrTail: String?

  /// What an agent used and what it cost, as far as it said.
  package struct Usage: Sendable, Equatable {
    package var tokens: TokenCounts?
    package var cost: Cost

    package init(tokens: TokenCounts?, cost: Cost) {
      self.tokens = tokens
      self.cost = cost
    }

    /// Of something that ran and of which nobody knows more.
    package static let unknown = Usage(tokens: nil, cost: .unknown)

    /// The sum of both; a cost of which a part is unknown is unknown, with its known part.
    package func adding(_ other: Usage) -> Usage {
      var counts = tokens ?? other.tokens
      if let mine = tokens, let others = other.tokens { counts = mine.adding(others) }
      return Usage(tokens: counts, cost: cost.adding(other.cost))
    }

    var json: JSON { .known([("cost", cost.json), ("tokens", tokens?.json)]) }

    init?(_ value: JSONValue) {
      guard let cost = value["cost"].flatMap(Cost.init) else { return nil }
      self.init(tokens: value["tokens"].flatMap(TokenCounts.init), cost: cost)
    }
  }

  package init() {}

  package init(failed cause: FailureCause, _ message: String) {
    self.cause = cause
    self.message = message
  }

  /// What it adds to the figures of its session, which count no summaries.
  package var sessionUsage: Usage? { agentUsage ?? usage }

  package var isSuccess: Bool { cause == nil && verdict?.isSuccess == true }

  package var members: [(String, JSON?)] {
    [
      ("verdict", verdict.map { .string($0.rawValue) }),
      ("cause", cause.map { .string($0.rawValue) }),
      ("message", message.map(JSON.string)),
      ("exit", exit.map(JSON.int)),
      ("signal", signal.map(JSON.int)),
      ("output", text.map(JSON.string)),
      ("sessionId", sessionID.map(JSON.string)),
      ("model", model.map(JSON.string)),
      ("cost", usage?.cost.json),
      ("tokens", usage?.tokens?.json),
      ("agentUsage", agentUsage?.json),
      ("turns", turns.map(JSON.int)),
      ("denials", denials.isEmpty ? nil : .array(denials.map(JSON.string))),
      ("commit", commit.map { .string($0.text) }),
      ("tree", tree.map { .string($0.text) }),
      ("ref", ref.map(JSON.string)),
      ("changedFiles", changedFiles.map(JSON.int)),
      ("seconds", .double(seconds)),
      ("agentSeconds", agentSeconds.map(JSON.double)),
      ("cpuSeconds", cpuSeconds.map(JSON.double)),
      ("peakMemoryBytes", peakMemoryBytes.map(JSON.int)),
      ("outputBytes", outputBytes.map(JSON.int)),
      ("killed", killed ? true : nil),
      ("leftovers", leftovers == 0 ? nil : .int(leftovers)),
      ("escaped", escaped.isEmpty ? nil : .array(escaped.map(JSON.string))),
      ("escapedTotal", escapedTotal == 0 ? nil : .int(escapedTotal)),
      ("retryAfterSeconds", retryAfter.map { .double($0.seconds) }),
      ("notes", notes.isEmpty ? nil : .array(notes.map(JSON.string))),
      ("stderrTail", stderrTail.map(JSON.string)),
    ]
  }

  /// Reads back what `members` wrote; what is missing is unknown.
  package init(_ value: JSONValue) {
    verdict = value["verdict"]?.string.flatMap(Verdict.init)
    cause = value["cause"]?.string.flatMap(FailureCause.init)
    message = value["message"]?.string
    exit = value["exit"]?.int
    signal = value["signal"]?.int
    text = value["output"]?.string
    sessionID = value["sessionId"]?.string
    model = value["model"]?.string
    usage = Usage(value)
    agentUsage = value["agentUsage"].flatMap(Usage.init)
    turns = value["turns"]?.int
    denials = value["denials"]?.elements.compactMap(\.string) ?? []
    commit = value["commit"]?.string.flatMap(ObjectID.init)
    tree = value["tree"]?.string.flatMap(ObjectID.init)
    ref = value["ref"]?.string
    changedFiles = value["changedFiles"]?.int
    seconds = value["seconds"]?.double ?? 0
    agentSeconds = value["agentSeconds"]?.double
    cpuSeconds = value["cpuSeconds"]?.double
    peakMemoryBytes = value["peakMemoryBytes"]?.int
    outputBytes = value["outputBytes"]?.int
    killed = value["killed"]?.bool ?? false
    leftovers = value["leftovers"]?.int ?? 0
    escaped = value["escaped"]?.elements.compactMap(\.string) ?? []
    escapedTotal = value["escapedTotal"]?.int ?? 0
    retryAfter = value["retryAfterSeconds"]?.double.map { .seconds(min(max(0, $0), 1e9)) }
    notes = value["notes"]?.elements.compactMap(\.string) ?? []
    stderrTail = value["stderrTail"]?.string
  }
}

extension Duration {
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }

  package var milliseconds: Int {
    Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
  }
}
