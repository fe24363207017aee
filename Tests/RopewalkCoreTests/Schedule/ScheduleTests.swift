import RopewalkCore
import RopewalkTestSupport
import Testing

/// A schedule over tasks named by letters, driven by hand.
private struct Bench {
  let names: [String]
  var schedule: Schedule
  private var attempts: [String: Int] = [:]

  /// - Parameter tasks: `"b": ["a"]` means that `b` needs `a`.
  init(
    _ tasks: KeyValuePairs<String, [String]>, concurrency: Int = 8, agents: [AgentRole] = [],
    change: (inout PlanTask, String) -> Void = { _, _ in }
  ) {
    names = tasks.map(\.key)
    var planned: [PlanTask] = []
    for (name, needs) in tasks {
      guard let id = TaskID(name) else { preconditionFailure(name) }
      var task = PlanTask(
        id: id, prompt: PromptTemplate(literal: "do"),
        needs: needs.compactMap { need in tasks.firstIndex { $0.key == need } }, runnerName: "stub")
      change(&task, name)
      planned.append(task)
    }
    let plan = Plan(concurrency: concurrency, agents: agents, tasks: planned)
    schedule = Schedule(plan: plan, graph: TaskGraph(plan), seed: 1)
  }

  mutating func start() -> [String] { words(schedule.start()) }

  mutating func succeed(_ name: String) -> [String] { end(name, AttemptResult()) }

  mutating func fail(
    _ name: String, _ cause: FailureCause = .exitCode, retryAfter: Duration? = nil
  ) -> [String] {
    var result = AttemptResult(failed: cause, "it failed")
    result.retryAfter = retryAfter
    return end(name, result)
  }

  /// Ends the latest attempt that was started.
  private mutating func end(_ name: String, _ result: AttemptResult) -> [String] {
    words(schedule.attemptEnded(index(name), attempt: attempts[name] ?? 0, result))
  }

  mutating func due(_ name: String) -> [String] { words(schedule.retryDue(index(name), step: 0)) }

  mutating func cancel(_ names: [String]? = nil, _ reason: CancelReason = .requested) -> [String] {
    words(schedule.cancel(names.map { $0.map(index) }, reason))
  }

  private func index(_ name: String) -> Int { names.firstIndex(of: name) ?? -1 }

  /// Actions as short sentences; `queue` is left out, since it only tells.
  private mutating func words(_ actions: [Schedule.Action]) -> [String] {
    for case .startAttempt(let task, let attempt, _) in actions { attempts[names[task]] = attempt }
    return actions.compactMap { action in
      switch action {
      case .queue, .tell, .assign, .fallBack, .startTimer, .warn, .limitReached, .sleep, .limitOver,
        .wait, .lookLater:
        nil
      case .startAttempt(let task, let attempt, .attempt): "start \(names[task])\(attempt)"
      case .startAttempt(let task, let attempt, .repair): "repair \(names[task])\(attempt)"
      case .startAttempt(let task, let attempt, .continuation): "go on \(names[task])\(attempt)"
      case .retryLater(let task, _, let attempt, let delay):
        "retry \(names[task])\(attempt) in \(delay.milliseconds)"
      case .endAttempt(let task, _, _): "end \(names[task])"
      case .pauseAttempt(let task, _): "pause \(names[task])"
      case .resumeAttempt(let task, _): "resume \(names[task])"
      case .finish(let task, let end): "\(names[task]) \(end.state)"
      case .finishRun(let state): "run \(state)"
      }
    }
  }
}

