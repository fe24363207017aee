// Knows how `ropewalk priority` is asked for. Unaware of queues.

import RopewalkCore
import RopewalkWire

enum PriorityCommand: Command {
  static let spec = CommandSpec(
    name: "priority", operands: "RUN TASK N", maxOperands: 3,
    summary: "Give a task of a live run another priority.",
    details: ["Of the tasks that wait for a slot, those of a higher priority start first."],
    examples: ["ropewalk priority last api 10"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    guard arguments.operands.count == 3 else {
      throw Failure.usage(
        "which run, which task, which priority?", hint: "usage: \(Help.usage(spec))")
    }
    let range = PlanTask.priorities
    guard let priority = Int(arguments.operands[2]), range.contains(priority) else {
      throw Failure.usage(
        "a priority is a whole number from \(range.lowerBound) to \(range.upperBound), "
          + "not `\(arguments.operands[2])`")
    }
    let run = try LiveRun(
      try await RunLookup.find(arguments.operands[0], arguments), task: arguments.operands[1])
    let params: [(String, JSON)] = [
      ("task", .string(run.tasks[0])), ("priority", .int(priority)),
    ]
    guard try run.tell("prioritise", .object(params)) else { throw run.notLive }
    output.note(
      "asked the run `\(run.folder.run)` to give\(run.tasksText) the priority \(priority)")
    return .success
  }
}
