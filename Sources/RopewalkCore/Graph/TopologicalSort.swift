// Knows an order in which every task comes after its needs, or why there is none. Unaware of what
// tasks do.

/// The tasks of a graph, put in order.
package enum TopologicalSort: Sendable, Equatable {
  /// Every task after all of its needs.
  case ordered([Int])
  /// Tasks that wait for each other. One path for each knot of such tasks, by its first task in
  /// plan order: each task needs the next one and the last needs the first.
  case cycles([[Int]])

  /// Sorts in the order in which tasks would start if only one ran at a time and none failed: of
  /// those that could start the one with the highest priority, of equals the first of the plan.
  ///
  /// The same graph always gives the same order. Takes time in proportion to the tasks and needs,
  /// times the logarithm of the number of tasks that are ready at a time.
  ///
  /// - Parameter priorities: one for each task, higher ones first.
  package init(_ graph: TaskGraph, priorities: [Int]) {
    precondition(priorities.count == graph.count, "one priority for each task")
    var openNeeds = (0..<graph.count).map { graph.needs(of: $0).count }
    var ready = ReadyQueue()
    func entry(_ task: Int) -> ReadyQueue.Entry {
      ReadyQueue.Entry(task: task, step: 0, priority: priorities[task])
    }
    for task in 0..<graph.count where openNeeds[task] == 0 { ready.insert(entry(task)) }
    var order: [Int] = []
    order.reserveCapacity(graph.count)
    while ready.first != nil {
      let task = ready.removeFirst().task
      order.append(task)
      for dependent in graph.dependents(of: task) {
        openNeeds[dependent] -= 1
        if openNeeds[dependent] == 0 { ready.insert(entry(dependent)) }
      }
    }
    self =
      order.count == graph.count
      ? .ordered(order) : .cycles(CycleSearch(graph, among: openNeeds.map { $0 > 0 }).cycles())
  }
}
