// Knows which of the tasks that could start comes next. Unaware of states and slots.

/// Tasks waiting for a slot, the most urgent first: by priority, then by their place in the plan.
struct ReadyQueue {
  /// A binary heap of task indices.
  private var heap: [Int] = []
  private let priorities: [Int]

  init(priorities: [Int]) { self.priorities = priorities }

  var isEmpty: Bool { heap.isEmpty }
  var first: Int? { heap.first }

  func comes(_ left: Int, before right: Int) -> Bool {
    priorities[left] != priorities[right] ? priorities[left] > priorities[right] : left < right
  }

  mutating func insert(_ task: Int) {
    heap.append(task)
    var at = heap.count - 1
    while at > 0, comes(heap[at], before: heap[(at - 1) / 2]) {
      heap.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  mutating func removeFirst() -> Int {
    let first = heap[0]
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var at = 0
    while true {
      var least = at
      for child in [2 * at + 1, 2 * at + 2]
      where child < heap.count && comes(heap[child], before: heap[least]) {
        least = child
      }
      if least == at { return first }
      heap.swapAt(at, least)
      at = least
    }
  }
}
