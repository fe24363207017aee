// Knows what a ledger grants, lets wait and refuses. Unaware of runs.

import RopewalkCore
import Testing

@Suite("the ledger of budgets")
struct BudgetLedgerTests {
  private func key(_ task: Int, _ number: Int = 1) -> AttemptKey {
    AttemptKey(task: task, number: number)
  }

  private func usage(_ usd: Double?, tokens: Int? = nil) -> AttemptResult.Usage {
    AttemptResult.Usage(
      tokens: tokens.map { TokenCounts(input: $0, output: 0) },
      cost: Cost(usd: usd, source: .reported))
  }

  private func grant(_ usd: Double?, firm: Bool = false) -> BudgetLedger.Answer {
    .granted(BudgetLedger.Reservation(usd: usd, usdIsFirm: firm))
  }

  private func limit(_ answer: BudgetLedger.Answer) -> BudgetLimit? {
    if case .exceeded(let excess) = answer { excess.limit } else { nil }
  }

  // MARK: - What is set aside

  @Test("without a budget everything starts and nothing is limited")
  func unlimited() {
    var ledger = BudgetLedger(plan: nil)
    for task in 0..<100 { #expect(ledger.reserve(key(task), agent: "a") == grant(nil)) }
    #expect(ledger.used(key(0), tokens: nil, usd: 1e9) == nil)
    #expect(ledger.settle(key(0), usage: usage(nil)) == [])
  }

  @Test("with `perAttempt` as many run at once as there is room for")
  func perAttempt() {
    var ledger = BudgetLedger(plan: Budget(usd: 5, perAttempt: .init(usd: 2)))
    #expect(ledger.reserve(key(0), agent: "a") == grant(2, firm: true))
    #expect(ledger.reserve(key(1), agent: "b") == grant(2, firm: true))
    #expect(ledger.reserve(key(2), agent: "a") == .wait)
    #expect(ledger.settle(key(0), usage: usage(0.5)) == [])
    #expect(ledger.reserve(key(2), agent: "a") == grant(2, firm: true))
  }

  @Test("dollars that have no exact fraction add up exactly")
  func fractions() {
    var ledger = BudgetLedger(plan: Budget(usd: 0.3, perAttempt: .init(usd: 0.1)))
    for task in 0..<3 { #expect(ledger.reserve(key(task), agent: "a") == grant(0.1, firm: true)) }
    for task in 0..<3 { _ = ledger.settle(key(task), usage: usage(0.1)) }
    #expect(limit(ledger.reserve(key(3), agent: "a")) == BudgetLimit(.plan, .usd))
  }

  @Test("the first attempt has the budget to itself, the next know what it cost")
  func learning() {
    var ledger = BudgetLedger(plan: Budget(usd: 10))
    #expect(ledger.reserve(key(0), agent: "a") == grant(10))
    #expect(ledger.reserve(key(1), agent: "a") == .wait)
    _ = ledger.settle(key(0), usage: usage(2))
    #expect(ledger.reserve(key(1), agent: "a") == grant(3))
    #expect(ledger.reserve(key(2), agent: "a") == grant(3))
    // Only 2 are left: while others run it waits for its 3, alone it may try with what there is.
    #expect(ledger.reserve(key(3), agent: "a") == .wait)
    _ = ledger.settle(key(1), usage: usage(3))
    _ = ledger.settle(key(2), usage: usage(3))
    #expect(ledger.reserve(key(3), agent: "a") == grant(2))
  }

  @Test("what is known of one agent says nothing of another")
  func agentsApart() {
    var ledger = BudgetLedger(plan: Budget(usd: 10))
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.settle(key(0), usage: usage(2))
    #expect(ledger.reserve(key(1), agent: "b") == grant(8))
    _ = ledger.settle(key(1), usage: usage(1))
    #expect(ledger.reserve(key(2), agent: "a") == grant(3))
  }

  @Test("the task's word counts before the agent's and the agent's before the plan's")
  func mostSpecific() {
    var ledger = BudgetLedger(
      plan: Budget(usd: 50, perAttempt: .init(usd: 1)),
      tasks: [1: Budget(perAttempt: .init(usd: 3))],
      agents: ["a": Budget(perAttempt: .init(usd: 2))])
    #expect(ledger.reserve(key(0), agent: "b") == grant(1, firm: true))
    #expect(ledger.reserve(key(0, 2), agent: "a") == grant(2, firm: true))
    #expect(ledger.reserve(key(1), agent: "a") == grant(3, firm: true))
  }

  @Test("an agent's own limit keeps its attempts apart and leaves the rest to others")
  func agentLimit() {
    var ledger = BudgetLedger(plan: Budget(usd: 10), agents: ["a": Budget(usd: 4)])
    #expect(ledger.reserve(key(0), agent: "a") == grant(4))
    #expect(ledger.reserve(key(1), agent: "a") == .wait)
    _ = ledger.settle(key(0), usage: usage(4))
    #expect(limit(ledger.reserve(key(1), agent: "a")) == BudgetLimit(.agent("a"), .usd))
    #expect(ledger.reserve(key(2), agent: "b") == grant(6))
  }

  @Test("dollars and tokens must both have room")
  func bothKinds() {
    var ledger = BudgetLedger(
      plan: Budget(usd: 10, tokens: 100, perAttempt: .init(usd: 1, tokens: 60)))
    guard case .granted(let first) = ledger.reserve(key(0), agent: "a") else {
      Issue.record("not granted")
      return
    }
    #expect(first.usd == 1 && first.tokens == 60 && first.tokensAreFirm)
    #expect(ledger.reserve(key(1), agent: "a") == .wait)
    _ = ledger.settle(key(0), usage: usage(0.5, tokens: 50))
    #expect(limit(ledger.reserve(key(1), agent: "a")) == BudgetLimit(.plan, .tokens))
  }

  // MARK: - Attempts

  @Test("attempts are counted when they start, and one that never ran gives its place back")
  func attempts() {
    var ledger = BudgetLedger(plan: nil, tasks: [0: Budget(attempts: 2)])
    #expect(ledger.reserve(key(0, 1), agent: "a") == grant(nil))
    #expect(ledger.reserve(key(0, 2), agent: "a") == grant(nil))
    #expect(ledger.reserve(key(0, 3), agent: "a") == .wait)
    #expect(ledger.settle(key(0, 2), usage: nil) == [])
    #expect(ledger.reserve(key(0, 3), agent: "a") == grant(nil))
    _ = ledger.settle(key(0, 1), usage: usage(nil))
    _ = ledger.settle(key(0, 3), usage: usage(nil))
    #expect(limit(ledger.reserve(key(0, 4), agent: "a")) == BudgetLimit(.task(0), .attempts))
    #expect(ledger.reserve(key(1), agent: "a") == grant(nil))
  }

  @Test("what never ran costs nothing and tells nothing")
  func neverRan() {
    var ledger = BudgetLedger(plan: Budget(usd: 1, perAttempt: .init(usd: 1)))
    for number in 1...5 {
      #expect(ledger.reserve(key(0, number), agent: "a") == grant(1, firm: true))
      #expect(ledger.settle(key(0, number), usage: nil) == [])
    }
    #expect(ledger.standings.map(\.used) == [0])
  }

  // MARK: - While they run

  @Test("an attempt that passes what it was given is told so")
  func passesItsShare() {
    var ledger = BudgetLedger(plan: Budget(usd: 10, perAttempt: .init(usd: 2)))
    _ = ledger.reserve(key(0), agent: "a")
    #expect(ledger.used(key(0), tokens: nil, usd: 2) == nil)
    let excess = ledger.used(key(0), tokens: nil, usd: 2.5)
    #expect(excess?.limit == BudgetLimit(.plan, .usdPerAttempt))
    #expect(
      excess?.message { _ in "api" }
        == "the attempt used $2.50, more than the $2.00 that the plan's budget gives one attempt")
    ledger.raise(BudgetLimit(.plan, .usdPerAttempt))
    #expect(ledger.used(key(0), tokens: nil, usd: 4) == nil)
    #expect(ledger.used(key(0), tokens: nil, usd: 10.5)?.limit == BudgetLimit(.plan, .usd))
  }

  @Test("a guessed share grows while there is room, and ends at the limit")
  func guessedShare() {
    var ledger = BudgetLedger(plan: Budget(usd: 10))
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.settle(key(0), usage: usage(2))
    #expect(ledger.reserve(key(1), agent: "a") == grant(3))
    #expect(ledger.reserve(key(2), agent: "a") == grant(3))
    #expect(ledger.used(key(1), tokens: nil, usd: 4) == nil)
    #expect(ledger.standings.map(\.held) == [8])
    let excess = ledger.used(key(1), tokens: nil, usd: 5.5)
    #expect(
      excess?.message { _ in "" }
        == "the plan's budget of $10.00 has no room for more: $7.50 used, the rest is set aside for"
        + " other attempts")
  }

