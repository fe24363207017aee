// Knows which accounts sleep because of a limit, until when, and what wakes them. Unaware of tasks,
// clocks and files: it is told the time.

/// Who sleeps, as a value: limits and successes go in, wakings come out.
///
/// An account that hits a limit sleeps until the time that its CLI printed; where it printed none, for
/// `firstPause`, and twice as long each time that it is limited again without a success between, up
/// to `longestPause`. Nothing of it starts meanwhile, but for one attempt of an urgent task in each
/// sleep, which wakes it when it succeeds.
///
/// Times are those of the schedule: since the run began.
package struct AgentSleep: Sendable, Equatable {
  package static let firstPause = Duration.seconds(30)
  package static let longestPause = Duration.seconds(900)
  /// Whatever anybody claims, nothing sleeps for longer.
  package static let longest = Duration.seconds(86_400)
  /// From this priority on a task may wake a sleeper.
  package static let urgentPriority = 100
  /// Another runner of the family, which no plan named, takes over only from one that sleeps longer.
  package static let familyPatience = Duration.seconds(600)

  private struct Standing: Equatable {
    var until: Duration?
    /// How often it was limited since its last success.
    var strikes = 0
    /// Whether an urgent task has tried to wake it from this sleep.
    var hasProbed = false
    /// Tells one end of sleep from an earlier one that was put off.
    var turn = 0
  }

  /// What a limit leads to.
  package struct Nap: Sendable, Equatable {
    package var until: Duration
    package var strikes: Int
    package var turn: Int
  }

  private var standings: [AgentAccount: Standing] = [:]

  package init() {}

  package var hasSleepers: Bool { standings.values.contains { $0.until != nil } }

  package func isAsleep(_ account: AgentAccount?) -> Bool { until(account) != nil }

  /// When it wakes by itself; nil for one that is awake.
  package func until(_ account: AgentAccount?) -> Duration? {
    account.flatMap { standings[$0]?.until }
  }

  package func strikes(_ account: AgentAccount) -> Int { standings[account]?.strikes ?? 0 }

  /// Whether an urgent task may try to wake it.
  package func mayProbe(_ account: AgentAccount) -> Bool {
    standings[account].map { $0.until != nil && !$0.hasProbed } ?? false
  }

  /// An urgent task tries.
  package mutating func probes(_ account: AgentAccount) { standings[account]?.hasProbed = true }

  /// An attempt of it was limited at `now`.
  ///
  /// - Parameter retryAfter: the pause that its CLI asked for; nil when it said none.
  package mutating func limited(
    _ account: AgentAccount, retryAfter: Duration?, at now: Duration
  ) -> Nap {
    var standing = standings[account] ?? Standing()
    // Of several that were under way at once only the first is news.
    if standing.until == nil { standing.strikes += 1 }
    let backoff = Self.pause(strikes: standing.strikes)
    // A time that has come already, told again and again, must not become a busy loop.
    let least = standing.strikes > 1 ? backoff : .seconds(1)
    let pause = min(retryAfter.map { max($0, least) } ?? backoff, Self.longest)
    return fallAsleep(account, &standing, until: now + pause)
  }

  /// Somebody else was limited: another run, or an earlier one. Nil when that is no news.
  package mutating func heard(
    _ account: AgentAccount, until: Duration, strikes: Int, at now: Duration
  ) -> Nap? {
    var standing = standings[account] ?? Standing()
    let until = min(until, now + Self.longest)
    // Wall clocks are read to the millisecond, so one's own news comes back a little changed.
    guard until > now, until > (standing.until ?? .zero) + .seconds(1) else { return nil }
    standing.strikes = max(standing.strikes, min(strikes, 100))
    return fallAsleep(account, &standing, until: until)
  }

  private mutating func fallAsleep(
    _ account: AgentAccount, _ standing: inout Standing, until: Duration
  ) -> Nap {
    if standing.until == nil { standing.hasProbed = false }
    standing.until = max(until, standing.until ?? .zero)
    standing.turn += 1
    standings[account] = standing
    return Nap(until: standing.until ?? until, strikes: standing.strikes, turn: standing.turn)
  }

  /// Its time is over. False when its sleep was put off meanwhile.
  package mutating func woke(_ account: AgentAccount, turn: Int) -> Bool {
    guard standings[account]?.turn == turn, isAsleep(account) else { return false }
    standings[account]?.until = nil
    return true
  }

  /// An attempt of it succeeded, so that nothing limits it. True when it had been limited before.
  package mutating func succeeded(_ account: AgentAccount, asProbe: Bool) -> Bool {
    guard let standing = standings[account], standing.strikes > 0 else { return false }
    // What began before the limit says nothing of it.
    guard standing.until == nil || asProbe else { return false }
    standings[account] = Standing(turn: standing.turn + 1)
    return true
  }

  /// 30 s, 1 m, 2 m, 4 m, 8 m, 15 m, …
  static func pause(strikes: Int) -> Duration {
    var pause = firstPause
    for _ in 0..<max(0, strikes - 1) where pause < longestPause { pause = pause * 2 }
    return min(pause, longestPause)
  }
}
