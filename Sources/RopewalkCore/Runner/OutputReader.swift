// Knows how the rules for a CLI's output stand in a runner file or a plan. Unaware of what they read.

import RopewalkWire

extension OutputRules {
  /// Reads what a plan says of a `command`'s output: `"text"`, `"json"`, `"jsonl"`, or an object of
  /// rules as a runner file has it.
  package static func decode(_ text: String) -> Result<OutputRules, PlanErrors> {
    StrictReader.read(Array(text.utf8), "`output`") { reader, root in
      var rules = reader.within(.key("output")) { $0.outputRules(root) }
      if rules.terminal.isEmpty { rules.exitIsTerminal = true }
      return rules
    }
  }
}

extension StrictReader {
  private static let outputKeys = Keys(
    owner: "`output`",
    known: [
      "format", "session", "model", "text", "message", "terminal", "reopened", "errors", "causes",
      "tokens", "cost", "turns", "denials", "resetsAt", "stderrDenials", "stderrNotices",
      "emptyTexts", "events", "kinds", "exitIsTerminal",
    ])

  mutating func outputRules(_ value: JSONValue) -> OutputRules {
    var rules = OutputRules()
    if value.kind == .string {
      rules.format = choice(value, of: OutputRules.Format.self) ?? .text
      return rules
    }
    object(value, Self.outputKeys) { reader, key, value in
      switch key {
      case "format": rules.format = reader.choice(value, of: OutputRules.Format.self) ?? .text
      case "session": rules.session = reader.fields(value)
      case "model": rules.model = reader.fields(value)
      case "text": rules.text = reader.fields(value)
      case "message": rules.message = reader.fields(value)
      case "terminal": rules.terminal = reader.fields(value)
      case "reopened": rules.reopened = reader.match(value)
      case "errors": rules.errors = reader.fields(value)
      case "causes": rules.causes = reader.list(value) { $0.causeRule($1) } ?? []
      case "tokens": rules.tokens = reader.list(value) { $0.tokens($1) } ?? []
      case "cost": rules.cost = reader.fields(value)
      case "turns": rules.turns = reader.fields(value)
      case "denials": rules.denials = reader.fields(value).map { $0.gathering() }
      case "resetsAt": rules.resetsAt = reader.fields(value)
      case "kinds": rules.kinds = reader.kinds(value)
      case "exitIsTerminal": rules.exitIsTerminal = reader.flag(value)
      case "stderrDenials": rules.stderrDenials = reader.pair(value)
      case "stderrNotices": rules.stderrNotices = reader.texts(value) ?? []
      case "emptyTexts": rules.emptyTexts = reader.texts(value) ?? []
      default: rules.events = reader.list(value) { $0.eventRule($1) } ?? []
      }
    }
    return rules
  }

  /// A list of fields, a single one, or a path alone.
  private mutating func fields(_ value: JSONValue) -> [OutputRules.Field] {
    if value.kind == .array { return list(value) { $0.field($1) } ?? [] }
    return field(value).map { [$0] } ?? []
  }

  private mutating func field(_ value: JSONValue) -> OutputRules.Field? {
    var field = OutputRules.Field()
    if value.kind == .string {
      field.path = path(value)
      return field
    }
    let keys = Keys(
      owner: "a field", known: ["from", "when", "unless", "path", "take", "reset", "ofSession"])
    object(value, keys) { reader, key, value in
      switch key {
      case "from": field.from = reader.choice(value, of: OutputRules.Source.self) ?? .stdout
      case "when": field.when = reader.match(value)
      case "unless": field.unless = reader.match(value)
      case "path": field.path = reader.path(value)
      case "take": field.take = reader.choice(value, of: OutputRules.Field.Take.self) ?? .last
      case "reset": field.reset = reader.match(value)
      default: field.ofSession = reader.flag(value)
      }
    }
    return field
  }

  private mutating func path(_ value: JSONValue) -> JSONPath? {
    guard let text = filledText(value) else { return nil }
    if let path = JSONPath(text) { return path }
    note(
      "\(text.quoted) is no path", hint: "write it as usage.input_tokens or items[].name",
      at: value.offset)
    return nil
  }

  private mutating func paths(_ value: JSONValue) -> [JSONPath] {
    value.kind == .array ? list(value) { $0.path($1) } ?? [] : path(value).map { [$0] } ?? []
  }

  private mutating func match(_ value: JSONValue) -> EventMatch {
    var match = EventMatch()
    names(value) { reader, member in
      guard let path = JSONPath(member.key) else {
        return reader.note("\(member.key.quoted) is no path", at: member.keyOffset)
      }
      let literals =
        member.value.kind == .array ? Array(member.value.elements) : [member.value]
      match.conditions.append((path, literals.compactMap { reader.literal($0) }))
    }
    return match
  }

