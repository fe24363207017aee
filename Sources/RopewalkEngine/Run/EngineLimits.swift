// Knows how the loop and the user's other runs tell each other of limits, and how the loop looks at the machine.
// Unaware of what follows for the tasks.

import RopewalkCore

extension EngineLoop {
  // MARK: - Taking in

  /// What other runs have said of limits since the last look. Looks at one file's date; the file is
  /// read only when that has changed.
  mutating func hear() async -> [Schedule.Action] {
    guard let limits = engine.limits else { return [] }
    schedule.now = now
    let heard = await limits.news()
    if let problem = heard.problem { record(.errorOccurred(problem)) }
    return heard.limits.flatMap { limit in
      schedule.agentLimited(
        limit.account, for: limit.rest(at: engine.time.now()), strikes: limit.strikes)
    }
  }

  mutating func lookAround() {
    if schedule.asksForHost { schedule.host = engine.host?() }
  }

  // MARK: - Telling

  /// The event of a limit: about the attempt that hit it, or about the runner where another run did.
  mutating func record(_ news: LimitNews) {
    let until = engine.time.now().adding(news.after)
    guard let limited = news.limited else {
      return record(
        .rateLimited(retryAfterSeconds: nil, until: until),
        subject: RunEvent.Subject(runner: news.account.runner))
    }
    var subject = subject(limited.task, limited.attempt)
    // By now the step may be another agent's.
    if subject.agent != nil { subject.agent = limited.agent.name }
    subject.runner = limited.agent.runner
    record(
      .rateLimited(retryAfterSeconds: limited.asked?.seconds, until: until), subject: subject)
  }

  /// The wall clock's time for one of the schedule's.
  func wallTime(_ time: Duration) -> Timestamp { engine.time.now().adding(time - schedule.now) }

  // MARK: - Acting

  func fallAsleep(_ news: LimitNews, _ group: inout DiscardingTaskGroup) {
    let now = engine.time.now()
    let until = now.adding(news.after)
    if news.limited != nil {
      let limit = SharedLimit(
        account: news.account, since: now, until: until, strikes: news.strikes)
      engine.limits?.tell(limit, failed: notShared)
    }
    wakeLater(news, at: until, &group)
  }

  func wakeOthers(_ account: AgentAccount) { engine.limits?.isOver(account, failed: notShared) }

  private var notShared: @Sendable (String) -> Void {
    let inbox = engine.inbox
    return { inbox.send(.notShared($0)) }
  }

  /// Sleeps in pieces and looks at the wall clock between them: a provider's time goes on while the
  /// machine is suspended, and the clock of pauses does not.
  private func wakeLater(
    _ news: LimitNews, at until: Timestamp, _ group: inout DiscardingTaskGroup
  ) {
    let (inbox, time) = (engine.inbox, engine.time)
    group.addTask {
      var rest = news.after
      do {
        while rest > .zero {
          let piece = min(rest, .seconds(60))
          try await time.clock.sleep(for: piece)
          rest = min(rest - piece, time.now().distance(to: until))
        }
        inbox.send(.agentAwake(news.account, turn: news.turn))
      } catch {
        // Only the end of the run cancels a timer, and then nobody is to be woken.
      }
    }
  }
}
