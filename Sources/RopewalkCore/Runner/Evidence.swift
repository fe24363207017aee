// Knows what all events of a run say together: success, cause, answer, figures.
// Unaware of lines and of how events are shown.

import RopewalkWire

/// Gathers what the events of one run say, by a runner's rules, and weighs it.
struct Evidence: Sendable {
  private enum Slot: Int, CaseIterable {
    case session, model, text, message, errors, causes, cost, turns, denials, resetsAt, terminal
  }

  private let rules: OutputRules
  private let routes: EventRoutes
  private var folds: [FieldFold] = []
  /// The folds of a slot stand side by side, in the order of the file.
  private var slots: [Range<Int>] = []
  private let tokenRoutes: EventRoutes
  private var tokenFolds: [TokenFold]
  private(set) var isTerminal = false

  /// What an event turned out to be.
  struct Taken {
    /// Whether its kind is one that the runner file names.
    var isKnown: Bool
    /// Whether it says once more that a run is done that cannot be reopened.
    var isSecondEnd: Bool
  }

  init(_ rules: OutputRules) {
    self.rules = rules
    tokenFolds = rules.tokens.map(TokenFold.init)
    tokenRoutes = EventRoutes(rules.kinds, rules.tokens.map(\.when))
    var conditions: [EventMatch] = []
    for slot in Slot.allCases {
      let fields = Self.fields(slot, rules)
      slots.append(folds.count..<folds.count + fields.count)
      folds += fields.map(FieldFold.init)
      // What can be made void must see the event that does so, whatever its kind.
      conditions += fields.map { $0.reset == nil ? $0.when : EventMatch() }
    }
    routes = EventRoutes(rules.kinds, conditions)
  }

  private static func fields(_ slot: Slot, _ rules: OutputRules) -> [OutputRules.Field] {
    switch slot {
    case .session: rules.session
    case .model: rules.model
    case .text: rules.text
    case .message: rules.message
    case .errors: rules.errors
    case .causes: rules.causes.compactMap(\.event)
    case .cost: rules.cost
    case .turns: rules.turns
    case .denials: rules.denials
    case .resetsAt: rules.resetsAt
    case .terminal: rules.terminal
    }
  }

  // MARK: - Events

  mutating func take(_ event: JSONValue, from source: OutputRules.Source) -> Taken {
    let isOver = isTerminal && source == .stdout && rules.reopened == nil
    if rules.reopened?.matches(event) == true { isTerminal = false }
    var isEnd = false
    for index in source == .stdout ? routes.rules(for: event) : Array(folds.indices) {
      if slots[Slot.terminal.rawValue].contains(index) {
        isEnd = folds[index].holds(event, from: source) || isEnd
      } else if !isOver || slots[Slot.cost.rawValue].contains(index) {
        // After the first terminal event nothing is believed any more, but money is still counted.
        folds[index].take(event, from: source)
      }
    }
    for index in source == .stdout ? tokenRoutes.rules(for: event) : Array(tokenFolds.indices) {
      tokenFolds[index].take(event, from: source)
    }
    if isEnd { isTerminal = true }
    return Taken(
      isKnown: source == .file || routes.isKnown(event), isSecondEnd: isEnd && isOver)
  }

  // MARK: - What was gathered

  private func folds(_ slot: Slot) -> ArraySlice<FieldFold> { folds[slots[slot.rawValue]] }

  private func text(_ slot: Slot) -> String? { folds(slot).lazy.compactMap(\.text).first }

  var sessionID: String? { text(.session) }
  var model: String? { text(.model) }

  /// Of several ways to count, the first that counts anything.
  private var tokenFold: TokenFold? {
    tokenFolds.first { !$0.isZero } ?? tokenFolds.first { $0.counts != nil }
  }

  private var costFold: FieldFold? { folds(.cost).first { $0.number != nil } }

  /// What this run used as far as it is known; a cost of which a part is missing is unknown.
  ///
  /// - Parameter earlier: what the session's earlier runs used, which some CLIs count as well.
  func usage(after earlier: AttemptResult.Usage?) -> AttemptResult.Usage {
    let usd = costFold.flatMap { $0.isPartial ? nil : $0.number }
    var usage = AttemptResult.Usage(
      tokens: tokenFold?.counts, cost: Cost(usd: usd, source: .reported))
    let share = SessionUsage.share(of: usage, after: earlier)
    if tokenFold?.rule.ofSession == true { usage.tokens = share.tokens }
    if costFold?.field.ofSession == true { usage.cost = share.cost }
    return usage
  }

  private var hasError: Bool { folds(.errors).contains { $0.hits > 0 } }

  // MARK: - The judgement

  func outcome(
    _ end: ProgramEnd, complaints: Complaints, earlier: AttemptResult.Usage?
  ) -> AgentOutcome {
    var outcome = AgentOutcome()
    outcome.text = text(.text)
    outcome.sessionID = sessionID
    outcome.model = model
    count(&outcome, earlier)
    outcome.turns = folds(.turns).lazy.compactMap(\.count).first { $0 > 0 }
    outcome.denials = folds(.denials).flatMap(\.texts) + complaints.denials
    outcome.hasTerminalEvent = isTerminal || rules.isEndedByExit && end == .exit(0)
    outcome.ok = outcome.hasTerminalEvent && !hasError && end == .exit(0)
    if !outcome.ok {
      outcome.message = text(.message) ?? complaints.message(end)
      outcome.cause = cause(end, outcome.message)
    }
    if outcome.cause == .rateLimited {
      outcome.rateLimitedUntil = folds(.resetsAt).lazy.compactMap(\.count).first
    }
    return outcome
  }

  private func count(_ outcome: inout AgentOutcome, _ earlier: AttemptResult.Usage?) {
    let usage = usage(after: earlier)
    outcome.tokens = usage.tokens
    outcome.cost = usage.cost
    if usage.cost.usd == nil, costFold?.isPartial == true {
      outcome.notes.append("the cost is unknown: not every step said its own")
    }
    if tokenFold?.hasFallen == true {
      outcome.notes.append("its token counts fell; the largest are taken")
    }
  }

  private func cause(_ end: ProgramEnd, _ message: String?) -> FailureCause {
    if case .signal = end, !hasError { return .killedBySignal }
    // Without a failure that somebody tells of, words about one mean nothing.
    if hasError || end != .exit(0), let told = toldCause(end, message) { return told }
    if hasError { return .agentError }
    switch end {
    case .exit(0), .unknown: return .incomplete
    case .exit: return .exitCode
    case .signal: return .killedBySignal
    }
  }

  /// The first cause in the file that a value, the message's words or the exit status names.
  private func toldCause(_ end: ProgramEnd, _ message: String?) -> FailureCause? {
    var events = folds(.causes)[...]
    for rule in rules.causes {
      if rule.event != nil, let fold = events.popFirst(), fold.hits > 0 { return rule.cause }
      if let message, rule.message.contains(where: { Phrase.holds(message, $0) }) {
        return rule.cause
      }
      if case .exit(let code) = end, rule.exits.contains(code) { return rule.cause }
    }
    return nil
  }
}
