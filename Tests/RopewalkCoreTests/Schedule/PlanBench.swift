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
    ran: Bool = true, commit: Character? = nil
  ) -> [String] {
    let (task, attempt) = place(name)
    live[plan.tasks[task].id.text]?.removeAll { $0 == attempt }
    var result = cause.map { AttemptResult(failed: $0, "it failed") } ?? AttemptResult()
    if ran {
      result.usage = AttemptResult.Usage(
        tokens: tokens, cost: usd.map { Cost(usd: $0, source: .priced) } ?? .unknown)
    }
    result.commit = commit.map(StrategyBench.commit)
    return take(schedule.attemptEnded(task, attempt: attempt, result))
  }

  mutating func used(_ name: String, usd: Double) -> [String] {
    let (task, attempt) = place(name)
    return take(schedule.used(task, attempt: attempt, tokens: nil, usd: usd))
  }

  /// Lets time pass.
  mutating func pass(_ time: Duration) { schedule.now += time }

  mutating func due(_ task: String) -> [String] {
    take(schedule.retryDue(place(task + "1").0, step: 0))
  }

  mutating func timeIsOver(_ scope: BudgetScope) -> [String] { take(schedule.wallTimeOver(scope)) }

  mutating func answer(_ goOn: Bool, _ measure: BudgetLimit.Measure = .usd) -> [String] {
    take(schedule.answered(BudgetLimit(.plan, measure), goOn: goOn))
  }

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
    case .startTimer(let scope, let after): return "timer \(scope) \(after.seconds)"
    case .warn(let notice): return "warn: \(notice.message { name($0) })"
    case .limitReached(let excess, let reaction):
      return "\(reaction): \(excess.message { name($0) })"
    case .finish(let task, let end):
      return "\(name(task)) \(end.state)" + (end.cause.map { " \($0)" } ?? "")
    case .finishRun(let state): return "run \(state)"
    }
  }
}
