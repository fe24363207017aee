import Testing

@testable import RopewalkCore

@Suite("Schedules on a machine that is short, and tasks that need something for themselves")
struct ScheduleAdmissionTests {
  private static let rich = HostReading(
    availableMemory: 8 << 30, memory: 16 << 30, load: 1,
    disks: [HostReading.Disk(path: "/d", free: 9 << 30, size: 99 << 30)])

  private static func reading(_ change: (inout HostReading) -> Void) -> HostReading {
    var reading = rich
    change(&reading)
    return reading
  }

  private static let two = """
    {admission: {memory: '1G', load: 4, disk: '2G'}, agents: {x: {runner: 'x'}},
     tasks: [{id: 'a', prompt: 'x'}, {id: 'b', prompt: 'x', priority: 5}]}
    """

  // MARK: - The machine

  @Test(
    "nothing starts while memory or disk are short, however long that is, and it is said once",
    arguments: ["memory", "disk"])
  func short(what: String) throws {
    let poor = Self.reading {
      if what == "memory" { $0.availableMemory = 1 << 29 } else { $0.disks[0].free = 1 << 30 }
    }
    var bench = try PlanBench(Self.two)
    bench.stand(poor)
    #expect(bench.start() == ["waits: \(what)"])
    bench.pass(.seconds(1000))
    #expect(bench.look(poor) == [])
    #expect(bench.look(Self.rich) == ["b1 by x", "a1 by x"])
  }

  @Test(
    "on a busy machine nothing starts beside what runs; where nothing runs, one does after a minute"
  )
  func load() throws {
    let busy = Self.reading { $0.load = 4.5 }
    var bench = try PlanBench(Self.two)
    bench.stand(busy)
    #expect(bench.start() == ["waits: load"])
    bench.pass(.seconds(59))
    #expect(bench.look(busy) == [])
    bench.pass(.seconds(1))
    #expect(bench.look(busy) == ["waits: load", "b1 by x", "waits: load"])
    bench.pass(.seconds(100))
    #expect(bench.look(busy) == [])
    #expect(bench.end("b1") == ["b completed"])
    #expect(bench.look(Self.reading { $0.load = 4 }) == ["a1 by x"])
  }

  @Test("what a machine never has is not waited for, nor what nobody knows")
  func never() throws {
    var small = try PlanBench(Self.two)
    small.stand(
      HostReading(
        availableMemory: 1 << 20, memory: 1 << 29,
        disks: [HostReading.Disk(path: "/d", free: 0, size: 1 << 20)]))
    #expect(small.start() == ["b1 by x", "a1 by x"])
    var unknown = try PlanBench(Self.two)
    unknown.stand(HostReading())
    #expect(unknown.start() == ["b1 by x", "a1 by x"])
    var off = try PlanBench("{admission: false, tasks: [{id: 'a', prompt: 'x', runner: 'x'}]}")
    off.stand(Self.reading { $0.availableMemory = 0 })
    #expect(off.start() == ["a1 by x"])
  }

  // MARK: - What tasks have for themselves

  @Test("a resource is given to as many as there is of it; others pass who do not want it")
  func resources() throws {
    var bench = try PlanBench(
      """
      {resources: {db: 1, gpu: 3}, agents: {x: {runner: 'x'}},
       tasks: [{id: 'a', prompt: 'x', resources: {db: 1}}, {id: 'b', prompt: 'x', resources: {db: 1, gpu: 2}},
               {id: 'c', prompt: 'x', resources: {gpu: 2}}, {id: 'd', prompt: 'x', resources: {gpu: 2}},
               {id: 'e', prompt: 'x'}]}
      """)
    #expect(bench.start() == ["a1 by x", "c1 by x", "e1 by x"])
    #expect(bench.end("a1") == ["a completed"])
    #expect(bench.end("c1") == ["c completed", "b1 by x"])
    #expect(bench.end("b1") == ["b completed", "d1 by x"])
  }

  @Test("tasks that could touch the same files never run at the same time")
  func touches() throws {
    var bench = try PlanBench(
      """
      {agents: {x: {runner: 'x'}},
       tasks: [{id: 'a', prompt: 'x', touches: ['src/api/**', 'docs/a.md']}, {id: 'b', prompt: 'x', touches: ['src/**']},
               {id: 'c', prompt: 'x', touches: ['docs/b.md']}, {id: 'd', prompt: 'x', touches: ['docs/*']}]}
      """)
    #expect(bench.start() == ["a1 by x", "c1 by x"])
    #expect(bench.end("c1") == ["c completed"])
    #expect(bench.end("a1") == ["a completed", "b1 by x", "d1 by x"])
  }

  @Test("what a task has is free between its tries, and all of a strategy's members share it")
  func held() throws {
    var retried = try PlanBench(
      """
      {resources: {db: 1}, agents: {x: {runner: 'x'}},
       tasks: [{id: 'a', prompt: 'x', resources: {db: 1}, retry: {attempts: 2}}, {id: 'b', prompt: 'x', resources: {db: 1}}]}
      """)
    #expect(retried.start() == ["a1 by x"])
    #expect(retried.end("a1", .exitCode) == ["retry a2", "b1 by x"])
    #expect(retried.due("a") == [])
    #expect(retried.end("b1") == ["b completed", "a2 by x"])
    var members = try PlanBench(
      """
      {resources: {db: 1}, agents: {x: {runner: 'x'}, y: {runner: 'y'}},
       tasks: [{id: 'a', prompt: 'x', resources: {db: 1}, strategy: {parallel: ['x', 'y']}},
               {id: 'b', prompt: 'x', agent: 'x', resources: {db: 1}}]}
      """)
    #expect(members.start() == ["a1 by x", "a2 by y"])
  }

