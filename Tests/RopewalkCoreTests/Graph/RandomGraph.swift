// Knows how tests make graphs of any size from a seed. Unaware of what is tested with them.

import RopewalkCore

/// Graphs that are the same for the same seed.
struct RandomGraph {
  var needs: [[Int]]
  var priorities: [Int]

  var graph: TaskGraph { TaskGraph(needs: needs) }

  /// A graph without cycles whose edges follow a hidden order that differs from that of the numbers.
  init(seed: UInt64, tasks: Int, edges: Int) {
    var random = SplitMix64(state: seed)
    let hidden = (0..<tasks).shuffled(using: &random)
    needs = Array(repeating: [], count: tasks)
    for _ in 0..<edges where tasks > 1 {
      let later = Int.random(in: 1..<tasks, using: &random)
      let earlier = Int.random(in: 0..<later, using: &random)
      if !needs[hidden[later]].contains(hidden[earlier]) {
        needs[hidden[later]].append(hidden[earlier])
      }
    }
    priorities = (0..<tasks).map { _ in Int.random(in: -2...2, using: &random) }
  }

  /// Closes a circle through the given tasks.
  mutating func plant(_ cycle: [Int]) {
    for (index, task) in cycle.enumerated() {
      let need = cycle[(index + 1) % cycle.count]
      if !needs[task].contains(need) { needs[task].append(need) }
    }
  }

  /// Every task that the given one needs, directly or not, found without any cleverness.
  func allNeeds(of task: Int) -> Set<Int> {
    var found: Set<Int> = []
    var open = needs[task]
    while let need = open.popLast() {
      if found.insert(need).inserted { open += needs[need] }
    }
    return found
  }
}
