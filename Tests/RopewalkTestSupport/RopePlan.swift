// Knows how the plans of end-to-end tests are spelt. Unaware of what becomes of them.

import RopewalkWire

/// The text of a plan for a test, made of few words.
package struct RopePlan: Sendable {
  package var text: String

  /// A plan as it is written.
  package init(text: String) { self.text = text }

  /// Agents by name and tasks, each try once unless a task says otherwise.
  package init(
    agents: [(String, JSON)], tasks: [JSON], defaults: [(String, JSON)] = [],
    top: [(String, JSON)] = []
  ) {
    let first = agents.first.map { ("agent", JSON.string($0.0)) }
    let defaults = [first, ("retry", ["attempts": 1])].compactMap(\.self) + defaults
    text =
      JSON.object(
        top + [
          ("agents", .object(agents)), ("defaults", .object(defaults)), ("tasks", .array(tasks)),
        ]
      ).prettyText + "\n"
  }

  /// One task, `task`, done by a shell script; `arguments` are its `$1`, `$2`, ….
  package static func sh(
    _ script: String, arguments: [String] = [], task: [(String, JSON)] = [],
    agent: [(String, JSON)] = [], top: [(String, JSON)] = []
  ) -> RopePlan {
    RopePlan(
      agents: [("stub", shell(script, arguments: arguments, agent))],
      tasks: [
        .object(
          [("id", "task")] + (task.contains { $0.0 == "prompt" } ? [] : [("prompt", "do it")])
            + task)
      ], top: top)
  }

  /// One task, `task`, done by the stand-in for `claude`, by the orders in its prompt.
  package static func claude(_ orders: [String], task: [(String, JSON)] = []) -> RopePlan {
    RopePlan(
      agents: [("stub", ["runner": "claude"])],
      tasks: [
        .object(
          [
            ("id", "task"),
            ("prompt", .string((["do it"] + orders.map { "stub: " + $0 }).joined(separator: "\n"))),
          ] + task)
      ])
  }

  /// Many tasks, each a shell script of its own agent, by name.
  package static func tasks(
    _ scripts: [(String, String)], needs: [String: [String]] = [:], top: [(String, JSON)] = []
  ) -> RopePlan {
    RopePlan(
      agents: scripts.map { ("agent-" + $0.0, shell($0.1)) },
      tasks: scripts.map { name, _ in
        [
          "id": .string(name), "prompt": "do it", "agent": .string("agent-" + name),
          "needs": .array((needs[name] ?? []).map(JSON.string)),
        ]
      }, top: top)
  }

  private static func shell(
    _ script: String, arguments: [String] = [], _ more: [(String, JSON)] = []
  ) -> JSON {
    let words = ["sh", "-c", script] + (arguments.isEmpty ? [] : ["sh"] + arguments)
    return .object(
      [("runner", "command"), ("command", .array(words.map(JSON.string)))] + more)
  }
}