@Suite("The schedule")
struct ScheduleTests {
  @Test("a task starts when all of its needs have completed, and the run ends with the last")
  func order() {
    var bench = Bench(["a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]])
    #expect(bench.start() == ["start a1"])
    #expect(bench.succeed("a") == ["a completed", "start b1", "start c1"])
    #expect(bench.succeed("c") == ["c completed"])
    #expect(bench.succeed("b") == ["b completed", "start d1"])
    #expect(bench.succeed("d") == ["d completed", "run completed"])
  }

  @Test("no more run at once than the plan allows, the urgent first, then as the plan lists them")
  func slots() {
    var bench = Bench(["a": [], "b": [], "c": [], "d": []], concurrency: 2) { task, name in
      if name == "d" { task.priority = 5 }
    }
    #expect(bench.start() == ["start d1", "start a1"])
    #expect(bench.succeed("a") == ["a completed", "start b1"])
    #expect(bench.fail("d") == ["d failed", "start c1"])
    #expect(bench.succeed("b") == ["b completed"])
    #expect(bench.succeed("c") == ["c completed", "run partial"])
  }

  @Test("an agent carries no more tasks at a time than it takes")
  func maxTasks() {
    var bench = Bench(
      ["a": [], "b": [], "c": []], agents: [AgentRole(name: "dev", runner: "stub", maxTasks: 1)]
    ) { task, name in
      if name != "c" { task.agentName = "dev" }
    }
    #expect(bench.start() == ["start a1", "start c1"])
    #expect(bench.succeed("c") == ["c completed"])
    #expect(bench.succeed("a") == ["a completed", "start b1"])
    #expect(bench.succeed("b") == ["b completed", "run completed"])
  }

  @Test("what needs a failed task is skipped down to the last, and the rest goes on")
  func skips() {
    var bench = Bench(["a": [], "b": ["a"], "c": ["b"], "x": [], "y": ["x"]])
    #expect(bench.start() == ["start a1", "start x1"])
    #expect(bench.fail("a") == ["a failed", "b skipped", "c skipped"])
    #expect(bench.succeed("x") == ["x completed", "start y1"])
    #expect(bench.succeed("y") == ["y completed", "run partial"])
  }

  @Test("a time limit that ends the last try is the task's state")
  func timedOut() {
    var bench = Bench(["a": []])
    _ = bench.start()
    #expect(bench.fail("a", .idle) == ["a timedOut", "run failed"])
  }

  @Test("a retry waits for its backoff without holding a slot, and counts its tries")
  func retries() {
    var bench = Bench(["a": [], "b": []], concurrency: 1) { task, name in
      if name == "a" {
        task.retry = RetryPolicy(attempts: 3, backoff: .seconds(10), factor: 2, jitter: 0)
      }
    }
    #expect(bench.start() == ["start a1"])
    #expect(bench.fail("a") == ["retry a2 in 10000", "start b1"])
    #expect(bench.due("a") == [])
    #expect(bench.succeed("b") == ["b completed", "start a2"])
    #expect(bench.fail("a") == ["retry a3 in 20000"])
    #expect(bench.due("a") == ["start a3"])
    #expect(bench.fail("a") == ["a failed", "run partial"])
  }

  @Test("a pause that the provider asks for is kept even when the backoff is shorter")
  func retryAfter() {
    var bench = Bench(["a": []]) { task, _ in
      task.retry = RetryPolicy(attempts: 2, backoff: .seconds(1), jitter: 0)
    }
    _ = bench.start()
    #expect(bench.fail("a", .rateLimited, retryAfter: .seconds(60)) == ["retry a2 in 60000"])
  }

  @Test("what another try cannot mend is not tried again", arguments: FailureCause.allCases)
  func notRetryable(cause: FailureCause) {
    var bench = Bench(["a": []]) { task, _ in
      task.retry = RetryPolicy(attempts: 2, jitter: 0)
      task.repair = 0
    }
    _ = bench.start()
    let actions = bench.fail("a", cause)
    #expect(actions.contains { $0.hasPrefix("retry") } == cause.isRetryable)
  }

  @Test("a refused result goes back to its agent before it counts as a failure")
  func repair() {
    var bench = Bench(["a": []]) { task, _ in task.repair = 1 }
    _ = bench.start()
    #expect(bench.fail("a", .rejected) == ["repair a2"])
    #expect(bench.fail("a", .rejected) == ["a failed", "run failed"])
  }

  @Test(
    "a halt starts nothing new, lets what runs come to its end, and still runs what must run always"
  )
  func halt() {
    var bench = Bench(["a": [], "b": [], "c": ["b"], "d": ["a", "b"], "e": []], concurrency: 2) {
      task, name in
      if name == "a" { task.onError = .halt }
      if name == "d" { task.when = .always }
    }
    #expect(bench.start() == ["start a1", "start b1"])
    #expect(bench.fail("a") == ["a failed", "c skipped", "e skipped"])
    #expect(bench.succeed("b") == ["b completed", "start d1"])
    #expect(bench.succeed("d") == ["d completed", "run partial"])
  }

  @Test("a task that runs always starts however its needs ended")
  func always() {
    var bench = Bench(["a": [], "b": ["a"], "c": ["b"]]) { task, name in
      if name == "c" { task.when = .always }
    }
    _ = bench.start()
    #expect(bench.fail("a") == ["a failed", "b skipped", "start c1"])
    #expect(bench.succeed("c") == ["c completed", "run partial"])
  }

  @Test("a cancelled run ends what runs, cancels what waits, and is over when the last has ended")
  func cancelRun() {
    var bench = Bench(["a": [], "b": ["a"], "c": []])
    _ = bench.start()
    #expect(bench.cancel(nil, .interrupted) == ["end a", "b cancelled", "end c"])
    #expect(bench.cancel(nil, .interrupted) == [])
    #expect(bench.cancel(nil, .forced) == ["end a", "end c"])
    #expect(bench.fail("a", .cancelled) == ["a cancelled"])
    #expect(bench.succeed("c") == ["c completed", "run cancelled"])
  }

  @Test("a cancelled task takes down only those that need it")
  func cancelTask() {
    var bench = Bench(["a": [], "b": ["a"], "c": []])
    _ = bench.start()
    #expect(bench.cancel(["a"]) == ["end a"])
    #expect(bench.fail("a", .cancelled) == ["a cancelled", "b skipped"])
    #expect(bench.succeed("c") == ["c completed", "run partial"])
  }

  @Test("a task that is cancelled between two tries is over at once")
  func cancelBetweenTries() {
    var bench = Bench(["a": []]) { task, _ in task.retry = RetryPolicy(attempts: 2, jitter: 0) }
    _ = bench.start()
    _ = bench.fail("a")
    #expect(bench.cancel() == ["a cancelled", "run cancelled"])
    #expect(bench.due("a") == [])
  }

  @Test("a chain of 100,000 skips costs no stack")
  func longChain() {
    let count = 100_000
    var tasks: [PlanTask] = []
    for index in 0..<count {
      guard let id = TaskID("t\(index)") else { preconditionFailure() }
      tasks.append(
        PlanTask(
          id: id, prompt: PromptTemplate(literal: "do"), needs: index == 0 ? [] : [index - 1],
          runnerName: "stub"))
    }
    let plan = Plan(tasks: tasks)
    var schedule = Schedule(plan: plan, graph: TaskGraph(plan), seed: 1)
    _ = schedule.start()
    let actions = schedule.attemptEnded(0, attempt: 1, .bad())
    #expect(actions.count == count + 1)
  }

  @Test("random graphs with random failures always end, every task once", arguments: 0..<40)
  func randomGraphs(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let count = Int.random(in: 1...60, using: &random)
    let tasks = (0..<count).map { index in
      let needs = (0..<index).filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
      guard let id = TaskID("t\(index)") else { preconditionFailure() }
      var task = PlanTask(
        id: id, prompt: PromptTemplate(literal: "do"), needs: needs, runnerName: "stub")
      task.retry = RetryPolicy(attempts: Int.random(in: 1...3, using: &random))
      task.when = Int.random(in: 0..<6, using: &random) == 0 ? .always : .success
      task.onError = Int.random(in: 0..<20, using: &random) == 0 ? .halt : .continue
      return task
    }
    let plan = Plan(concurrency: Int.random(in: 1...5, using: &random), tasks: tasks)
    var schedule = Schedule(plan: plan, graph: TaskGraph(plan), seed: seed)
    var live: [Int: Int] = [:]
    var due: [Int] = []
    var finished: [Int: TaskState] = [:]
    var isOver = false
    func perform(_ actions: [Schedule.Action]) {
      for action in actions {
        switch action {
        case .startAttempt(let task, let attempt, _):
          #expect(plan.tasks[task].needs.allSatisfy { finished[$0] != nil })
          live[task] = attempt
        case .retryLater(let task, _, _, _): due.append(task)
        case .finish(let task, let end):
          #expect(finished.updateValue(end.state, forKey: task) == nil)
        case .finishRun: isOver = true
        case .queue, .tell, .endAttempt, .pauseAttempt, .resumeAttempt, .assign, .fallBack,
          .startTimer, .warn, .limitReached, .sleep, .limitOver, .wait, .lookLater:
          break
        }
      }
      #expect(live.count <= plan.concurrency)
    }
    perform(schedule.start())
    while !isOver {
      if let task = due.popLast() {
        perform(schedule.retryDue(task, step: 0))
      } else if let task = live.keys.sorted().randomElement(using: &random) {
        let attempt = live.removeValue(forKey: task) ?? 0
        let good = Int.random(in: 0..<3, using: &random) > 0
        perform(schedule.attemptEnded(task, attempt: attempt, good ? .good : .bad()))
      } else {
        Issue.record("nothing runs, nothing is due, and the run is not over")
        return
      }
    }
    #expect(finished.count == count)
  }
}
