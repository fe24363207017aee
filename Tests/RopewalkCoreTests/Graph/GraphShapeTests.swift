// Knows how graphs are measured by hand. Unaware of plans.

import Testing

@testable import RopewalkCore

@Suite struct GraphShapeTests {
  private func shape(_ needs: [[Int]]) throws -> GraphShape {
    let graph = TaskGraph(needs: needs)
    let sort = TopologicalSort(graph, priorities: Array(repeating: 0, count: needs.count))
    guard case .ordered(let order) = sort else { throw Missing() }
    return GraphShape(graph, order: order)
  }

  private struct Missing: Error {}

  @Test(
    "width is the largest level, the critical path the longest chain, equals by plan order",
    arguments: [
      ([], 0, []),
      ([[]], 1, [0]),
      ([[], [], []], 3, [0]),
      ([[], [0], [0], [1, 2]], 2, [0, 1, 3]),
      // The chain that ends in the earlier task is told, though the other one is as long.
      ([[2], [3], [], []], 2, [2, 0]),
      // Levels are counted by the longest way, so task 2 is not beside task 1.
      ([[], [0], [1, 0], []], 2, [0, 1, 2]),
    ] as [([[Int]], Int, [Int])])
  func measures(needs: [[Int]], width: Int, criticalPath: [Int]) throws {
    let shape = try shape(needs)
    #expect(shape.width == width)
    #expect(shape.criticalPath == criticalPath)
  }

  @Test("needs and dependents are the same edges seen from both ends")
  func bothWays() {
    let random = RandomGraph(seed: 7, tasks: 50, edges: 120)
    let graph = random.graph
    var edges = 0
    for task in 0..<graph.count {
      #expect(Array(graph.needs(of: task)) == random.needs[task])
      for need in random.needs[task] { #expect(graph.dependents(of: need).contains(task)) }
      #expect(graph.dependents(of: task).elementsEqual(graph.dependents(of: task).sorted()))
      edges += graph.dependents(of: task).count
    }
    #expect(edges == graph.edgeCount)
  }

  @Test("distant needs are found as a plain search finds them", arguments: 0..<10)
  func reachability(seed: Int) throws {
    let random = RandomGraph(seed: UInt64(seed) + 300, tasks: 150, edges: 160)
    let sort = TopologicalSort(random.graph, priorities: random.priorities)
    guard case .ordered(let order) = sort else { throw Missing() }
    let questions = random.needs.indices.flatMap { task in
      stride(from: 0, to: random.needs.count, by: 2).map { (task: task, need: $0) }
    }
    let answers = Reachability(graph: random.graph, order: order).answers(to: questions)
    let found = random.needs.indices.map(random.allNeeds)
    for (question, answer) in zip(questions, answers) {
      #expect(answer == found[question.task].contains(question.need))
    }
  }
}
