// Knows which of the steps that could start comes next. Unaware of states and slots.

/// Steps waiting for a slot, the most urgent first: by priority, then by the task's place in the plan, then in the
/// order in which its strategy asked for them.
struct ReadyQueue {
  /// One step of one task.
  struct Entry: Comparable {
    var task: Int
    var step: Int
    var priority: Int

    static func < (left: Entry, right: Entry) -> Bool {
      (-left.priority, left.task, left.step) < (-right.priority, right.task, right.step)
    }
  }

  /// A binary heap.
  private var heap: [Entry] = []

  var first: Entry? { heap.first }

  mutating func insert(_ entry: Entry) {
    heap.append(entry)
    var at = heap.count - 1
    while at > 0, heap[at] < heap[(at - 1) / 2] {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  mutating func removeFirst() -> Entry {
    let first = heap[0]
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2] where child < heap.count && heap[child] < heap[least] {
        least = child
      }
      if least == at { return first }
      heap.swapAt(at, least)
      at = least
    }
  }
}
