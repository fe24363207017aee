// Knows how strategies stand in a plan. Unaware of how they go on.

import RopewalkWire

/// The prompts and the names of agents that a task's strategy brought along, to be checked when all is read.
struct StrategyDraft {
  var strategy = Strategy.single
  var agents: [(name: String, offset: Int, path: [StrictReader.Step])] = []
  /// Whether `{{item}}` stands for something.
  var hasItems = false
  /// Whether a part of it was refused, so that the whole is not what was meant.
  var isRefused = false
}

extension StrictReader {
  private static let kinds = ["multi", "parallel", "debate", "split", "candidates"]
  /// Strategies in strategies: nobody can follow more.
  private static let deepest = 5
  private static let strategyForms =
    "a strategy is \"single\", \"auto\" or one of { multi: […] }, { parallel: […] }, { debate: […] }, "
    + "{ split: {…} }, { candidates: […] }"

  mutating func strategy(_ value: JSONValue, _ task: Int, _ drafts: inout TaskDrafts)
    -> StrategyDraft
  {
    var draft = StrategyDraft()
    let errors = errorCount
    draft.strategy = strategy(value, task, depth: 1, &draft, &drafts) ?? .single
    draft.isRefused = errorCount > errors
    if case .split(let source, _, _, _) = draft.strategy.kind { draft.hasItems = source.hasItems }
    return draft
  }