  @Test("figures that fall while an attempt runs change nothing")
  func fallingFigures() {
    var ledger = BudgetLedger(plan: Budget(tokens: 100, perAttempt: .init(tokens: 50)))
    _ = ledger.reserve(key(0), agent: "a")
    #expect(ledger.used(key(0), tokens: TokenCounts(input: 40, output: 20), usd: nil) != nil)
    #expect(ledger.used(key(0), tokens: TokenCounts(input: 10), usd: nil) != nil)
  }

  // MARK: - Unknown

  @Test("an unknown cost is told once for each agent and counts as its share")
  func unknownWithShare() {
    var ledger = BudgetLedger(plan: Budget(usd: 5, perAttempt: .init(usd: 2)))
    _ = ledger.reserve(key(0), agent: "a")
    #expect(
      ledger.settle(key(0), usage: usage(nil)) == [.unknown(agent: "a", .usd, counted: 2)])
    _ = ledger.reserve(key(1), agent: "a")
    #expect(
      ledger.settle(key(1), usage: usage(nil))
        == [.near(BudgetLimit(.plan, .usd), allowed: 5, used: 4)])
    #expect(limit(ledger.reserve(key(2), agent: "a")) == BudgetLimit(.plan, .usd))
    #expect(ledger.standings.map(\.unknownAttempts) == [2])
  }

  @Test("without a share what was seen of it counts, and the sum is marked as a lower bound")
  func unknownWithoutShare() {
    var ledger = BudgetLedger(plan: Budget(usd: 5))
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.used(key(0), tokens: nil, usd: 1)
    #expect(
      ledger.settle(key(0), usage: usage(nil)) == [.unknown(agent: "a", .usd, counted: nil)])
    #expect(ledger.reserve(key(1), agent: "a") == grant(4))
    #expect(ledger.reserve(key(2), agent: "a") == .wait)
    #expect(ledger.standings[0].unknownAttempts == 1)
  }

  @Test("the known part of an unknown cost counts, though nobody saw it while the attempt ran")
  func unknownInPart() {
    var ledger = BudgetLedger(plan: Budget(usd: 5))
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.settle(key(0), usage: usage(2).adding(.unknown))
    #expect(ledger.standings.map(\.used) == [2])
  }

  @Test("tokens of which the input or the output is missing are unknown as a whole")
  func partialTokens() {
    var ledger = BudgetLedger(plan: Budget(tokens: 100))
    _ = ledger.reserve(key(0), agent: "a")
    let partial = AttemptResult.Usage(tokens: TokenCounts(output: 30), cost: .unknown)
    #expect(
      ledger.settle(key(0), usage: partial) == [.unknown(agent: "a", .tokens, counted: nil)])
    #expect(ledger.standings.map(\.used) == [30])
  }

  @Test("a plan that refuses unknown costs starts nothing more, until that is lifted")
  func refusesUnknown() {
    var ledger = BudgetLedger(plan: Budget(usd: 5, unknownCost: .refuse))
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.settle(key(0), usage: usage(nil))
    let refusal = BudgetLimit(.plan, .unknownCost)
    #expect(limit(ledger.reserve(key(1), agent: "b")) == refusal)
    ledger.raise(refusal)
    #expect(ledger.reserve(key(1), agent: "b") == grant(5))
  }

  // MARK: - Told and lifted

  @Test("a run that is taken up again goes on from what it had spent")
  func restored() {
    var ledger = BudgetLedger(
      plan: Budget(usd: 5, attempts: 3, perAttempt: .init(usd: 2)))
    #expect(ledger.restore(key(0), agent: "a", usage: usage(1)) == [])
    #expect(
      ledger.restore(key(1), agent: "a", usage: usage(nil))
        == [.unknown(agent: "a", .usd, counted: 2)])
    #expect(ledger.restore(key(2), agent: "a", usage: nil) == [])
    #expect(ledger.standings.map(\.used) == [3, 2])
    #expect(ledger.reserve(key(2, 2), agent: "a") == grant(2, firm: true))
    _ = ledger.settle(key(2, 2), usage: usage(0))
    #expect(limit(ledger.reserve(key(3), agent: "a")) == BudgetLimit(.plan, .attempts))
  }

  @Test("a task's small limit does not make it wait for more than it could use")
  func smallLimit() {
    var ledger = BudgetLedger(plan: Budget(usd: 10), tasks: [1: Budget(usd: 1)])
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.settle(key(0), usage: usage(4))
    #expect(ledger.reserve(key(2), agent: "b") == grant(6))
    _ = ledger.settle(key(2), usage: usage(2))
    #expect(ledger.reserve(key(3), agent: "b") == grant(3))
    #expect(ledger.reserve(key(1), agent: "a") == grant(1))
  }

  @Test("four fifths and the whole of a limit are told once each")
  func notices() {
    var ledger = BudgetLedger(plan: Budget(usd: 10))
    var told: [BudgetNotice] = []
    for (task, usd) in [7.9, 0.1, 0.1, 3, 1].enumerated() {
      if case .exceeded = ledger.reserve(key(task), agent: "a") {
        ledger.raise(BudgetLimit(.plan, .usd))
        _ = ledger.reserve(key(task), agent: "a")
      }
      told += ledger.settle(key(task), usage: usage(usd))
    }
    let limit = BudgetLimit(.plan, .usd)
    #expect(
      told == [.near(limit, allowed: 10, used: 8), .reached(limit, allowed: 10, used: 11.1)])
    #expect(
      told[0].message { _ in "" } == "$8.00 of the plan's budget of $10.00 are used")
    #expect(
      told[1].message { _ in "" } == "the plan's budget of $10.00 is reached: $11.10 used")
  }

  @Test("a lifted limit binds no more, and others still do")
  func raised() {
    var ledger = BudgetLedger(plan: Budget(usd: 1), tasks: [0: Budget(usd: 2)])
    _ = ledger.reserve(key(0), agent: "a")
    _ = ledger.settle(key(0), usage: usage(1))
    #expect(limit(ledger.reserve(key(0, 2), agent: "a")) == BudgetLimit(.plan, .usd))
    ledger.raise(BudgetLimit(.plan, .usd))
    #expect(ledger.reserve(key(0, 2), agent: "a") == grant(1))
    #expect(ledger.standings.map(\.isRaised) == [true, false])
    #expect(ledger.reserve(key(1), agent: "b") == grant(nil))
  }

  @Test("an excess names whose limit it is and what is missing")
  func words() {
    var ledger = BudgetLedger(plan: nil, tasks: [3: Budget(usd: 5, perAttempt: .init(usd: 2))])
    for (number, cost) in [2.0, 2].enumerated() {
      _ = ledger.reserve(key(3, number), agent: "a")
      _ = ledger.settle(key(3, number), usage: usage(cost))
    }
    guard case .exceeded(let excess) = ledger.reserve(key(3, 9), agent: "a") else {
      Issue.record("not exceeded")
      return
    }
    #expect(
      excess.message { "t\($0)" }
        == "task `t3`'s budget of $5.00 has no room for another attempt: $4.00 used, $2.00 needed")
    #expect(
      excess.json { "t\($0)" }.text
        == #"{"limit":"usd","scope":{"task":"t3"},"allowed":5,"used":4,"needed":2}"#)
    let late = BudgetExcess.wallTime(.plan, allowed: .seconds(7200), seconds: 7201)
    #expect(
      late.message { _ in "" } == "the plan's budget of 2 h 0 m is used up: 2 h 0 m used")
  }
}
