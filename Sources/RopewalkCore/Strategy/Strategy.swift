// Knows the ways in which a task can use agents, as values. Unaware of how each goes on.

import RopewalkWire

/// How a task uses agents: the plan's `strategy`.
package struct Strategy: Sendable, Equatable {
  package indirect enum Kind: Sendable, Equatable {
    /// One agent does the task.
    case single
    /// The classifier decides: a complex task goes to a chain, any other to one agent.
    case auto
    /// A chain in one worktree; with `rounds` the last member reviews and may send the work back so often.
    case multi([StrategyMember], rounds: Int)
    /// All at once, each in a worktree of its own; the results are merged in the order given.
    case parallel([StrategyMember])
    /// Proposals, rounds of critique, a decision.
    case debate([StrategyMember], rounds: Int, DecisionRule)
    /// Work items dealt to a pool, and merged.
    case split(WorkSource, pool: [StrategyMember], Deal, max: Int)
    /// The same task by all, each in a worktree of its own; one result is picked.
    case candidates([StrategyMember], CandidatePick)
  }

  package var kind: Kind
  /// What the failure of a member means; nil is the strategy's own habit, which its file states.
  package var onError: OnError?

  package static let single = Strategy(.single)

  package init(_ kind: Kind, onError: OnError? = nil) {
    self.kind = kind
    self.onError = onError
  }

  /// `single`, `multi`, …: as the plan names it.
  package var name: String {
    switch kind {
    case .single: "single"
    case .auto: "auto"
    case .multi: "multi"
    case .parallel: "parallel"
    case .debate: "debate"
    case .split: "split"
    case .candidates: "candidates"
    }
  }
}

/// Whoever stands in a strategy where an agent can stand.
package struct StrategyMember: Sendable, Equatable {
  package enum Doer: Sendable, Equatable {
    /// An agent of the plan, by name.
    case agent(String)
    case strategy(Strategy)
  }

  package var doer: Doer
  /// In place of the task's own prompt.
  package var prompt: PromptTemplate?

  package init(_ doer: Doer, prompt: PromptTemplate? = nil) {
    self.doer = doer
    self.prompt = prompt
  }

  /// Every agent that may be asked, those of nested strategies included.
  package var agents: [String] {
    switch doer {
    case .agent(let name): [name]
    case .strategy(let strategy): strategy.members.flatMap(\.agents)
    }
  }

  private var name: String {
    switch doer {
    case .agent(let name): name
    case .strategy(let strategy): strategy.name
    }
  }

  /// Names by which members are told apart: "dev", and "dev#2" for the second of that name.
  package static func labels(_ members: [StrategyMember]) -> [String] {
    var seen: [String: Int] = [:]
    return members.map { member in
      seen[member.name, default: 0] += 1
      let count = seen[member.name, default: 1]
      return count == 1 ? member.name : "\(member.name)#\(count)"
    }
  }
}

/// How a debate comes to its end.
package enum DecisionRule: Sendable, Equatable {
  /// Each member has one vote.
  case majority
  /// Each member's vote counts as much as its agent's `weight`.
  case weighted
  /// One proposal must have this share of the votes that were cast.
  case consensus(threshold: Double)
  /// This member chooses, or writes the answer itself.
  case moderator(StrategyMember)
}

/// Where the items of a `split` come from.
package enum WorkSource: Sendable, Equatable {
  /// This member divides the task; its list is checked.
  case member(StrategyMember)
  /// Each line of the task's prompt is an item.
  case lines
  /// These texts, for `{{item}}` in the task's prompt.
  case list([String])
  /// The paths in the starting tree that match, for `{{item}}` in the task's prompt.
  case glob(String)
}

/// How items come to the members of a pool.
package enum Deal: String, Sendable, CaseIterable {
  /// In turn, whatever their load.
  case roundRobin = "round-robin"
  /// To whoever has the fewest under way.
  case leastLoaded = "least-loaded"
  /// To whoever has all capabilities that the item asks for, then as least-loaded.
  case byCapability = "by-capability"
}

/// How one of several candidates is chosen.
package enum CandidatePick: Sendable, Equatable {
  /// Among those that pass the verification the one with the fewest changed files, then the first.
  case verify
  /// Among those that pass, if there is a verification, this member chooses.
  case judge(StrategyMember)
}

extension Strategy {
  /// Everyone whom the strategy may ask, in order.
  package var members: [StrategyMember] {
    switch kind {
    case .single, .auto: []
    case .multi(let members, _), .parallel(let members): members
    case .debate(let members, _, .moderator(let moderator)): members + [moderator]
    case .debate(let members, _, _): members
    case .split(.member(let planner), let pool, _, _): [planner] + pool
    case .split(_, let pool, _, _): pool
    case .candidates(let members, .judge(let judge)): members + [judge]
    case .candidates(let members, .verify): members
    }
  }

  /// The prompts that members have of their own.
  package var prompts: [PromptTemplate] {
    members.flatMap { member -> [PromptTemplate] in
      let own = member.prompt.map { [$0] } ?? []
      guard case .strategy(let nested) = member.doer else { return own }
      return own + nested.prompts
    }
  }
}
