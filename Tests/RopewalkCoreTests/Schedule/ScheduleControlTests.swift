import RopewalkCore
import Testing

@Suite("A schedule under control")
struct ScheduleControlTests {
  private func bench(
    _ tasks: String, concurrency: Int = 5, top: String = ""
  ) throws -> PlanBench {
    try PlanBench(
      """
      {agents: {x: {runner: 'claude'}}, concurrency: \(concurrency), \(top)
       defaults: {agent: 'x', retry: {attempts: 2, backoff: '1s', jitter: 0}}, tasks: [\(tasks)]}
      """)
  }

  private static let three = """
    {id: 'a', prompt: 'p'}, {id: 'b', prompt: 'p', needs: ['a']}, {id: 'c', prompt: 'p'}
    """

  @Test("a paused run starts nothing, and what runs is stopped and let go")
  func run() throws {
    var bench = try bench(Self.three)
    #expect(bench.start() == ["a1 by x/claude", "c1 by x/claude"])
    #expect(bench.pause() == ["pause a1", "pause c1"])
    #expect(bench.pause() == [])
    #expect(bench.state("a") == .paused)
    #expect(bench.state("b") == .pending)
    #expect(bench.end("a1") == ["a completed"])
    #expect(bench.state("b") == .queued)
    #expect(bench.resume() == ["resume c1", "b1 by x/claude"])
    #expect(bench.state("c") == .running)
    #expect(bench.resume() == [])
    #expect(bench.end("c1") == ["c completed"])
    #expect(bench.end("b1") == ["b completed", "run completed"])
  }

  @Test("a run that drains lets what runs end and starts nothing until it goes on")
  func drain() throws {
    var bench = try bench(Self.three)
    _ = bench.start()
    #expect(bench.pause(drain: true) == [])
    #expect(bench.state("a") == .running)
    #expect(bench.end("a1") == ["a completed"])
    #expect(bench.end("c1", .exitCode) == ["retry c2"])
    #expect(bench.due("c") == [])
    #expect(bench.state("c") == .queued)
    #expect(bench.resume() == ["b1 by x/claude", "c2 by x/claude"])
  }

  @Test("a drain that becomes a pause stops what still runs")
  func drainThenPause() throws {
    var bench = try bench(Self.three)
    _ = bench.start()
    #expect(bench.pause(drain: true) == [])
    #expect(bench.pause() == ["pause a1", "pause c1"])
    #expect(bench.resume() == ["resume a1", "resume c1"])
  }

  @Test("one task is paused and let go, and the others go on meanwhile")
  func oneTask() throws {
    var bench = try bench(Self.three, concurrency: 1)
    #expect(bench.start() == ["a1 by x/claude"])
    #expect(bench.pause(["b", "a"]) == ["pause a1"])
    #expect(bench.end("a1") == ["a completed", "c1 by x/claude"])
    #expect(bench.end("c1") == ["c completed"])
    #expect(bench.resume(["b"]) == ["b1 by x/claude"])
  }

  @Test("of a paused run single tasks may go on, until it is paused again")
  func exempt() throws {
    var bench = try bench(Self.three)
    _ = bench.start()
    _ = bench.pause()
    #expect(bench.resume(["a", "b"]) == ["resume a1"])
    #expect(bench.end("a1") == ["a completed", "b1 by x/claude"])
    #expect(bench.state("c") == .paused)
    #expect(bench.pause() == ["pause b1"])
    #expect(bench.resume() == ["resume b1", "resume c1"])
  }

  @Test("tasks that were paused one by one outlast the pause of the run, where they are to")
  func resumeRun() throws {
    var bench = try bench(Self.three)
    _ = bench.start()
    #expect(bench.pause(["c"]) == ["pause c1"])
    #expect(bench.pause() == ["pause a1"])
    #expect(bench.resumeRun() == ["resume a1"])
    #expect(bench.state("c") == .paused)
    #expect(bench.resume() == ["resume c1"])
  }

  @Test("a retry that comes due in a pause waits in the queue")
  func retry() throws {
    var bench = try bench("{id: 'a', prompt: 'p'}")
    _ = bench.start()
    #expect(bench.end("a1", .exitCode) == ["retry a2"])
    #expect(bench.pause() == [])
    #expect(bench.due("a") == [])
    #expect(bench.resume() == ["a2 by x/claude"])
  }

  @Test("a repair does not start in a pause, and is a repair after it")
  func repair() throws {
    var bench = try bench("{id: 'a', prompt: 'p', verify: ['true']}")
    _ = bench.start()
    #expect(bench.pause(drain: true) == [])
    #expect(bench.end("a1", .rejected) == [])
    #expect(bench.resume() == ["a2 by x/claude"])
    #expect(bench.repairs == ["a2"])
  }

  @Test("a paused task whose attempt ends goes on to its end, and rests between its steps")
  func endsWhilePaused() throws {
    var bench = try PlanBench(
      """
      {agents: {x: {runner: 'claude'}, y: {runner: 'claude'}},
       tasks: [{id: 'a', prompt: 'p', strategy: {multi: ['x', 'y']}, retry: {attempts: 1}}]}
      """)
    #expect(bench.start() == ["a1 by x/claude"])
    #expect(bench.pause() == ["pause a1"])
    #expect(bench.end("a1") == [])
    #expect(bench.state("a") == .paused)
    #expect(bench.resume() == ["a2 by y/claude"])
    #expect(bench.pause() == ["pause a2"])
    #expect(bench.end("a2", .timedOut) == ["a timedOut timedOut", "run failed"])
  }

