// Knows what must hold of a ledger whatever happens: no limit is ever passed together.
// Unaware of single cases.

import Testing

@testable import RopewalkCore

@Suite("budgets under many attempts at once")
struct BudgetPropertyTests {
  /// A random number of hundredths, so that sums are also checked by whole numbers.
  private static func cents(_ range: ClosedRange<Int>, _ random: inout SplitMix64) -> Double {
    Double(Int.random(in: range, using: &random)) / 100
  }

  @Test(
    "however attempts start and end, spent and set aside never pass a limit", arguments: 0..<200)
  func neverPassed(_ seed: UInt64) {
    var random = SplitMix64(state: seed)
    let perAttempt = Self.cents(1...300, &random)
    let agents = ["a", "b", "c"]
    let isLearning = seed % 3 == 0
    let share = Budget.PerAttempt(usd: isLearning ? nil : perAttempt)
    var ledger = BudgetLedger(
      plan: Budget(usd: perAttempt + Self.cents(0...3000, &random), perAttempt: share),
      tasks: [0: Budget(usd: perAttempt + Self.cents(0...900, &random))],
      agents: ["a": Budget(usd: perAttempt + Self.cents(0...900, &random))])
    var running: [AttemptKey: Double] = [:]
    var settled = 0.0
    var next = 0
    var isOver = false
    while !isOver || !running.isEmpty {
      if !isOver, running.count < 20, Int.random(in: 0..<3, using: &random) > 0 {
        let key = AttemptKey(task: next % 4, number: next)
        switch ledger.reserve(key, agent: agents[next % agents.count]) {
        case .granted: running[key] = Self.cents(0...Int(perAttempt * 100), &random)
        case .wait: #expect(!running.isEmpty, "waits for nobody")
        case .exceeded(let excess): isOver = excess.limit.scope == .plan || next > 400
        }
        next += 1
      } else if let key = running.keys.sorted(by: { $0.number < $1.number }).randomElement(
        using: &random), let cost = running[key]
      {
        // A guessed share may be too small: then the attempt is ended where it is.
        let real = isLearning ? ended(key, at: cost, &ledger) : cost
        running[key] = nil
        settled += real
        _ = ledger.settle(
          key, usage: .init(tokens: nil, cost: Cost(usd: real, source: .reported)))
      }
      for standing in ledger.standings {
        #expect(standing.used + standing.held <= standing.allowed + 1e-6)
      }
    }
    let plan = ledger.standings.first { $0.limit == BudgetLimit(.plan, .usd) }
    #expect(abs((plan?.used ?? -1) - settled) < 1e-6)
    #expect(settled <= (plan?.allowed ?? 0) + 1e-6)
  }

  /// Lets an attempt tell its figures cent by cent; what it used when it was done or ended.
  private func ended(_ key: AttemptKey, at cost: Double, _ ledger: inout BudgetLedger) -> Double {
    for cent in 0..<Int((cost * 100).rounded()) {
      let usd = Double(cent + 1) / 100
      if ledger.used(key, tokens: nil, usd: usd) != nil { return Double(cent) / 100 }
    }
    return cost
  }
}
