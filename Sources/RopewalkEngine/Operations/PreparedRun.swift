// Knows everything that a run needs before it starts. Unaware of how it was found out.

import Foundation
import RopewalkCore
import RopewalkWire

/// A run that could start: plan, graph, base, programs. Nothing is written yet.
package struct PreparedRun: Sendable {
  package var run: RunID
  package var plan: Plan
  /// The plan's file as the user named it.
  package var planFile: String
  /// By which it is seen whether that file was changed; nil when it is not known any more.
  package var planSum: String?
  package var graph: TaskGraph
  package var repository: Repository
  package var base: ObjectID
  package var agents: ResolvedAgents
  package var choice: AgentChoice
  package var prices: PriceTable
  package var instructions: AgentInstructions
  /// What agents' CLIs leave behind, as ignore patterns.
  package var litter: [String]
  package var environment: [String: String]
  package var confinement: Confinement
  /// The path of `ropewalk-attend`.
  package var attendant: String
  package var time: EngineTime
  /// What the user should know before it starts.
  package var notices: [String]

  package var store: RunStore { RunStore(stateDirectory: repository.stateDirectory) }

  /// The first event's payload.
  package var start: RunStart {
    RunStart(
      plan: plan.name ?? (planFile as NSString).lastPathComponent, planFile: planFile,
      planSum: planSum, base: base,
      version: Product.version,
      concurrency: plan.strategy == .single ? 1 : plan.concurrency, pid: Int(getpid()),
      tasks: plan.tasks.map { task in
        RunStart.Task(
          id: task.id, needs: task.needs.map { plan.tasks[$0].id }, agent: task.agentName,
          runner: task.runnerName)
      })
  }

  package var dryRun: DryRun { DryRun(self) }
}

/// What a run would do: `run --dry-run`.
package struct DryRun: Sendable {
  private struct Row {
    var id: TaskID
    var agent: String
    var command: [String]
  }

  private let shape: CheckReport.Graph?
  private let rows: [Row]
  private let base: ObjectID

  init(_ prepared: PreparedRun) {
    shape = CheckReport(prepared.plan).graph
    base = prepared.base
    let tasks = Dictionary(
      prepared.plan.tasks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    rows = (shape?.order ?? []).flatMap { id in
      guard let task = tasks[id] else { return [Row]() }
      return prepared.plan.agents(of: task).map { role in
        let agent = prepared.agents[role]
        return Row(id: id, agent: agent?.label ?? role.name, command: agent?.preview ?? [])
      }
    }
  }

  package var json: JSON {
    .object([
      ("ok", true), ("base", .string(base.text)),
      ("order", .array(rows.map { .string($0.id.text) })),
      ("width", .int(shape?.width ?? 0)),
      ("criticalPath", .array((shape?.criticalPath ?? []).map { .string($0.text) })),
      (
        "tasks",
        .array(
          rows.map { row in
            [
              "id": .string(row.id.text), "agent": .string(row.agent),
              "command": .array(row.command.map(JSON.string)),
            ]
          })
      ),
    ])
  }

  package var text: String {
    let width = rows.map(\.id.text.count).max() ?? 0
    let lines = rows.enumerated().map { index, row in
      let name = row.id.text + String(repeating: " ", count: width - row.id.text.count)
      let command = row.command.map(Self.quoted).joined(separator: " ").safeLine
      return "\(index + 1). \(name)  \(row.agent): \(command)"
    }
    let path = (shape?.criticalPath ?? []).map(\.text).joined(separator: " -> ")
    return """
      \(Wording.count(rows.count, "task")) from \(base.short), at most \(shape?.width ?? 0) side by side
      critical path: \(path)

      \(lines.joined(separator: "\n"))

      nothing was started

      """
  }

  /// As a shell would need it.
  private static func quoted(_ word: String) -> String {
    let plain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+@%{}".contains($0) }
    return plain && !word.isEmpty
      ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
