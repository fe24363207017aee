// Knows which of the tasks that could start comes next when waiting counts. Unaware of the clock.

/// What waiting is worth.
package enum Ageing {
  /// A task gains one step of priority each time it has waited for this long.
  package static let step = Duration.seconds(60)

  /// The priority of a task that has waited: its own, and 1 for each `step`, in fractions too.
  package static func effectivePriority(
    _ priority: Int, waited: Duration, step: Duration = step
  ) -> Double {
    Double(priority) + waited / step
  }
}

/// Tasks waiting for a slot, the most urgent first: by priority and waiting together, then by
/// their place in the plan. No task waits for ever, whatever the others' priorities are.
///
/// All tasks age at the same pace, so of two that wait the same one stays ahead: what decides is
/// `priority x step - time of queueing`, which does not change while a task waits. The queue
/// is never sorted anew; each call takes time logarithmic in its length.
package struct AgeingQueue: Sendable {
  /// A task in the queue.
  package struct Waiting: Sendable, Equatable {
    package let task: Int
    fileprivate let urgency: Duration

    package func comes(before other: Waiting) -> Bool {
      urgency != other.urgency ? urgency > other.urgency : task < other.task
    }
  }

  /// A binary heap.
  private var heap: [Waiting] = []
  private let priorities: [Int]
  private let step: Duration

  package init(priorities: [Int], step: Duration = Ageing.step) {
    self.priorities = priorities
    self.step = step
  }

  package var isEmpty: Bool { heap.isEmpty }
  package var first: Waiting? { heap.first }

  /// - Parameter time: now, counted from any one instant that all calls share.
  package mutating func insert(_ task: Int, at time: Duration) {
    heap.append(Waiting(task: task, urgency: step * priorities[task] - time))
    var at = heap.count - 1
    while at > 0, heap[at].comes(before: heap[(at - 1) / 2]) {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// The queue must not be empty.
  package mutating func removeFirst() -> Int {
    let first = heap[0].task
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2]
      where child < heap.count && heap[child].comes(before: heap[least]) {
        least = child
      }
      if least == at { return first }
      heap.swapAt(at, least)
      at = least
    }
  }
}
