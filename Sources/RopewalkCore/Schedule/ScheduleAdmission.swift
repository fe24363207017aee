// Knows when the machine or the demands of others hold a step back, and what is told of waiting.
// Unaware of providers' limits, but for telling them.

/// Why nothing starts for now.
package struct WaitNews: Sendable, Equatable {
  package var why: Waiting.Why
  package var message: String
  /// By the schedule's time; nil when nobody knows.
  package var until: Duration?
}

/// What is known of a machine that has no room.
struct WaitState: Sendable {
  /// What was told last, and is still so.
  var told: WaitNews?
  var shortage: Admission.Shortage?
  /// Since when something could start, nothing runs, and the machine is too busy.
  var busySince: Duration?
  var isTimerSet = false
}

extension Schedule {
  /// From then on nothing starts that would keep the most urgent of those held back waiting.
  static let holdPatience = Duration.seconds(300)

  // MARK: - Inputs

  /// It is time to look at the machine again.
  package mutating func lookAgain() -> [Action] {
    waiting.isTimerSet = false
    return fill([])
  }

  /// Whether a reading of the machine is of any use.
  package var asksForHost: Bool { plan.admission != .none }

  // MARK: - The machine

  /// Whether the machine has room for one more.
  mutating func isAdmitted() -> Bool {
    waiting.shortage = host.flatMap(plan.admission.shortage)
    guard case .load? = waiting.shortage, live == 0 else {
      waiting.busySince = nil
      return waiting.shortage == nil
    }
    let since = waiting.busySince ?? now
    waiting.busySince = since
    // Whatever makes it busy is not ours, and may never end.
    return now - since >= Admission.patience
  }

  mutating func noteStart(_ task: Int, _ step: Int, _ actions: inout [Action]) {
    if case .load? = waiting.shortage, let words = waiting.shortage?.words, live == 1 {
      actions.append(
        .wait(
          WaitNews(why: .load, message: "\(words); one is started anyway, since nothing runs")))
    }
    waiting.told = nil
    waiting.busySince = nil
    guard let agent = progress[task].steps[step].step.agent, let account = choice.accounts[agent],
      sleep.isAsleep(account), sleep.mayProbe(account)
    else { return }
    progress[task].steps[step].isProbe = true
    sleep.probes(account)
  }

  // MARK: - Those held back

  /// The most urgent of those whose demands are not free, once it has waited for long: nobody who is
  /// less urgent may take any of what it demands any more.
  mutating func reservation() -> (entry: ReadyQueue.Entry, demand: Int)? {
    guard !demands.all.isEmpty else { return nil }
    var best: (entry: ReadyQueue.Entry, demand: Int)?
    for index in lanes.indices {
      guard let demand = lanes[index].key.demand, let entry = first(index),
        let since = progress[entry.task].steps[entry.step].queuedAt,
        now - since >= Self.holdPatience, isAwake(index), !demands.isFree(demand)
      else { continue }
      if let known = best, !(entry < known.entry) { continue }
      best = (entry, demand)
    }
    return best
  }

  /// Whether a step would take what is kept for another.
  func delays(
    _ reserved: (entry: ReadyQueue.Entry, demand: Int)?, _ lane: Int, _ entry: ReadyQueue.Entry
  ) -> Bool {
    guard let reserved, let demand = lanes[lane].key.demand, reserved.entry < entry else {
      return false
    }
    return demands.all[demand].concerns(demands.all[reserved.demand])
  }

  // MARK: - What is told

  /// Says why nothing starts, once for each reason, and has the machine looked at again.
  mutating func tellWaiting(_ actions: inout [Action]) {
    guard unfinished > 0, live < concurrency else { return }
    let news: WaitNews?
    if let shortage = waiting.shortage, lanes.indices.contains(where: { isHeldByMachine($0) }) {
      news = WaitNews(why: shortage.why, message: shortage.words, until: nil)
      if !waiting.isTimerSet {
        waiting.isTimerSet = true
        actions.append(.lookLater(after: Admission.interval))
      }
    } else {
      waiting.shortage = nil
      news = live == 0 ? limitedNews() : nil
    }
    // Its figures change all the time, and one minute later somebody may have been limited again.
    guard let news, waiting.told?.why != news.why || waiting.told?.until != news.until else {
      return
    }
    waiting.told = news
    actions.append(.wait(news))
  }

  private mutating func isHeldByMachine(_ lane: Int) -> Bool {
    first(lane) != nil && isOpen(lane)
  }

  /// All that could start waits for accounts that sleep; nil when something waits for nobody, or
  /// nothing waits at all.
  private mutating func limitedNews() -> WaitNews? {
    var ends: [Duration] = []
    for index in lanes.indices {
      guard let entry = first(index) else { continue }
      let key = lanes[index].key
      if let end = sleep.until(key.account) {
        ends.append(end)
      } else if key.isUnassigned, isLimited(entry.task), let end = limitEnd(nil) {
        ends.append(end)
      } else {
        return nil
      }
    }
    return ends.min().map { WaitNews(why: .limited, message: "all agents are limited", until: $0) }
  }
}
