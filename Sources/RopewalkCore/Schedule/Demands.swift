// Knows what tasks must have for themselves while they run, and who has it. Unaware of slots and order.

/// What a task must have for itself while it runs.
package struct Demand: Hashable, Sendable {
  /// By name, how much of a resource.
  package var resources: [String: Int]
  package var touches: [PathPattern]

  package init(resources: [String: Int] = [:], touches: [PathPattern] = []) {
    self.resources = resources
    self.touches = touches
  }

  package var isEmpty: Bool { resources.isEmpty && touches.isEmpty }

  /// Whether one would have to wait for the other where there is just enough for one.
  func concerns(_ other: Demand) -> Bool {
    resources.keys.contains { other.resources[$0] != nil } || collides(with: other)
  }

  /// Whether both could change the same file.
  func collides(with other: Demand) -> Bool {
    touches.contains { mine in other.touches.contains { mine.canOverlap($0) } }
  }
}

/// Who has what. Everything that a task demands is taken at once, when it begins to run, and given
/// back when it does not run any more, also for the time between two tries: so nobody waits for
/// something while holding something else.
struct Demands: Sendable {
  /// The different demands of a plan.
  private(set) var all: [Demand] = []
  private let ofTask: [Int?]
  private let supply: [String: Int]
  private var used: [String: Int] = [:]
  private var holders: [Int: Int] = [:]

  init(_ plan: Plan) {
    var known: [Demand: Int] = [:]
    var all: [Demand] = []
    ofTask = plan.tasks.map { task in
      let demand = task.demand
      guard !demand.isEmpty else { return nil }
      if let index = known[demand] { return index }
      known[demand] = all.count
      all.append(demand)
      return all.count - 1
    }
    self.all = all
    supply = plan.resources
  }

  /// What a task still has to get before it can run; nil when it demands nothing, or has it.
  func open(_ task: Int) -> Int? { holders[task] == nil ? ofTask[task] : nil }

  func isFree(_ demand: Int?) -> Bool {
    guard let demand else { return true }
    let wanted = all[demand]
    let isThere = wanted.resources.allSatisfy { name, count in
      used[name, default: 0] + count <= supply[name, default: 0]
    }
    guard isThere, !wanted.touches.isEmpty else { return isThere }
    return !holders.values.contains { all[$0].collides(with: wanted) }
  }

  mutating func take(_ task: Int) {
    guard let demand = open(task) else { return }
    holders[task] = demand
    for (name, count) in all[demand].resources { used[name, default: 0] += count }
  }

  mutating func giveBack(_ task: Int) {
    guard let demand = holders.removeValue(forKey: task) else { return }
    for (name, count) in all[demand].resources { used[name, default: 0] -= count }
  }
}
