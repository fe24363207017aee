// Knows how a strategy speaks with whoever carries it out. Unaware of any one strategy.

/// The progress of one strategy as a value: what its members did goes in, what it wants next comes out.
protocol StrategyMachine: Sendable {
  mutating func begin() -> [StrategyMove]
  /// The request `key` has ended, its retries included.
  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove]
}

/// What a strategy does next.
enum StrategyMove: Sendable {
  case ask(StrategyRequest)
  case tell(StrategyNews)
  /// The requests that are under way are not wanted any more; their ends are still reported.
  case endOthers
  /// Last of all.
  case finish(StrategyEnd)
}

/// What a strategy wants one of its members to do.
struct StrategyRequest: Sendable {
  enum Doer: Sendable {
    case member(StrategyMember)
    case paths(glob: String)
    case text
  }

  enum Place: Sendable, Hashable {
    /// Where the strategy itself works.
    case shared
    /// A worktree of its own; the same number is the same worktree.
    case own(Int)
  }

  /// Chosen by the strategy, by which it knows the end.
  var key: Int
  var doer: Doer
  var label: String
  var role: StepRole
  var round = 1
  var prompt: [PromptPiece] = [.task]
  var place = Place.shared
  var start: ObjectID?
  var expect: Expectation?
  var verifies = false
  var item: String?
}

/// What a strategy tells the world while it goes on.
package enum StrategyNews: Sendable, Equatable {
  case proposal(member: String, round: Int, text: String)
  /// A round of a debate begins.
  case round(Int, of: Int)
  case decision(Decision)
}

/// How a strategy ended.
struct StrategyEnd: Sendable {
  /// The answer as a whole.
  var text: String?
  /// The commits that make up the result, in order.
  var parts: [Step.Part] = []
  /// Why it failed; nil for a success.
  var cause: FailureCause?
  /// What went wrong, also where there is a result all the same.
  var message: String?
  /// Whether members failed whose work is missing from the result.
  var isPartial = false
  /// Who mends what the verification of the whole refuses.
  var repairer: StrategyMember?

  static func failed(_ cause: FailureCause, _ message: String) -> StrategyEnd {
    StrategyEnd(cause: cause, message: message)
  }
}

/// Who of several members failed, in words.
struct MemberFailures {
  private(set) var failures: [(label: String, result: AttemptResult)] = []

  var isEmpty: Bool { failures.isEmpty }

  mutating func add(_ label: String, _ result: AttemptResult) { failures.append((label, result)) }

  /// "`dev` failed: exit code 7; `ops` failed: timed out after 5s"
  var words: String {
    failures.map {
      "`\($0.label)` failed: \($0.result.message ?? $0.result.cause?.rawValue ?? "?")"
    }
    .joined(separator: "; ")
  }

  /// The failure of all of them together: that of the first.
  var end: StrategyEnd {
    .failed(failures.first?.result.cause ?? .agentError, words)
  }
}
