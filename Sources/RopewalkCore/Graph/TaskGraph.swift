// Knows which task needs which, as numbers. Unaware of ids and of everything else about tasks.

/// The needs between the tasks of a plan. Tasks are numbers from 0, their places in the plan.
///
/// All edges lie in two flat arrays, so that 100,000 tasks cost no 100,000 allocations. Nothing
/// here recurses, so a chain may have any length.
package struct TaskGraph: Sendable, Equatable {
  /// The number of tasks.
  package let count: Int
  private let firstNeed: [Int]
  private let allNeeds: [Int]
  private let firstDependent: [Int]
  private let allDependents: [Int]

  package init(_ plan: Plan) {
    self.init(needs: plan.tasks.lazy.map(\.needs))
  }

  /// - Parameter needs: those of task 0, of task 1, and so on; each a valid number, none twice in
  ///   one list. Cycles are allowed: `TopologicalSort` finds them.
  package init(needs: some Collection<[Int]>) {
    var first: [Int] = [0]
    first.reserveCapacity(needs.count + 1)
    var all: [Int] = []
    for list in needs {
      all.append(contentsOf: list)
      first.append(all.count)
    }
    count = needs.count
    firstNeed = first
    allNeeds = all
    (firstDependent, allDependents) = Self.reversed(first, all, count: needs.count)
  }

  /// What the task waits for, in the order of the plan's text.
  package func needs(of task: Int) -> ArraySlice<Int> {
    allNeeds[firstNeed[task]..<firstNeed[task + 1]]
  }

  /// The tasks that wait for this one, in plan order.
  package func dependents(of task: Int) -> ArraySlice<Int> {
    allDependents[firstDependent[task]..<firstDependent[task + 1]]
  }

  /// The number of needs in all.
  package var edgeCount: Int { allNeeds.count }

  private static func reversed(
    _ first: [Int], _ all: [Int], count: Int
  ) -> (first: [Int], all: [Int]) {
    var starts = [Int](repeating: 0, count: count + 1)
    for need in all { starts[need + 1] += 1 }
    for task in 0..<count { starts[task + 1] += starts[task] }
    var next = starts
    var reversed = [Int](repeating: 0, count: all.count)
    for task in 0..<count {
      for need in all[first[task]..<first[task + 1]] {
        reversed[next[need]] = task
        next[need] += 1
      }
    }
    return (starts, reversed)
  }
}
