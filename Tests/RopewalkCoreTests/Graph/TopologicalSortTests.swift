// Knows what an order of tasks must hold to. Unaware of plans.

import RopewalkCore
import Testing

@Suite struct TopologicalSortTests {
  private func order(_ graph: TaskGraph, _ priorities: [Int]? = nil) -> [Int]? {
    let priorities = priorities ?? Array(repeating: 0, count: graph.count)
    guard case .ordered(let order) = TopologicalSort(graph, priorities: priorities) else {
      return nil
    }
    return order
  }

  private func cycles(_ needs: [[Int]]) -> [[Int]]? {
    let graph = TaskGraph(needs: needs)
    let sort = TopologicalSort(graph, priorities: Array(repeating: 0, count: needs.count))
    guard case .cycles(let cycles) = sort else { return nil }
    return cycles
  }

  @Test("a task comes after its needs, else by priority, else by its place in the plan")
  func rule() {
    let graph = TaskGraph(needs: [[], [3], [], [], [0]])
    #expect(order(graph) == [0, 2, 3, 1, 4])
    #expect(order(graph, [0, 9, 0, 1, 0]) == [3, 1, 0, 2, 4])
    #expect(order(TaskGraph(needs: [])) == [])
  }

  @Test("random graphs are put in an order that respects every need", arguments: 0..<60)
  func everyNeedIsRespected(seed: Int) {
    let random = RandomGraph(seed: UInt64(seed), tasks: 1 + seed * 5, edges: seed * 15)
    let order = order(random.graph, random.priorities) ?? []
    #expect(order.sorted() == Array(random.needs.indices))
    var place = [Int](repeating: 0, count: order.count)
    for (index, task) in order.enumerated() { place[task] = index }
    for (task, needs) in random.needs.enumerated() {
      for need in needs { #expect(place[need] < place[task]) }
    }
  }

  @Test("the order is the one that picks the best of all ready tasks each time", arguments: 0..<20)
  func bestFirst(seed: Int) throws {
    let random = RandomGraph(seed: UInt64(seed) + 1000, tasks: 40, edges: 60)
    var expected: [Int] = []
    while expected.count < random.needs.count {
      let ready = random.needs.indices.filter { task in
        !expected.contains(task) && random.needs[task].allSatisfy(expected.contains)
      }
      let best = try #require(
        ready.max {
          (random.priorities[$0], -$0) < (random.priorities[$1], -$1)
        })
      expected.append(best)
    }
    #expect(order(random.graph, random.priorities) == expected)
    #expect(order(random.graph, random.priorities) == order(random.graph, random.priorities))
  }

  @Test("each knot of tasks is told once, by a shortest cycle through its first task")
  func cyclesAreTold() {
    #expect(cycles([[1], [0]]) == [[0, 1]])
    #expect(cycles([[], [2, 0], [3], [1]]) == [[1, 2, 3]])
    #expect(cycles([[1], [0], [3], [2], [0, 2]]) == [[0, 1], [2, 3]])
    // A long way round and a short one through task 0: the short one is told.
    #expect(cycles([[1, 3], [2], [0], [0]]) == [[0, 3]])
    // A task between two knots is in neither.
    #expect(cycles([[1], [0], [0], [4, 2], [3]]) == [[0, 1], [3, 4]])
    #expect(cycles([[0]]) == [[0]])
  }

  @Test("a cycle that is planted in a random graph is found", arguments: 0..<40)
  func plantedCycle(seed: Int) {
    var random = RandomGraph(seed: UInt64(seed) + 5000, tasks: 60, edges: 50)
    var numbers = SplitMix64(state: UInt64(seed))
    let planted = Array((0..<60).shuffled(using: &numbers).prefix(2 + seed % 8))
    random.plant(planted)
    let cycles = cycles(random.needs) ?? []
    for cycle in cycles {
      for (index, task) in cycle.enumerated() {
        #expect(random.needs[task].contains(cycle[(index + 1) % cycle.count]))
      }
    }
    // The knot of the planted tasks is told: one of its cycles leads back to them.
    #expect(cycles.contains { random.allNeeds(of: $0[0]).contains(planted[0]) })
  }

  @Test("fault 99: a chain of 100,000 and a circle of 100,000 need no deep stack")
  func chain() {
    let count = 100_000
    let chain = (0..<count).map { $0 + 1 < count ? [$0 + 1] : [] }
    let graph = TaskGraph(needs: chain)
    #expect(order(graph) == Array((0..<count).reversed()))
    let circle = (0..<count).map { [($0 + 1) % count] }
    #expect(cycles(circle) == [Array(0..<count)])
  }

  @Test("fault 99: one task may need 99,999 others")
  func fanIn() {
    let count = 100_000
    let graph = TaskGraph(needs: [Array(1..<count)] + Array(repeating: [], count: count - 1))
    let order = order(graph) ?? []
    #expect(order.last == 0)
    #expect(order.prefix(3) == [1, 2, 3])
    let shape = GraphShape(graph, order: order)
    #expect(shape.width == count - 1)
    #expect(shape.criticalPath == [1, 0])
  }
}
