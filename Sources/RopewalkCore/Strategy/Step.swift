// Knows what a strategy can ask of the engine. Unaware of processes, worktrees and slots.

import RopewalkWire

/// One thing that a task's strategy wants done: mostly, that one agent answers one prompt in one worktree.
package struct Step: Sendable, Equatable {
  package enum Work: Sendable, Equatable {
    case agent(AgentRole)
    /// Nobody is named: the one that suits best when there is a slot.
    case anyAgent
    /// The commits become one, without a checkout; empty is the start itself.
    case merge([Part])
    /// The paths of the starting tree that match, a line each.
    case paths(glob: String)
    /// The rendered prompt itself is the answer.
    case text
  }

  /// A result that is to be merged.
  package struct Part: Sendable, Equatable {
    package var label: String
    package var commit: ObjectID

    package init(label: String, commit: ObjectID) {
      self.label = label
      self.commit = commit
    }
  }

  package var work: Work
  package var role: StepRole
  /// The member as the strategy tells it from the others.
  package var member: String
  package var round: Int
  package var prompt: [PromptPiece]
  /// Which of the task's worktrees; 0 is the one whose name is the task's.
  package var place: Int
  /// The commit that the work starts from; nil is the task's own start.
  package var start: ObjectID?
  package var expect: Expectation
  /// Whether the task's commands must pass on what it made.
  package var verifies: Bool
  /// Whether a good result is the task's: it gets the task's branch.
  package var publishes: Bool
  /// The words that go with a merge.
  package var answer: String?
  /// The value of `{{item}}`.
  package var item: String?
  /// Whether its strategy wants it tried again, also where the task says nothing of that.
  package var isRetried = false

  package init(
    _ work: Work, role: StepRole, member: String, round: Int = 1, prompt: [PromptPiece] = [],
    place: Int = 0, start: ObjectID? = nil, expect: Expectation = .either, verifies: Bool = false,
    publishes: Bool = false, answer: String? = nil, item: String? = nil
  ) {
    self.work = work
    self.role = role
    self.member = member
    self.round = round
    self.prompt = prompt
    self.place = place
    self.start = start
    self.expect = expect
    self.verifies = verifies
    self.publishes = publishes
    self.answer = answer
    self.item = item
  }

  package var agent: AgentRole? {
    if case .agent(let agent) = work { agent } else { nil }
  }
}

/// What a step is for, as events and contributions name it.
package enum StepRole: String, Sendable, CaseIterable {
  /// The whole task, or a member's share of it.
  case work
  /// The last member of a chain looks at the work.
  case review
  case proposal, critique, vote
  /// The moderator of a debate.
  case decision
  /// Dividing a task into items.
  case division
  case item
  case candidate
  case judgement
  /// The results become one, verified and tied; no agent is asked.
  case conclusion
}

/// A part of a prompt.
package enum PromptPiece: Sendable, Equatable {
  case text(String)
  /// Rendered in its place.
  case template(PromptTemplate)
  /// What changed from the task's start to a commit, as git shows it, cut where it is too long.
  case diff(label: String, to: ObjectID)
  /// The task, or what stands for it where strategies nest; only a strategy's own requests hold it.
  case task
}

/// What events tell of an attempt's step: `{"role":"proposal","member":"dev#2","round":1}`.
package struct StepInfo: Sendable, Equatable {
  /// Counts the task's steps in the order in which its strategy asked for them, from 0.
  package var index: Int
  package var role: StepRole
  package var member: String
  package var round: Int

  package init(index: Int, role: StepRole, member: String, round: Int) {
    self.index = index
    self.role = role
    self.member = member
    self.round = round
  }

  package var json: JSON {
    [
      "index": .int(index), "role": .string(role.rawValue), "member": .string(member),
      "round": .int(round),
    ]
  }

  package init?(_ value: JSONValue) {
    guard let role = value["role"]?.string.flatMap(StepRole.init),
      let member = value["member"]?.string
    else { return nil }
    self.init(
      index: value["index"]?.int ?? 0, role: role, member: member, round: value["round"]?.int ?? 1)
  }
}
