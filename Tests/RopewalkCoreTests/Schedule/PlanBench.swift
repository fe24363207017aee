import RopewalkCore
import Testing

/// A plan's schedule, driven by hand: attempts are named `TASKn`, and what happens is told in short sentences.
struct PlanBench {
  let plan: Plan
  private(set) var schedule: Schedule
  /// By task, the attempts under way.
  private(set) var live: [String: [Int]] = [:]
  /// The attempts that were started to repair what the one before left.
  private(set) var repairs: [String] = []

  /// - Parameters:
  ///   - text: the plan as JSON5.
  ///   - change: what the schedule knows of agents beyond the plan.
  init(_ text: String, change: (inout AgentChoice, Plan) -> Void = { _, _ in }) throws {
    plan = try PlanDecoder { _ in .failure(PromptFileError("no files")) }
      .decode(Array(text.utf8)).get()
    var choice = AgentChoice(plan, classifier: .builtIn(), history: AgentHistory())
    change(&choice, plan)
    schedule = Schedule(plan: plan, graph: TaskGraph(plan), choice: choice, seed: 1)
  }

  mutating func start() -> [String] { take(schedule.start()) }

  mutating func end(
    _ name: String, _ cause: FailureCause? = nil, usd: Double? = nil, tokens: TokenCounts? = nil,
    ran: Bool = true, commit: Character? = nil, retryAfter: Duration? = nil
  ) -> [String] {
    let (task, attempt) = place(name)
    live[plan.tasks[task].id.text]?.removeAll { $0 == attempt }
    var result = cause.map { AttemptResult(failed: $0, "it failed") } ?? AttemptResult()
    if ran {
      result.usage = AttemptResult.Usage(
        tokens: tokens, cost: usd.map { Cost(usd: $0, source: .priced) } ?? .unknown)
    }
    result.commit = commit.map(StrategyBench.commit)
    result.retryAfter = retryAfter
    return take(schedule.attemptEnded(task, attempt: attempt, result))
  }

  mutating func used(_ name: String, usd: Double) -> [String] {
    let (task, attempt) = place(name)
    return take(schedule.used(task, attempt: attempt, tokens: nil, usd: usd))
  }

  /// The latest end of sleep of every account that fell asleep.
  private var turns: [AgentAccount: Int] = [:]

  /// Wakes an account whose time is over.
  mutating func wake(_ account: String) -> [String] {
    let account = AgentAccount(account)
    return take(schedule.agentAwake(account, turn: turns[account] ?? 0))
  }

  /// Another run was limited.
  mutating func hear(_ account: String, for rest: Duration) -> [String] {
    take(schedule.agentLimited(AgentAccount(account), for: rest, strikes: 1))
  }

  /// The machine is looked at again.
  mutating func look(_ reading: HostReading) -> [String] {
    schedule.host = reading
    return take(schedule.lookAgain())
  }

  /// Sets how the machine stands, without telling that anything happened.
  mutating func stand(_ reading: HostReading) { schedule.host = reading }

  /// Lets time pass.
  mutating func pass(_ time: Duration) { schedule.now += time }

  mutating func due(_ task: String, step: Int = 0) -> [String] {
    take(schedule.retryDue(place(task + "1").0, step: step))
  }

  mutating func timeIsOver(_ scope: BudgetScope) -> [String] { take(schedule.wallTimeOver(scope)) }

  mutating func answer(_ goOn: Bool, _ measure: BudgetLimit.Measure = .usd) -> [String] {
    take(schedule.answered(BudgetLimit(.plan, measure), goOn: goOn))
  }

  mutating func pause(_ names: [String]? = nil, drain: Bool = false) -> [String] {
    take(schedule.pause(names.map { $0.map { place($0 + "1").0 } }, drain: drain))
  }

  mutating func resume(_ names: [String]? = nil) -> [String] {
    take(schedule.resume(names.map { $0.map { place($0 + "1").0 } }))
  }

  mutating func resumeRun() -> [String] { take(schedule.resumeRun()) }

  mutating func setPriority(_ name: String, _ priority: Int) -> [String] {
    take(schedule.setPriority(place(name + "1").0, priority))
  }

  mutating func cancel(_ names: [String]? = nil) -> [String] {
    take(schedule.cancel(names.map { $0.map { place($0 + "1").0 } }, .requested))
  }

  func state(_ name: String) -> TaskState { schedule.state(of: place(name + "1").0) }

  func start(of name: String) -> String? {
    let (task, attempt) = place(name)
    return schedule.step(of: task, attempt: attempt)?.step.start.map { String($0.text.prefix(1)) }
  }

  private func place(_ name: String) -> (Int, Int) {
    let id = String(name.prefix { !$0.isNumber })
    let task = plan.tasks.firstIndex { $0.id.text == id } ?? -1
    return (task, Int(name.drop { !$0.isNumber }) ?? 0)
  }

  private mutating func take(_ actions: [Schedule.Action]) -> [String] {
    for case .startAttempt(let task, let attempt, let purpose) in actions {
      live[plan.tasks[task].id.text, default: []].append(attempt)
      if purpose == .repair { repairs.append("\(plan.tasks[task].id.text)\(attempt)") }
    }
    for case .sleep(let news) in actions { turns[news.account] = news.turn }
    return actions.compactMap(words)
  }

  private func words(_ action: Schedule.Action) -> String? {
    func name(_ task: Int) -> String { plan.tasks[task].id.text }
    switch action {
    case .queue, .tell, .assign: return nil
    case .startAttempt(let task, let attempt, _):
      let agent = schedule.step(of: task, attempt: attempt)?.step.agent
      return
        "\(name(task))\(attempt) by \(agent.map { $0.name == $0.runner ? $0.name : "\($0.name)/\($0.runner)" } ?? "nobody")"
    case .retryLater(let task, _, let attempt, _): return "retry \(name(task))\(attempt)"
    case .fallBack(let task, let news):
      return "\(name(task)) falls back to \(news.to.name)/\(news.to.runner): \(news.because)"
    case .endAttempt(let task, let attempt, let reason):
      return "end \(name(task))\(attempt) \(reason)"
    case .pauseAttempt(let task, let attempt): return "pause \(name(task))\(attempt)"
    case .resumeAttempt(let task, let attempt): return "resume \(name(task))\(attempt)"
    case .startTimer(let scope, let after): return "timer \(scope) \(after.seconds)"
    case .warn(let notice): return "warn: \(notice.message { name($0) })"
    case .limitReached(let excess, let reaction):
      return "\(reaction): \(excess.message { name($0) })"
    case .sleep(let news):
      return "\(news.account) sleeps \(Int(news.after.seconds.rounded()))"
    case .limitOver(let account): return "\(account) is free"
    case .wait(let news):
      return "waits: \(news.why)" + (news.until.map { " until \(Int($0.seconds.rounded()))" } ?? "")
    case .lookLater: return nil
    case .finish(let task, let end):
      return "\(name(task)) \(end.state)" + (end.cause.map { " \($0)" } ?? "")
    case .finishRun(let state): return "run \(state)"
    }
  }
}
