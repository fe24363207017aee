// Knows how wide and how long a graph is. Unaware of how long its tasks take.

/// Measures of a graph without cycles.
package struct GraphShape: Sendable, Equatable {
  /// The number of tasks on the largest level. A task's level is the number of tasks on the longest chain of
  /// needs that leads to it.
  ///
  /// That many tasks can run at once if all take equally long; a graph can be arranged so that
  /// still more could, since tasks of different levels may also be independent of each other.
  package var width: Int
  /// The tasks of the longest chain of needs, the one that starts first being the first. Of
  /// chains of equal length the one whose last task, then the one before it and so on, is the
  /// first in the plan.
  package var criticalPath: [Int]

  /// Takes time in proportion to the tasks and needs.
  ///
  /// - Parameter order: all tasks, each after its needs.
  package init(_ graph: TaskGraph, order: [Int]) {
    let level = Self.levels(graph, order: order)
    var sizes = [Int](repeating: 0, count: (level.max() ?? -1) + 1)
    for level in level { sizes[level] += 1 }
    width = sizes.max() ?? 0
    criticalPath = []
    guard var task = level.firstIndex(of: sizes.count - 1) else { return }
    criticalPath.append(task)
    while let need = graph.needs(of: task).filter({ level[$0] == level[task] - 1 }).min() {
      criticalPath.append(need)
      task = need
    }
    criticalPath.reverse()
  }

  /// The number of tasks before each one on the longest chain that leads to it.
  static func levels(_ graph: TaskGraph, order: [Int]) -> [Int] {
    var level = [Int](repeating: 0, count: graph.count)
    for task in order {
      for dependent in graph.dependents(of: task) {
        level[dependent] = max(level[dependent], level[task] + 1)
      }
    }
    return level
  }
}
