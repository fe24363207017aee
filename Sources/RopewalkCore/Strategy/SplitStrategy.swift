// Knows how a task becomes items and how a pool shares them. Unaware of how results are merged.

/// A task divided into items, each done by a member of a pool in a worktree of its own; the results are merged.
///
/// Events: the `division` where a member divides the task, then an attempt for each item; items begin in their order.
/// An item that fails fails the task once all have ended; `onError: "halt"` starts no more and ends the others,
/// `"continue"` goes on with a partial result.
struct SplitStrategy: StrategyMachine {
  /// What the dealer has to know of a member of the pool.
  struct Hand: Sendable {
    var member: StrategyMember
    var capabilities: Set<String>
    /// The most items that it has under way.
    var limit: Int
  }

  private let source: WorkSource
  private let pool: [Hand]
  private let deal: Deal
  private let max: Int
  private let onError: OnError?
  private var items: [WorkItem] = []
  private var gathering = Gathering([], onError: nil)
  private var nextItem = 0
  private var turn = 0
  private var load: [Int]
  /// By item, who has it.
  private var hands: [Int: Int] = [:]

  init(_ source: WorkSource, pool: [Hand], _ deal: Deal, max: Int, onError: OnError?) {
    self.source = source
    self.pool = pool
    self.deal = deal
    self.max = max
    self.onError = onError
    load = Array(repeating: 0, count: pool.count)
  }

  mutating func begin() -> [StrategyMove] {
    switch source {
    case .member(let planner):
      let capabilities = Set(pool.flatMap(\.capabilities)).sorted()
      let words = StrategyPrompts.divide(max: max, capabilities: capabilities)
      return [
        .ask(
          StrategyRequest(
            key: -1, doer: .member(planner), label: StrategyMember.labels([planner])[0],
            role: .division, prompt: [.task, .text(words)], place: .own(-1), expect: .answer))
      ]
    case .lines:
      return [.ask(StrategyRequest(key: -1, doer: .text, label: "lines", role: .division))]
    case .glob(let glob):
      return [
        .ask(StrategyRequest(key: -1, doer: .paths(glob: glob), label: "glob", role: .division))
      ]
    case .list(let texts):
      return divided(texts.map { WorkItem(prompt: $0) })
    }
  }

  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove] {
    if key == -1 { return divided(by: result) }
    var moves = gathering.take(key, result)
    if let hand = hands[key] { load[hand] -= 1 }
    if gathering.haltedBy != nil { giveUpRest() }
    moves += dealItems()
    return gathering.open > 0 ? moves : [.finish(gathered)]
  }

  /// What was not given out yet is not started any more.
  private mutating func giveUpRest() {
    for item in nextItem..<items.count {
      _ = gathering.take(item, AttemptResult(failed: .cancelled, "it was not started"))
    }
    nextItem = items.count
  }

  private var gathered: StrategyEnd { gathering.end(repairer: pool.first?.member) }

  // MARK: - Dividing

  private mutating func divided(by result: AttemptResult) -> [StrategyMove] {
    if let cause = result.cause {
      return [
        .finish(
          .failed(cause, "the task could not be divided: \(result.message ?? cause.rawValue)"))
      ]
    }
    let text = result.text ?? ""
    do throws(WorkItems.Refusal) {
      return divided(
        try source.isMember
          ? WorkItems.read(text, max: max) : WorkItems.lines(text, max: max))
    } catch {
      return [.finish(.failed(.undecided, "the task could not be divided: \(error)"))]
    }
  }

  private mutating func divided(_ items: [WorkItem]) -> [StrategyMove] {
    self.items = items
    gathering = Gathering(items.indices.map { "item \($0 + 1)" }, onError: onError)
    let moves = dealItems()
    return gathering.open == 0 ? [.finish(gathered)] : moves
  }

  // MARK: - Dealing

  /// Gives out items in their order while somebody can take the next.
  private mutating func dealItems() -> [StrategyMove] {
    var moves: [StrategyMove] = []
    while nextItem < items.count {
      let item = items[nextItem]
      let able = pool.indices.filter { hand in
        deal != .byCapability || pool[hand].capabilities.isSuperset(of: item.capabilities)
      }
      if able.isEmpty {
        let wanted = item.capabilities.sorted().joined(separator: ", ")
        _ = gathering.take(
          nextItem, AttemptResult(failed: .couldNotStart, "nobody in the pool has \(wanted)"))
        nextItem += 1
        continue
      }
      guard let hand = choose(able) else { return moves }
      load[hand] += 1
      hands[nextItem] = hand
      moves.append(.ask(request(nextItem, pool[hand].member)))
      nextItem += 1
    }
    return moves
  }

  private mutating func choose(_ able: [Int]) -> Int? {
    if deal == .roundRobin {
      defer { turn += 1 }
      return turn % pool.count
    }
    let free = able.filter { load[$0] < pool[$0].limit }
    return free.min { (load[$0], $0) < (load[$1], $1) }
  }

  private func request(_ place: Int, _ member: StrategyMember) -> StrategyRequest {
    let item = items[place]
    var prompt: [PromptPiece] = [.task]
    switch source {
    case .member:
      prompt.append(
        .text(StrategyPrompts.item(item.prompt, number: place + 1, of: items.count)))
    case .lines: prompt = [.text(item.prompt)]
    case .list, .glob: break
    }
    return StrategyRequest(
      key: place, doer: .member(member), label: StrategyMember.labels([member])[0], role: .item,
      round: place + 1, prompt: prompt, place: .own(place), item: item.prompt)
  }
}

extension WorkSource {
  fileprivate var isMember: Bool {
    if case .member = self { true } else { false }
  }
}
