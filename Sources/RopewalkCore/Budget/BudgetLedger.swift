// Knows what a run's budgets allow, what is spent and what is set aside for attempts that run.
// Unaware of time, processes and of who is asked when a limit is reached.

/// Keeps a run within the budgets of its plan, its tasks and its agents.
///
/// Before an attempt starts, what it may use is set aside, so that attempts which run at once can
/// not overrun a limit together: spent and set aside never pass it. When the attempt has ended,
/// what it really used takes the place of what was set aside.
///
/// What is set aside, of dollars and of tokens alike: `perAttempt`, that of the task before that of
/// the agent before that of the plan; else half as much again as the most that an attempt of this
/// agent has used so far; else, with nothing known, all that is left.
package struct BudgetLedger: Sendable {
  typealias Kind = BudgetAmounts.Kind

  private struct Highest: Hashable {
    var agent: String
    var kind: Kind
  }

  let budgets: [BudgetScope: Budget]
  private let unknownCost: Budget.UnknownCost
  private(set) var accounts: [BudgetScope: Account] = [:]
  private(set) var holdings: [AttemptKey: Holding] = [:]
  private var highest: [Highest: Int] = [:]
  private var refusal: [BudgetScope: BudgetExcess] = [:]
  private(set) var raised: Set<BudgetLimit> = []
  private var told: Set<BudgetLimit> = []
  private var toldNear: Set<BudgetLimit> = []
  private var toldUnknown: Set<Highest> = []

  package init(plan: Budget?, tasks: [Int: Budget] = [:], agents: [String: Budget] = [:]) {
    var budgets: [BudgetScope: Budget] = [:]
    for (task, budget) in tasks { budgets[.task(task)] = budget }
    for (agent, budget) in agents { budgets[.agent(agent)] = budget }
    budgets[.plan] = plan
    self.budgets = budgets
    unknownCost = plan?.unknownCost ?? .warn
  }

  // MARK: - Before an attempt

  /// Sets aside what an attempt may use.
  package mutating func reserve(_ key: AttemptKey, agent: String) -> Answer {
    precondition(holdings[key] == nil, "attempt \(key) is reserved twice")
    var holding = Holding(
      agent: agent, scopes: [.task(key.task), .agent(agent), .plan])
    for scope in holding.scopes {
      if let excess = refusal[scope], !raised.contains(excess.limit) { return .exceeded(excess) }
    }
    var mustWait = false
    switch attemptRoom(holding.scopes) {
    case .exceeded(let excess): return .exceeded(excess)
    case .wait: mustWait = true
    case .room: break
    }
    for kind in Kind.allCases {
      switch room(kind, &holding) {
      case .exceeded(let excess): return .exceeded(excess)
      case .wait: mustWait = true
      case .room: break
      }
    }
    if mustWait { return .wait }
    start(key, holding)
    return .granted(
      Reservation(
        usd: holding.held[.usd].map(Kind.usd.told), tokens: holding.held[.tokens],
        usdIsFirm: holding.firm[.usd] != nil, tokensAreFirm: holding.firm[.tokens] != nil))
  }

  private mutating func start(_ key: AttemptKey, _ holding: Holding) {
    for scope in holding.scopes { accounts[scope, default: Account()].attempts += 1 }
    holdings[key] = holding
  }

  private enum Room {
    case room, wait
    case exceeded(BudgetExcess)
  }

  /// An attempt whose program never runs gives its place back.
  private func attemptRoom(_ scopes: [BudgetScope]) -> Room {
    var room = Room.room
    for scope in scopes where !raised.contains(BudgetLimit(scope, .attempts)) {
      let started = accounts[scope]?.attempts ?? 0
      guard let limit = budgets[scope]?.attempts, started >= limit else { continue }
      if runs(in: scope) {
        room = .wait
      } else {
        return .exceeded(
          BudgetExcess(
            limit: BudgetLimit(scope, .attempts), allowed: Double(limit), used: Double(started)))
      }
    }
    return room
  }

  /// Finds what can be set aside of a kind, and writes it into `holding`.
  private func room(_ kind: Kind, _ holding: inout Holding) -> Room {
    let firm = firmCeiling(kind, holding)
    let limits = holding.scopes.compactMap { scope in
      limit(kind, scope).map { (scope: scope, amount: $0) }
    }
    let known = highest[Highest(agent: holding.agent, kind: kind)].map { max(1, $0 + $0 / 2) }
    let rest = limits.map { $0.amount - spent(kind, $0.scope) }.min() ?? 0
    let guess = min(known ?? rest, rest)
    // A guess may also be cut to what is left, but not while others run that may leave more.
    let needed = max(firm?.amount ?? 1, 1)
    let wish = max(firm?.amount ?? guess, 1)
    var free = Int.max
    var mustWait = false
    for limit in limits {
      let gone = spent(kind, limit.scope) + inUse(kind, limit.scope)
      if limit.amount - gone < needed {
        return .exceeded(
          BudgetExcess(
            limit: BudgetLimit(limit.scope, kind.measure), allowed: kind.told(limit.amount),
            used: kind.told(gone),
            needed: gone < limit.amount ? firm.map { kind.told($0.amount) } : nil))
      }
      let left = limit.amount - spent(kind, limit.scope) - claimed(kind, limit.scope)
      if left < wish, runs(in: limit.scope) { mustWait = true }
      free = min(free, left)
    }
    if mustWait { return .wait }
    if let firm {
      holding.held[kind] = firm.amount
      holding.firm[kind] = firm.scope
    } else if !limits.isEmpty {
      holding.held[kind] = min(guess, free)
    }
    return .room
  }

  private func firmCeiling(
    _ kind: Kind, _ holding: Holding
  ) -> (scope: BudgetScope, amount: Int)? {
    for scope in holding.scopes where !raised.contains(BudgetLimit(scope, kind.perAttempt)) {
      if let amount = kind.perAttempt(budgets[scope]) { return (scope, amount) }
    }
    return nil
  }

  // MARK: - While it runs

  /// Takes note of what an attempt has used since its start, all together.
  ///
  /// - Returns: the limit that it has passed, so that it should end.
  package mutating func used(
    _ key: AttemptKey, tokens: TokenCounts?, usd: Double?
  ) -> BudgetExcess? {
    guard var holding = holdings[key] else { return nil }
    if let usd { holding.used.raise(.usd, to: BudgetAmounts.nano(usd)) }
    if let tokens { holding.used.raise(.tokens, to: tokens.sum) }
    holdings[key] = holding
    for kind in Kind.allCases {
      guard let held = holding.held[kind], holding.used[kind] > held else { continue }
      if let excess = overrun(kind, holding, held) { return excess }
      // Nobody knew how much it would be, and there is room: it sets aside more.
      let free = holding.scopes.compactMap { left(kind, $0) }.min() ?? 0
      holding.held[kind] = holding.used[kind] + min(holding.used[kind] / 2, free)
      holdings[key] = holding
    }
    return nil
  }

  private func overrun(_ kind: Kind, _ holding: Holding, _ held: Int) -> BudgetExcess? {
    if let scope = holding.firm[kind] {
      let limit = BudgetLimit(scope, kind.perAttempt)
      if !raised.contains(limit) {
        return BudgetExcess(
          limit: limit, allowed: kind.told(held), used: kind.told(holding.used[kind]))
      }
    }
    for scope in holding.scopes {
      guard let limit = limit(kind, scope), let left = left(kind, scope), left < 0 else { continue }
      return BudgetExcess(
        limit: BudgetLimit(scope, kind.measure), allowed: kind.told(limit),
        used: kind.told(spent(kind, scope) + inUse(kind, scope)))
    }
    return nil
  }

  // MARK: - After it

  /// Puts what an ended attempt really used in the place of what was set aside for it.
  ///
  /// - Parameter usage: nil when its program never ran, which costs nothing.
  package mutating func settle(
    _ key: AttemptKey, usage: AttemptResult.Usage?
  ) -> [BudgetNotice] {
    guard let holding = holdings.removeValue(forKey: key) else { return [] }
    guard let usage else {
      for scope in holding.scopes { accounts[scope]?.attempts -= 1 }
      return []
    }
    var notices: [BudgetNotice] = []
    for kind in Kind.allCases {
      if let amount = kind.amount(of: usage) {
        let record = Highest(agent: holding.agent, kind: kind)
        highest[record] = max(highest[record] ?? 0, amount)
        spend(amount, kind, holding.scopes)
      } else {
        notices += settleUnknown(kind, holding, usage)
      }
      notices += holding.scopes.compactMap { newlyUsed(kind, $0) }
    }
    return notices
  }

  /// Counts an attempt that ended before this ledger was made, of a run that is taken up again.
  package mutating func restore(
    _ key: AttemptKey, agent: String, usage: AttemptResult.Usage?
  ) -> [BudgetNotice] {
    var holding = Holding(agent: agent, scopes: [.task(key.task), .agent(agent), .plan])
    for kind in Kind.allCases {
      guard holding.scopes.contains(where: { kind.isLimited(budgets[$0]) }) else { continue }
      let firm = firmCeiling(kind, holding)
      holding.held[kind] = firm?.amount ?? 0
      holding.firm[kind] = firm?.scope
    }
    start(key, holding)
    return settle(key, usage: usage)
  }

  /// Sets aside what an attempt that runs already may use, of a run that is taken up again. It cannot be refused.
  package mutating func hold(_ key: AttemptKey, agent: String) {
    var holding = Holding(agent: agent, scopes: [.task(key.task), .agent(agent), .plan])
    for kind in Kind.allCases {
      let firm = firmCeiling(kind, holding)
      let limits = holding.scopes.compactMap { left(kind, $0) }
      guard firm != nil || !limits.isEmpty else { continue }
      holding.held[kind] = firm?.amount ?? max(0, limits.min() ?? 0)
      holding.firm[kind] = firm?.scope
    }
    start(key, holding)
  }

  /// What nobody knows is not nothing: with `perAttempt` all of that is taken for spent, otherwise
  /// what was seen of it, and the sum is marked as a lower bound.
  private mutating func settleUnknown(
    _ kind: Kind, _ holding: Holding, _ usage: AttemptResult.Usage
  ) -> [BudgetNotice] {
    let assumed = holding.firm[kind] == nil ? nil : holding.held[kind]
    let seen = max(holding.used[kind], kind.least(of: usage))
    spend(max(assumed ?? 0, seen), kind, holding.scopes)
    for scope in holding.scopes { accounts[scope]?.unknown[kind, default: 0] += 1 }
    guard holding.held[kind] != nil else { return [] }
    if unknownCost == .refuse {
      for scope in holding.scopes where kind.isLimited(budgets[scope]) {
        refusal[scope] = BudgetExcess(
          limit: BudgetLimit(scope, .unknownCost),
          allowed: kind.told(kind.limit(budgets[scope]) ?? 0), used: kind.told(spent(kind, scope)))
      }
    }
    guard toldUnknown.insert(Highest(agent: holding.agent, kind: kind)).inserted else { return [] }
    return [.unknown(agent: holding.agent, kind.measure, counted: assumed.map(kind.told))]
  }

  private mutating func spend(_ amount: Int, _ kind: Kind, _ scopes: [BudgetScope]) {
    for scope in scopes { accounts[scope, default: Account()].spent[kind] += amount }
  }

  private mutating func newlyUsed(_ kind: Kind, _ scope: BudgetScope) -> BudgetNotice? {
    guard let allowed = limit(kind, scope) else { return nil }
    let limit = BudgetLimit(scope, kind.measure)
    let spent = spent(kind, scope)
    let (told, used) = (kind.told(allowed), kind.told(spent))
    if spent >= allowed {
      guard self.told.insert(limit).inserted else { return nil }
      return .reached(limit, allowed: told, used: used)
    }
    guard spent >= allowed - allowed / 5, toldNear.insert(limit).inserted else { return nil }
    return .near(limit, allowed: told, used: used)
  }

  /// Lifts a limit for the rest of the run: the user, or the policy `warn`, lets it go on.
  package mutating func raise(_ limit: BudgetLimit) { raised.insert(limit) }

  // MARK: - Sums

  /// The limit that binds, if any.
  private func limit(_ kind: Kind, _ scope: BudgetScope) -> Int? {
    raised.contains(BudgetLimit(scope, kind.measure)) ? nil : kind.limit(budgets[scope])
  }

  private func runs(in scope: BudgetScope) -> Bool {
    holdings.values.contains { $0.scopes.contains(scope) }
  }

  func claimed(_ kind: Kind, _ scope: BudgetScope) -> Int {
    holdings.values.reduce(0) { $1.scopes.contains(scope) ? $0 + $1.claim(kind) : $0 }
  }

  private func inUse(_ kind: Kind, _ scope: BudgetScope) -> Int {
    holdings.values.reduce(0) { $1.scopes.contains(scope) ? $0 + $1.used[kind] : $0 }
  }

  private func spent(_ kind: Kind, _ scope: BudgetScope) -> Int {
    accounts[scope]?.spent[kind] ?? 0
  }

  /// What is neither spent nor set aside; nil without a limit.
  private func left(_ kind: Kind, _ scope: BudgetScope) -> Int? {
    limit(kind, scope).map { $0 - spent(kind, scope) - claimed(kind, scope) }
  }
}
