// Knows how a strategy is written in a plan's own form. Unaware of how it is read.

import RopewalkWire

extension Strategy {
  var json: JSON {
    switch kind {
    case .single: return "single"
    case .auto: return "auto"
    case .multi(let members, let rounds):
      return object([("multi", Self.list(members)), ("rounds", .int(rounds))])
    case .parallel(let members): return object([("parallel", Self.list(members))])
    case .debate(let members, let rounds, let rule):
      return object(
        [("debate", Self.list(members)), ("rounds", .int(rounds))] + rule.members)
    case .split(let source, let pool, let deal, let max):
      return object([
        (
          "split",
          .object([
            ("by", source.json), ("pool", Self.list(pool)), ("deal", .string(deal.rawValue)),
            ("max", .int(max)),
          ])
        )
      ])
    case .candidates(let members, let pick):
      return object([("candidates", Self.list(members)), ("pick", pick.json)])
    }
  }

  private func object(_ members: [(String, JSON)]) -> JSON {
    .object(members + (onError.map { [("onError", .string($0.rawValue))] } ?? []))
  }

  private static func list(_ members: [StrategyMember]) -> JSON { .array(members.map(\.json)) }
}

extension StrategyMember {
  fileprivate var json: JSON {
    let prompt = prompt.map { [("prompt", JSON.string($0.source))] } ?? []
    switch doer {
    case .agent(let name):
      return prompt.isEmpty ? .string(name) : .object([("agent", .string(name))] + prompt)
    case .strategy(let strategy): return .object([("strategy", strategy.json)] + prompt)
    }
  }
}

extension DecisionRule {
  fileprivate var members: [(String, JSON)] {
    switch self {
    case .majority: [("decide", "majority")]
    case .weighted: [("decide", "weighted")]
    case .consensus(let threshold):
      [("decide", "consensus"), ("threshold", .double(threshold))]
    case .moderator(let moderator): [("decide", "moderator"), ("moderator", moderator.json)]
    }
  }
}

extension WorkSource {
  fileprivate var json: JSON {
    switch self {
    case .member(let member): member.json
    case .lines: "lines"
    case .list(let texts): ["list": .array(texts.map(JSON.string))]
    case .glob(let glob): ["glob": .string(glob)]
    }
  }
}

extension CandidatePick {
  fileprivate var json: JSON {
    switch self {
    case .verify: "verify"
    case .judge(let judge): ["judge": judge.json]
    }
  }
}