  private mutating func strategy(
    _ value: JSONValue, _ task: Int, depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> Strategy? {
    if depth > Self.deepest {
      note(
        "strategies are nested more than \(Self.deepest) deep",
        hint: "make tasks of their own of the inner ones", at: value.start)
      return nil
    }
    if let text = value.string {
      switch text {
      case "single": return .single
      case "auto": return Strategy(.auto)
      default:
        note(
          "`strategy` cannot be \(text.quoted)",
          hint: Self.kinds.contains(text)
            ? "say with whom, as in { \(text): […] }"
            : NearName.hint(
              for: text, in: ["single", "auto"] + Self.kinds, owner: "it takes one of"),
          at: value.start)
        return nil
      }
    }
    guard value.kind == .object else {
      wrongType(value, "a string or an object", hint: Self.strategyForms)
      return nil
    }
    let kinds = Self.kinds.filter { value[$0] != nil }
    guard kinds.count == 1 else {
      let what = kinds.isEmpty ? "names no strategy" : "names \(kinds.count) strategies"
      note("\(label) \(what)", hint: Self.strategyForms, at: value.start)
      return nil
    }
    return strategy(kinds[0], value, task, depth: depth, &draft, &drafts)
  }

  private mutating func strategy(
    _ kind: String, _ value: JSONValue, _ task: Int, depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> Strategy? {
    let options = [
      "multi": ["rounds"], "debate": ["rounds", "decide", "threshold", "moderator"],
      "candidates": ["pick"],
    ]
    let keys = Keys(
      owner: "the strategy `\(kind)`", known: [kind, "onError"] + (options[kind] ?? []))
    var members: [StrategyMember] = []
    var split: Strategy.Kind?
    var rounds: Int?
    var onError: OnError?
    var (decide, pick, moderator): (JSONValue?, JSONValue?, StrategyMember?) = (nil, nil, nil)
    var threshold: Double?
    object(value, keys) { reader, key, value in
      switch key {
      case "split": split = reader.split(value, task, depth, &draft, &drafts)
      case kind: members = reader.members(value, kind, task, depth, &draft, &drafts)
      case "rounds": rounds = reader.whole(value, in: 0...20)
      case "decide": decide = value
      case "threshold": threshold = reader.number(value, in: 0...1)
      case "moderator": moderator = reader.member(value, task, depth, &draft, &drafts)
      case "onError": onError = reader.choice(value, of: OnError.self)
      default: pick = value
      }
    }
    switch kind {
    case "multi": return Strategy(.multi(members, rounds: rounds ?? 0), onError: onError)
    case "parallel": return Strategy(.parallel(members), onError: onError)
    case "debate":
      let rule = rule(decide, threshold, moderator, value)
      return Strategy(.debate(members, rounds: rounds ?? 1, rule), onError: onError)
    case "split": return split.map { Strategy($0, onError: onError) }
    default:
      var chosen: CandidatePick?
      if let pick {
        chosen = within(.key("pick")) { $0.pick(pick, task, depth, &draft, &drafts) }
      }
      return Strategy(.candidates(members, chosen ?? .verify), onError: onError)
    }
  }

  // MARK: - Members

  private mutating func members(
    _ value: JSONValue, _ kind: String, _ task: Int, _ depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> [StrategyMember] {
    var members: [StrategyMember] = []
    var count = 0
    guard value.kind == .array else {
      notAList(value)
      return []
    }
    for element in value.elements {
      let member = within(.index(count)) { $0.member(element, task, depth, &draft, &drafts) }
      if let member { members.append(member) }
      count += 1
    }
    let least = kind == "parallel" || kind == "pool" ? 1 : 2
    if count < least {
      note(
        "\(label) has \(Wording.count(count, "member")), and \(least) are the least",
        hint: least == 2 ? "for one agent, name it as the task's `agent`" : "name an agent",
        at: value.start)
    } else if count > 100 {
      note("\(label) has \(count) members, and 100 are the most", at: value.start)
    }
    return members
  }

  /// An agent's name, `{ agent: "A", prompt: "…" }`, or a strategy in place of an agent.
  private mutating func member(
    _ value: JSONValue, _ task: Int, _ depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> StrategyMember? {
    if value.kind == .string { return agentMember(value, &draft) }
    guard value.kind == .object else {
      wrongType(value, "the name of an agent or an object with a strategy of its own")
      return nil
    }
    if Self.kinds.contains(where: { value[$0] != nil }) {
      return strategy(value, task, depth: depth + 1, &draft, &drafts).map {
        StrategyMember(.strategy($0))
      }
    }
    var member: StrategyMember?
    var prompt: PromptTemplate?
    object(value, Keys(owner: "a member", known: ["agent", "strategy", "prompt"])) {
      reader, key, value in
      switch key {
      case "agent": member = reader.agentMember(value, &draft)
      case "strategy":
        if value.kind == .string {
          reader.note(
            "a member's `strategy` must be one with members of its own",
            hint: "for one agent, write { agent: \"NAME\" }", at: value.start)
        } else {
          member = reader.strategy(value, task, depth: depth + 1, &draft, &drafts).map {
            StrategyMember(.strategy($0))
          }
        }
      default: prompt = reader.prompt(value, task, &drafts)
      }
    }
    if value["agent"] != nil, let strategy = value["strategy"] {
      within(.key("strategy")) {
        $0.note(
          "a member is an agent or a strategy, not both", hint: "remove one of the two",
          at: strategy.start)
      }
    }
    if value["agent"] == nil, value["strategy"] == nil {
      note(
        "\(label) names no agent", hint: "write it as { agent: \"NAME\", prompt: \"…\" }",
        at: value.start)
    }
    member?.prompt = prompt
    return member
  }

  private mutating func agentMember(
    _ value: JSONValue, _ draft: inout StrategyDraft
  ) -> StrategyMember? {
    guard let name = filledText(value) else { return nil }
    draft.agents.append((name, value.start, path))
    return StrategyMember(.agent(name))
  }

  // MARK: - Debate

  private enum Decide: String, CaseIterable { case majority, weighted, consensus, moderator }

  private mutating func rule(
    _ decide: JSONValue?, _ threshold: Double?, _ moderator: StrategyMember?, _ value: JSONValue
  ) -> DecisionRule {
    var rule = moderator == nil ? Decide.majority : .moderator
    if let decide {
      rule = within(.key("decide")) { $0.choice(decide, of: Decide.self) } ?? rule
    }
    if rule != .consensus, let threshold = value["threshold"] {
      within(.key("threshold")) {
        $0.note(
          "`threshold` is for `decide: \"consensus\"` alone", hint: "remove it, or decide so",
          at: threshold.start)
      }
    }
    if rule != .moderator, let given = value["moderator"], moderator != nil {
      within(.key("moderator")) {
        $0.note(
          "`moderator` is for `decide: \"moderator\"` alone", hint: "remove it, or decide so",
          at: given.start)
      }
    }
    switch rule {
    case .majority: return .majority
    case .weighted: return .weighted
    case .consensus: return .consensus(threshold: threshold ?? DecisionRule.standardThreshold)
    case .moderator:
      guard let moderator else {
        if value["moderator"] == nil {
          note(
            "the debate is decided by a moderator and names none",
            hint: "add moderator: \"AGENT\"", at: value.start)
        }
        return .majority
      }
      return .moderator(moderator)
    }
  }

  // MARK: - Split

  private mutating func split(
    _ value: JSONValue, _ task: Int, _ depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> Strategy.Kind? {
    var source: WorkSource?
    var pool: [StrategyMember] = []
    var deal = Deal.roundRobin
    var max = WorkSource.standardMax
    let keys = Keys(owner: "`split`", known: ["by", "pool", "deal", "max"])
    let isObject = object(value, keys) { reader, key, value in
      switch key {
      case "by": source = reader.source(value, task, depth, &draft, &drafts)
      case "pool": pool = reader.members(value, "pool", task, depth, &draft, &drafts)
      case "deal": deal = reader.choice(value, of: Deal.self) ?? deal
      default: max = reader.whole(value, in: 1...1_000) ?? max
      }
    }
    guard isObject else { return nil }
    for (key, words) in [
      ("by", "an agent, \"lines\", { list: […] } or { glob: \"…\" }"), ("pool", "agents"),
    ] where value[key] == nil {
      note("`split` has no `\(key)`", hint: "give it \(words)", at: value.start)
    }
    return source.map { .split($0, pool: pool, deal, max: max) }
  }

  private mutating func source(
    _ value: JSONValue, _ task: Int, _ depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> WorkSource? {
    if value.string == "lines" { return .lines }
    guard value.kind == .object, value["glob"] != nil || value["list"] != nil else {
      return member(value, task, depth, &draft, &drafts).map { .member($0) }
    }
    var source: WorkSource?
    object(value, Keys(owner: "`by`", known: ["glob", "list"])) { reader, key, value in
      if key == "glob" {
        source = reader.filledText(value).map { .glob($0) }
      } else {
        source = reader.items(value).map { .list($0) }
      }
    }
    return source
  }

  private mutating func items(_ value: JSONValue) -> [String]? {
    guard let texts = list(value, { $0.filledText($1) }) else { return nil }
    if texts.isEmpty { note("\(label) is empty", hint: "list at least one item", at: value.start) }
    return texts
  }

  // MARK: - Candidates

  private mutating func pick(
    _ value: JSONValue, _ task: Int, _ depth: Int, _ draft: inout StrategyDraft,
    _ drafts: inout TaskDrafts
  ) -> CandidatePick? {
    if value.string == "verify" { return .verify }
    if value.string == "ask" {
      note(
        "`pick: \"ask\"` is not available in this version",
        hint: "pick by \"verify\" or { judge: \"AGENT\" }", at: value.start)
      return nil
    }
    guard value.kind == .object else {
      note(
        "`pick` cannot be that", hint: "it takes \"verify\" or { judge: \"AGENT\" }",
        at: value.start)
      return nil
    }
    var pick: CandidatePick?
    object(value, Keys(owner: "`pick`", known: ["judge"])) { reader, _, value in
      pick = reader.member(value, task, depth, &draft, &drafts).map { .judge($0) }
    }
    return pick
  }
}

extension DecisionRule {
  package static let standardThreshold = 0.66
}

extension WorkSource {
  package static let standardMax = 20

  var hasItems: Bool {
    switch self {
    case .list, .glob: true
    case .member, .lines: false
    }
  }
}
