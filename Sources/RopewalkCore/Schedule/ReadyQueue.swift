// Knows which of the steps that could start comes next, with what waiting is worth. Unaware of the clock.

/// What waiting is worth.
package enum Ageing {
  /// A step gains one of priority each time it has waited for this long.
  package static let step = Duration.seconds(60)

  /// The priority of what has waited: its own, and 1 for each `step`, in fractions too.
  package static func effectivePriority(_ priority: Int, waited: Duration) -> Double {
    Double(priority) + waited / step
  }
}

/// Steps waiting for a slot, the most urgent first: by priority and waiting together, then by the task's place in the
/// plan, then in the order in which its strategy asked for them. None waits for ever, whatever the others' priorities.
///
/// All age at the same pace, so of two that wait the same one stays ahead: what decides is
/// `priority x step - time of queueing`, which does not change meanwhile. The queue is never sorted anew; each call
/// takes time logarithmic in its length.
struct ReadyQueue {
  /// One step of one task.
  struct Entry: Comparable, Sendable {
    let task: Int
    let step: Int
    private var urgency: Duration

    /// - Parameter time: when it was queued, counted from any one instant that all calls share.
    init(task: Int, step: Int = 0, priority: Int, at time: Duration = .zero) {
      self.task = task
      self.step = step
      urgency = Ageing.step * priority - time
    }

    /// The same place in time, with a priority that is higher by `change`.
    func raised(by change: Int) -> Entry {
      var entry = self
      entry.urgency += Ageing.step * change
      return entry
    }

    static func < (left: Entry, right: Entry) -> Bool {
      (right.urgency, left.task, left.step) < (left.urgency, right.task, right.step)
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

  /// Changes the priority of all that waits of a task; takes time linear in the queue's length.
  mutating func raise(_ task: Int, by change: Int) {
    guard change != 0, heap.contains(where: { $0.task == task }) else { return }
    let entries = heap
    heap = []
    for entry in entries { insert(entry.task == task ? entry.raised(by: change) : entry) }
  }

  /// The queue must not be empty.
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
