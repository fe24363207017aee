// Knows how tasks that wait for each other are found. Unaware of how they are told.

/// Finds the knots of a graph: the sets of tasks that all need each other, directly or not.
///
/// Tarjan's search for strongly connected components with its calls on an array, so that depth
/// costs no stack. Takes time in proportion to the tasks and needs.
struct CycleSearch {
  private let graph: TaskGraph
  /// Only these tasks are looked at; no other one is part of a cycle.
  private let isCandidate: [Bool]
  /// The knot of a task, by any number that its tasks share; -1 for none yet.
  private var knot: [Int]
  private var foundAt: [Int]
  private var lowest: [Int]
  private var open: [Int] = []
  private var found = 0

  init(_ graph: TaskGraph, among isCandidate: [Bool]) {
    self.graph = graph
    self.isCandidate = isCandidate
    knot = Array(repeating: -1, count: graph.count)
    foundAt = Array(repeating: -1, count: graph.count)
    lowest = Array(repeating: 0, count: graph.count)
  }

  /// For each knot a shortest cycle through its first task in plan order, that task first.
  consuming func cycles() -> [[Int]] {
    for task in 0..<graph.count where isCandidate[task] && foundAt[task] < 0 { search(from: task) }
    var cycles: [[Int]] = []
    var isTold = [Bool](repeating: false, count: graph.count)
    for task in 0..<graph.count where isCandidate[task] && !isTold[knot[task]] {
      isTold[knot[task]] = true
      if let cycle = shortestCycle(through: task) { cycles.append(cycle) }
    }
    return cycles
  }

  private mutating func search(from root: Int) {
    // A task that is being looked at, and how many of its needs have been.
    var calls = [(task: root, next: 0)]
    enter(root)
    while let (task, next) = calls.last {
      let needs = graph.needs(of: task)
      if next < needs.count {
        calls[calls.count - 1].next += 1
        let need = needs[needs.startIndex + next]
        guard isCandidate[need] else { continue }
        if foundAt[need] < 0 {
          enter(need)
          calls.append((need, 0))
        } else if knot[need] < 0 {
          lowest[task] = min(lowest[task], foundAt[need])
        }
      } else {
        calls.removeLast()
        if let caller = calls.last?.task { lowest[caller] = min(lowest[caller], lowest[task]) }
        if lowest[task] == foundAt[task] { close(task) }
      }
    }
  }

  private mutating func enter(_ task: Int) {
    foundAt[task] = found
    lowest[task] = found
    found += 1
    open.append(task)
  }

  private mutating func close(_ root: Int) {
    while let task = open.popLast() {
      knot[task] = root
      if task == root { return }
    }
  }

  /// Goes through the knot in widening rings until it is back; nil when the task is alone in it.
  private func shortestCycle(through start: Int) -> [Int]? {
    var cameFrom: [Int: Int] = [:]
    var ring = [start]
    while !ring.isEmpty {
      var next: [Int] = []
      for task in ring {
        for need in graph.needs(of: task) where isCandidate[need] && knot[need] == knot[start] {
          if need == start { return path(from: start, to: task, cameFrom) }
          if cameFrom[need] == nil {
            cameFrom[need] = task
            next.append(need)
          }
        }
      }
      ring = next
    }
    return nil
  }

  private func path(from start: Int, to end: Int, _ cameFrom: [Int: Int]) -> [Int] {
    var path: [Int] = []
    var task = end
    while task != start, let before = cameFrom[task] {
      path.append(task)
      task = before
    }
    return [start] + path.reversed()
  }
}
