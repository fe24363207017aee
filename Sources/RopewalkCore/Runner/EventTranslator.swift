// Knows how a CLI's events become events of ours, each tool use once. Unaware of success and cost.

import RopewalkWire

/// Turns what one CLI prints into agent events, by the rules of its runner.
struct EventTranslator: Sendable {
  private let rules: [OutputRules.EventRule]
  private let needsSession: Bool
  private let routes: EventRoutes
  private var saidWorking = false
  private var toolCalls: Set<String> = []
  private var toolResults: Set<String> = []

  init(_ rules: OutputRules) {
    self.rules = rules.events
    needsSession = !rules.session.isEmpty
    routes = EventRoutes(rules.kinds, rules.events.map(\.when))
  }

  /// - Parameter evidence: what is known by now, this event included.
  mutating func translate(_ event: JSONValue, _ evidence: Evidence) -> [AgentEvent] {
    var out: [AgentEvent] = []
    if !saidWorking {
      let session = evidence.sessionID
      saidWorking = session != nil || !needsSession
      if saidWorking { out.append(.working(sessionID: session, model: evidence.model)) }
    }
    for index in routes.rules(for: event) { translate(event, rules[index], &out) }
    return out
  }

  private mutating func translate(
    _ event: JSONValue, _ rule: OutputRules.EventRule, _ out: inout [AgentEvent]
  ) {
    guard rule.when.matches(event), rule.unless?.matches(event) != true else { return }
    for part in rule.each?.values(in: event) ?? [event] {
      if let translated = translate(part, rule) { out.append(translated) }
    }
  }

  private mutating func translate(
    _ part: JSONValue, _ rule: OutputRules.EventRule
  ) -> AgentEvent? {
    let id = rule.id?.first(in: part)?.string
    switch rule.kind {
    case .message:
      let text = rule.text?.values(in: part).compactMap(\.string).joined() ?? ""
      return text.isEmpty ? nil : .message(text)
    case .toolCall:
      if let id, !toolCalls.insert(id).inserted { return nil }
      let summary = rule.summary.lazy.compactMap { $0.first(in: part)?.string }.first
      return .toolCall(
        id: id, name: rule.name?.first(in: part)?.string ?? "tool",
        summary: summary.map { String($0.prefix(AgentOutputDecoder.shownLimit)) })
    case .toolResult:
      if let id, !toolResults.insert(id).inserted { return nil }
      return .toolResult(id: id, ok: rule.failed.map { !$0.matches(part) })
    }
  }
}

/// Which rules can apply to which kind of event, so that an event meets only its own.
struct EventRoutes: Sendable {
  private let path: JSONPath?
  private let byKind: [String: [Int]]
  private let all: [Int]

  /// - Parameter conditions: those of the rules, in their order.
  init(_ kinds: OutputRules.Kinds?, _ conditions: [EventMatch]) {
    path = kinds?.path
    all = Array(conditions.indices)
    var byKind: [String: [Int]] = [:]
    for kind in kinds?.values ?? [] {
      byKind[kind] = conditions.indices.filter { index in
        conditions[index].allows(kind, at: kinds?.path)
      }
    }
    self.byKind = byKind
  }

  func rules(for event: JSONValue) -> [Int] {
    guard let path, let kind = path.first(in: event)?.string else { return all }
    return byKind[kind] ?? all
  }

  /// Whether the event is of a kind that the runner file names; true where it names none.
  func isKnown(_ event: JSONValue) -> Bool {
    guard let path else { return true }
    return path.first(in: event)?.string.flatMap { byKind[$0] } != nil
  }
}

extension EventMatch {
  /// Whether an event with that text at that path can match at all.
  fileprivate func allows(_ text: String, at path: JSONPath?) -> Bool {
    conditions.allSatisfy { condition in
      condition.path != path
        || condition.allowed.contains { $0 == .something || $0 == .text(text) }
    }
  }
}
