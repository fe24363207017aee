import RopewalkCore
import Testing

@Suite("The queue in which tasks age")
struct AgeingQueueTests {
  @Test("what has waited as long comes out by priority, then by its place in the plan")
  func order() {
    var queue = AgeingQueue(priorities: [0, 5, 0, 5, -1])
    for task in [4, 3, 2, 1, 0] { queue.insert(task, at: .seconds(7)) }
    var order: [Int] = []
    while !queue.isEmpty { order.append(queue.removeFirst()) }
    #expect(order == [1, 3, 0, 2, 4])
  }

  @Test("a minute of waiting makes up for one step of priority, and not a moment less")
  func ageing() {
    #expect(Ageing.effectivePriority(3, waited: .seconds(90)) == 4.5)
    for (later, first) in [(59, 1), (60, 0), (61, 0)] {
      var queue = AgeingQueue(priorities: [0, 1])
      queue.insert(0, at: .zero)
      queue.insert(1, at: .seconds(later))
      #expect(queue.removeFirst() == first)
    }
  }

  @Test("no stream of urgent tasks keeps a task waiting for ever")
  func noStarvation() {
    var queue = AgeingQueue(priorities: [0] + Array(repeating: 10, count: 1_000))
    queue.insert(0, at: .zero)
    var second = 0
    repeat {
      second += 1
      queue.insert(second, at: .seconds(second))
    } while queue.removeFirst() != 0
    #expect(second == 600)
  }

  @Test("what comes out is at every moment the most urgent one", arguments: 0..<100)
  func model(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let priorities = (0..<60).map { _ in Int.random(in: -3...3, using: &random) }
    var queue = AgeingQueue(priorities: priorities)
    var waiting: [(task: Int, since: Int)] = []
    var now = 0
    for task in priorities.indices.shuffled(using: &random) {
      now += [0, 0, 30, 60, 90].randomElement(using: &random) ?? 0
      queue.insert(task, at: .seconds(now))
      waiting.append((task, now))
      guard Bool.random(using: &random) else { continue }
      let urgency = { (entry: (task: Int, since: Int)) in
        Ageing.effectivePriority(priorities[entry.task], waited: .seconds(now - entry.since))
      }
      let best = waiting.max { (urgency($0), $1.task) < (urgency($1), $0.task) }
      #expect(queue.removeFirst() == best?.task)
      waiting.removeAll { $0.task == best?.task }
    }
  }

  @Test("a hundred thousand tasks come out in order")
  func many() throws {
    var random = SplitMix64(state: 1)
    let count = 100_000
    let priorities = (0..<count).map { _ in Int.random(in: -1_000_000...1_000_000, using: &random) }
    var queue = AgeingQueue(priorities: priorities)
    for task in 0..<count { queue.insert(task, at: .milliseconds(task)) }
    var last = try #require(queue.first)
    _ = queue.removeFirst()
    while let next = queue.first {
      if !last.comes(before: next) { Issue.record("\(next.task) came after \(last.task)") }
      last = next
      _ = queue.removeFirst()
    }
  }
}
