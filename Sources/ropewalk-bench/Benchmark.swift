// Knows what a benchmark consists of. Unaware of any one of them.

import RopewalkWire

/// One claim about speed or cost, and how it is measured.
struct Benchmark: Sendable {
  var name: String
  /// One line: what is measured, against what.
  var claim: String
  var measure: @Sendable (BenchSite) throws -> Findings
}

/// Plans as the benchmarks need them: tasks that run one program and need some of each other.
struct BenchPlan {
  var command: [String]
  var expect = "answer"
  var hasWorktrees = false
  var concurrency = 8
  /// With more than one, each task is done by so many agents at once, by the strategy `parallel`.
  var members = 1
  /// Names of the tasks and of those that each needs.
  var tasks: [(id: String, needs: [String])]

  /// The plan's JSON.
  var text: String {
    let agent: JSON = [
      "runner": "command", "command": .array(command.map(JSON.string)), "output": "text",
    ]
    var defaults: [(String, JSON)] = [("agent", "worker"), ("expect", .string(expect))]
    if !hasWorktrees { defaults.append(("worktree", "none")) }
    let plan: JSON = .object([
      ("name", "bench"), ("concurrency", .int(concurrency)),
      ("agents", ["worker": agent]), ("defaults", .object(defaults)),
      (
        "tasks",
        .array(
          tasks.map { task in
            .known([
              ("id", .string(task.id)), ("prompt", "go"),
              ("needs", .array(task.needs.map(JSON.string))), ("strategy", strategy),
            ])
          })
      ),
    ])
    return plan.text + "\n"
  }

  private var strategy: JSON? {
    guard members > 1 else { return nil }
    return ["parallel": .array(Array(repeating: .string("worker"), count: members))]
  }

  /// `count` tasks that need nothing.
  static func independent(_ count: Int) -> [(id: String, needs: [String])] {
    (1...count).map { ("t\($0)", []) }
  }

  /// Layers of tasks, each of which needs `fan` neighbours in the layer before.
  static func layers(
    _ layers: Int, of width: Int, fan: Int
  ) -> [(id: String, needs: [String])] {
    (0..<layers).flatMap { layer in
      (0..<width).map { place in
        let needs = (0..<(layer == 0 ? 0 : fan)).map { "t\(layer - 1)-\((place + $0 * 7) % width)" }
        return ("t\(layer)-\(place)", needs)
      }
    }
  }
}
