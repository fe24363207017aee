import Testing

@testable import RopewalkCore

@Suite("The queue in which steps age")
struct ReadyQueueTests {
  @Test(
    "what has waited as long comes out by priority, then by its place in the plan, then in order")
  func order() {
    var queue = ReadyQueue()
    let priorities = [0, 5, 0, 5, -1]
    for task in [4, 3, 2, 1, 0] {
      for step in [1, 0] {
        queue.insert(.init(task: task, step: step, priority: priorities[task], at: .seconds(7)))
      }
    }
    var order: [[Int]] = []
    while queue.first != nil {
      let entry = queue.removeFirst()
      order.append([entry.task, entry.step])
    }
    #expect(order.map { $0[0] } == [1, 1, 3, 3, 0, 0, 2, 2, 4, 4])
    #expect(order.map { $0[1] } == [0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
  }

  @Test("a minute of waiting makes up for one step of priority, and not a moment less")
  func ageing() {
    #expect(Ageing.effectivePriority(3, waited: .seconds(90)) == 4.5)
    for (later, first) in [(59, 1), (60, 0), (61, 0)] {
      var queue = ReadyQueue()
      queue.insert(.init(task: 0, priority: 0))
      queue.insert(.init(task: 1, priority: 1, at: .seconds(later)))
      #expect(queue.removeFirst().task == first)
    }
  }

  @Test("no stream of urgent tasks keeps a task waiting for ever")
  func noStarvation() {
    var queue = ReadyQueue()
    queue.insert(.init(task: 0, priority: 0))
    var second = 0
    repeat {
      second += 1
      queue.insert(.init(task: second, priority: 10, at: .seconds(second)))
    } while queue.removeFirst().task != 0
    #expect(second == 600)
  }

  @Test("what comes out is at every moment the most urgent one", arguments: 0..<100)
  func model(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let priorities = (0..<60).map { _ in Int.random(in: -3...3, using: &random) }
    var queue = ReadyQueue()
    var waiting: [(task: Int, since: Int)] = []
    var now = 0
    for task in priorities.indices.shuffled(using: &random) {
      now += [0, 0, 30, 60, 90].randomElement(using: &random) ?? 0
      queue.insert(.init(task: task, priority: priorities[task], at: .seconds(now)))
      waiting.append((task, now))
      guard Bool.random(using: &random) else { continue }
      let urgency = { (entry: (task: Int, since: Int)) in
        Ageing.effectivePriority(priorities[entry.task], waited: .seconds(now - entry.since))
      }
      let best = waiting.max { (urgency($0), $1.task) < (urgency($1), $0.task) }
      #expect(queue.removeFirst().task == best?.task)
      waiting.removeAll { $0.task == best?.task }
    }
  }

  @Test("a hundred thousand steps come out in order")
  func many() throws {
    var random = SplitMix64(state: 1)
    var queue = ReadyQueue()
    for task in 0..<100_000 {
      let priority = Int.random(in: -1_000_000...1_000_000, using: &random)
      queue.insert(.init(task: task, priority: priority, at: .milliseconds(task)))
    }
    var last = queue.removeFirst()
    while queue.first != nil {
      let next = queue.removeFirst()
      if !(last < next) { Issue.record("\(next.task) came after \(last.task)") }
      last = next
    }
  }
}