  @Test("a chain between two tries waits again for what it demands, whoever comes next in it")
  func chain() throws {
    var bench = try PlanBench(
      """
      {resources: {db: 1}, concurrency: 2, agents: {x: {runner: 'x', maxTasks: 1}, y: {runner: 'y', maxTasks: 1}},
       tasks: [{id: 'a', prompt: 'x', resources: {db: 1}, retry: {attempts: 2}, strategy: {multi: ['x', 'y']}},
               {id: 'b', prompt: 'x', agent: 'x', resources: {db: 1}}]}
      """)
    #expect(bench.start() == ["a1 by x"])
    #expect(bench.end("a1") == ["a2 by y"])
    #expect(bench.end("a2", .exitCode) == ["retry a3", "b1 by x"])
    #expect(bench.due("a", step: 1) == [])
    #expect(bench.end("b1") == ["b completed", "a3 by y"])
  }

  @Test("who is held back for long is not passed any more by those who would keep it waiting")
  func reservation() throws {
    var bench = try PlanBench(
      """
      {resources: {gpu: 2}, agents: {x: {runner: 'x'}},
       tasks: [{id: 'a', prompt: 'x', resources: {gpu: 1}}, {id: 'big', prompt: 'x', resources: {gpu: 2}},
               {id: 'b', prompt: 'x', resources: {gpu: 1}}, {id: 'c', prompt: 'x', resources: {gpu: 1}},
               {id: 'd', prompt: 'x', resources: {gpu: 1}}, {id: 'free', prompt: 'x', needs: ['a']}]}
      """)
    #expect(bench.start() == ["a1 by x", "b1 by x"])
    bench.pass(.seconds(299))
    #expect(bench.end("a1") == ["a completed", "c1 by x", "free1 by x"])
    bench.pass(.seconds(1))
    #expect(bench.end("b1") == ["b completed"])
    #expect(bench.end("c1") == ["c completed", "big1 by x"])
    #expect(bench.end("big1") == ["big completed", "d1 by x"])
  }

  /// One random plan, carried out with random lengths of attempts; returns the longest that anything
  /// waited after it could have been the most urgent of all for `holdPatience`.
  private static func carryOut(seed: UInt64) throws -> (waited: Double, longest: Double) {
    var random = SplitMix64(state: seed)
    let folders = ["src", "src/api", "src/ui", "docs"]
    let tasks = (0..<40).map { index -> String in
      var parts = ["id: 't\(index)', prompt: 'x', agent: 'x'"]
      if Bool.random(using: &random) {
        parts.append("resources: {gpu: \(Int.random(in: 1...3, using: &random))}")
      }
      if Bool.random(using: &random) {
        parts.append("touches: ['\(folders.randomElement(using: &random) ?? "src")/**']")
      }
      if index > 0, Int.random(in: 0..<3, using: &random) == 0 {
        parts.append("needs: ['t\(Int.random(in: 0..<index, using: &random))']")
      }
      return "{\(parts.joined(separator: ", "))}"
    }
    let text =
      "{concurrency: 6, resources: {gpu: 3}, agents: {x: {runner: 'x'}}, tasks: [\(tasks.joined(separator: ","))]}"
    let plan = try PlanDecoder { _ in .failure(PromptFileError("")) }.decode(Array(text.utf8)).get()
    var schedule = Schedule(plan: plan, graph: TaskGraph(plan), seed: seed)
    var ends: [Int: Duration] = [:]
    var queued: [Int: Duration] = [:]
    var (waited, isOver) = (Duration.zero, false)
    let longest = Duration.seconds(200)
    func perform(_ actions: [Schedule.Action]) {
      for action in actions {
        switch action {
        case .queue(let task): queued[task] = schedule.now
        case .startAttempt(let task, _, _):
          waited = max(waited, schedule.now - (queued[task] ?? .zero))
          ends[task] = schedule.now + .seconds(Int.random(in: 1...200, using: &random))
        case .finishRun: isOver = true
        default: break
        }
      }
      let used = ends.keys.reduce(0) { $0 + (plan.tasks[$1].resources["gpu"] ?? 0) }
      #expect(used <= 3)
      #expect(ends.count <= 6)
      for left in ends.keys {
        for right in ends.keys where left < right {
          #expect(!plan.tasks[left].demand.collides(with: plan.tasks[right].demand))
        }
      }
    }
    perform(schedule.start())
    while let (task, end) = ends.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) {
      ends[task] = nil
      schedule.now = end
      perform(schedule.attemptEnded(task, attempt: 1, AttemptResult()))
    }
    #expect(isOver)
    return (waited.seconds, longest.seconds)
  }

  @Test(
    "over random plans nothing is given twice, all is done, and nobody waits longer than those before it take",
    arguments: 1...50)
  func random(seed: UInt64) throws {
    let (waited, longest) = try Self.carryOut(seed: seed)
    // In the worst case each of the other 39 is more urgent and runs alone.
    #expect(waited <= ScheduleTimes.hold + 39 * longest)
  }
}

private enum ScheduleTimes {
  static let hold = Schedule.holdPatience.seconds
}