  private mutating func literal(_ value: JSONValue) -> EventMatch.Literal? {
    switch value.kind {
    case .null: .nothing
    case .bool: .bool(value.bool == true)
    case .number: .number(value.double ?? 0)
    case .string: value.string == "*" ? .something : .text(value.string ?? "")
    case .array, .object:
      {
        wrongType(value, "a string, a number, true, false or null")
        return nil
      }()
    }
  }

  private mutating func causeRule(_ value: JSONValue) -> OutputRules.CauseRule? {
    var rule = OutputRules.CauseRule(cause: .agentError)
    let keys = Keys(owner: "a cause", known: ["cause", "event", "message", "exits"])
    object(value, keys) { reader, key, value in
      switch key {
      case "cause": rule.cause = reader.choice(value, of: FailureCause.self) ?? .agentError
      case "event": rule.event = reader.field(value)
      case "message": rule.message = (reader.texts(value) ?? []).map { $0.lowercased() }
      default: rule.exits = reader.list(value) { $0.whole($1, in: 1...255) } ?? []
      }
    }
    return rule
  }

  private mutating func tokens(_ value: JSONValue) -> OutputRules.Tokens? {
    var tokens = OutputRules.Tokens()
    let keys = Keys(
      owner: "`tokens`",
      known: [
        "from", "when", "take", "input", "output", "cacheRead", "cacheWrite", "inputHoldsCacheRead",
        "ofSession",
      ])
    object(value, keys) { reader, key, value in
      switch key {
      case "from": tokens.from = reader.choice(value, of: OutputRules.Source.self) ?? .stdout
      case "when": tokens.when = reader.match(value)
      case "take": tokens.sums = reader.choice(value, of: OutputRules.Field.Take.self) == .sum
      case "input": tokens.input = reader.paths(value)
      case "output": tokens.output = reader.paths(value)
      case "cacheRead": tokens.cacheRead = reader.paths(value)
      case "cacheWrite": tokens.cacheWrite = reader.paths(value)
      case "inputHoldsCacheRead": tokens.inputHoldsCacheRead = reader.flag(value)
      default: tokens.ofSession = reader.flag(value)
      }
    }
    return tokens
  }

  mutating func flag(_ value: JSONValue) -> Bool {
    if value.kind != .bool { wrongType(value, "true or false") }
    return value.bool == true
  }

  private mutating func kinds(_ value: JSONValue) -> OutputRules.Kinds? {
    var path: JSONPath?
    var values: [String] = []
    object(value, Keys(owner: "`kinds`", known: ["path", "values"])) { reader, key, value in
      if key == "path" { path = reader.path(value) } else { values = reader.texts(value) ?? [] }
    }
    if path == nil || values.isEmpty {
      note("`kinds` needs a `path` and `values`", at: value.offset)
    }
    return path.map { OutputRules.Kinds(path: $0, values: values) }
  }

  private mutating func pair(_ value: JSONValue) -> OutputRules.Marks? {
    guard let texts = texts(value) else { return nil }
    guard texts.count == 2 else {
      note("\(label) takes two texts: before and after the tool's name", at: value.offset)
      return nil
    }
    return OutputRules.Marks(after: texts[0], before: texts[1])
  }

  private mutating func eventRule(_ value: JSONValue) -> OutputRules.EventRule? {
    guard let kind = value["kind"] else {
      note("an event has no `kind`", at: value.offset)
      return nil
    }
    guard let kind = choice(kind, of: OutputRules.EventRule.Kind.self) else { return nil }
    var rule = OutputRules.EventRule(kind: kind)
    let keys = Keys(
      owner: "an event",
      known: [
        "kind", "when", "unless", "each", "id", "name", "summary", "text", "failed",
      ])
    object(value, keys) { reader, key, value in
      switch key {
      case "when": rule.when = reader.match(value)
      case "unless": rule.unless = reader.match(value)
      case "each": rule.each = reader.path(value)
      case "id": rule.id = reader.path(value)
      case "name": rule.name = reader.path(value)
      case "summary": rule.summary = reader.paths(value)
      case "text": rule.text = reader.path(value)
      case "failed": rule.failed = reader.match(value)
      default: break
      }
    }
    return rule
  }
}

extension OutputRules.Field {
  /// The same field, keeping every value that it meets.
  fileprivate func gathering() -> Self {
    var field = self
    field.take = .concat
    return field
  }
}