  @Test("cancelling works in a pause, of a task and of the run")
  func cancel() throws {
    var bench = try bench(Self.three)
    _ = bench.start()
    _ = bench.pause()
    #expect(bench.cancel(["c"]) == ["end c1 requested"])
    #expect(bench.end("c1", .cancelled) == ["c cancelled"])
    #expect(bench.cancel() == ["end a1 requested", "b cancelled"])
    #expect(bench.end("a1", .cancelled) == ["a cancelled", "run cancelled"])
  }

  @Test("another priority counts for what waits already, and can be told in a pause")
  func priority() throws {
    var bench = try bench(
      "{id: 'a', prompt: 'p'}, {id: 'b', prompt: 'p'}, {id: 'c', prompt: 'p'}, "
        + "{id: 'd', prompt: 'p'}", concurrency: 1)
    #expect(bench.start() == ["a1 by x/claude"])
    #expect(bench.setPriority("c", 5) == [])
    #expect(bench.pause(drain: true) == [])
    #expect(bench.setPriority("d", 7) == [])
    #expect(bench.end("a1") == ["a completed"])
    #expect(bench.setPriority("c", 9) == [])
    #expect(bench.resume() == ["c1 by x/claude"])
    #expect(bench.setPriority("d", -1) == [])
    #expect(bench.end("c1") == ["c completed", "b1 by x/claude"])
  }

  private static let timed = """
    {agents: {x: {runner: 'claude'}}, defaults: {agent: 'x'},
     budget: {wallTime: '10m', onExceeded: 'stop'},
     tasks: [{id: 'a', prompt: 'p'}, {id: 'b', prompt: 'p', needs: ['a']}]}
    """

  @Test("a budget of time stands still while the whole run does")
  func wallTime() throws {
    var bench = try PlanBench(Self.timed)
    #expect(bench.start() == ["timer plan 600.0", "a1 by x/claude"])
    bench.pass(.seconds(100))
    _ = bench.pause()
    bench.pass(.seconds(200))
    _ = bench.resume()
    bench.pass(.seconds(300))
    // It rings after 600 s, of which 200 do not count; in the second pause it sleeps on.
    #expect(bench.timeIsOver(.plan) == ["timer plan 200.0"])
    bench.pass(.seconds(150))
    _ = bench.pause()
    bench.pass(.seconds(50))
    #expect(bench.timeIsOver(.plan) == [])
    bench.pass(.seconds(1_000))
    #expect(bench.resume() == ["resume a1", "timer plan 50.0"])
    bench.pass(.seconds(50))
    #expect(bench.timeIsOver(.plan).contains("end a1 overBudget"))
  }

  @Test("a budget of time goes on while a pause lets something work")
  func wallTimeWhileDraining() throws {
    var bench = try PlanBench(Self.timed)
    _ = bench.start()
    _ = bench.pause(drain: true)
    bench.pass(.seconds(400))
    #expect(bench.end("a1") == ["a completed"])
    bench.pass(.seconds(200))
    #expect(bench.timeIsOver(.plan) == [])
    #expect(bench.resume() == ["b1 by x/claude", "timer plan 200.0"])
    bench.pass(.seconds(200))
    #expect(bench.timeIsOver(.plan).contains("end b1 overBudget"))
  }

  /// Plans of ten tasks whose attempts end anyhow, with whatever somebody may ask for in between.
  @Test("whatever is asked for, what is paused does not start and the run ends", arguments: 0..<200)
  func anything(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let tasks = (0..<10).map { task in
      let needs = (0..<task).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
        .map { "'t\(Self.letters[$0])'" }
      return "{id: 't\(Self.letters[task])', prompt: 'p', needs: [\(needs.joined(separator: ","))]}"
    }
    var bench = try bench(tasks.joined(separator: ","), concurrency: 3)
    var (isPaused, held, exempt) = (false, Set<String>(), Set<String>())
    var due: Set<String> = []
    var isOver = false
    func look(_ lines: [String]) {
      for line in lines {
        if line.hasPrefix("run ") { isOver = true }
        if line.hasPrefix("retry ") { due.insert(String(line.dropFirst(6).prefix(2))) }
        guard line.contains(" by ") else { continue }
        let name = String(line.prefix(2))
        #expect(!held.contains(name) && (!isPaused || exempt.contains(name)), "\(line)")
      }
    }
    look(bench.start())
    for round in 0... {
      if isOver { break }
      let name = "t" + Self.letters[Int.random(in: 0..<10, using: &random)]
      let drain = Bool.random(using: &random)
      switch round < 200 ? Int.random(in: 0..<10, using: &random) : 3 {
      case 0:
        (isPaused, exempt) = (true, [])
        look(bench.pause(drain: drain))
      case 1:
        held.insert(name)
        exempt.remove(name)
        look(bench.pause([name], drain: drain))
      case 2:
        held.remove(name)
        if isPaused { exempt.insert(name) }
        look(bench.resume([name]))
      case 3:
        (isPaused, held, exempt) = (false, [], [])
        look(bench.resume())
        if let next = due.popFirst() { look(bench.due(next)) }
        if round >= 200, let (id, numbers) = bench.live.first(where: { !$0.value.isEmpty }) {
          look(bench.end("\(id)\(numbers[0])"))
        }
      case 4:
        look(bench.setPriority(name, Int.random(in: -3...3, using: &random)))
      case 5 where round % 7 == 0: look(bench.cancel([name]))
      case 6: if let next = due.popFirst() { look(bench.due(next)) }
      default:
        let live = bench.live.flatMap { id, numbers in numbers.map { "\(id)\($0)" } }.sorted()
        guard let next = live.randomElement(using: &random) else { continue }
        look(bench.end(next, Bool.random(using: &random) ? .exitCode : nil))
      }
      if round > 1_000 {
        Issue.record("it does not end")
        return
      }
    }
  }

  private static let letters = "abcdefghij".map(String.init)
}
