// Knows how `ropewalk check` is asked for. Unaware of what makes a plan good.

import Foundation
import RopewalkCore
import RopewalkEngine

enum CheckCommand: Command {
  static let spec = CommandSpec(
    name: "check", operands: "PLAN", maxOperands: 1,
    summary: "Check a plan without running it: all errors at once, order, width, critical path.",
    options: [
      Option(long: "var", value: "NAME=VALUE", help: "a value for {{vars.NAME}}"),
      Option(long: "explain", help: "say of each task who does it, by what strategy, and why"),
    ],
    examples: ["ropewalk check plan.json5", "ropewalk check --json plan.json5 | jq .errors"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    guard let plan = arguments.operands.first else {
      throw Failure.usage("which plan?", hint: "usage: \(Help.usage(spec))")
    }
    let decoded = decode(plan, try RunCommand.variables(arguments))
    let report = CheckReport(decoded)
    var explanation: Explanation?
    if arguments.has("explain"), case .success(let plan) = decoded {
      explanation = try await PlanExplanation(
        directory: arguments.value("repo") ?? FileManager.default.currentDirectoryPath,
        environment: ProcessInfo.processInfo.environment
      ).explain(plan)
    }
    if output.isJSON {
      output.print(report.json(explanation).text + "\n")
    } else if let errors = report.errorText(file: plan) {
      output.complain(errors)
    } else if let graph = report.graph {
      output.print(text(graph) + (explanation.map { "\n" + $0.text } ?? ""))
    }
    return report.isOK ? .success : .badPlan
  }

  private static func decode(
    _ plan: String, _ variables: [String: String]
  ) -> Result<Plan, PlanErrors> {
    do throws(PlanErrors) {
      let source = try PlanSource.read(
        plan, directory: FileManager.default.currentDirectoryPath)
      return source.decode(
        variables: variables, environment: ProcessInfo.processInfo.environment)
    } catch {
      return .failure(error)
    }
  }

  private static func text(_ graph: CheckReport.Graph) -> String {
    """
    \(Wording.count(graph.order.count, "task")), at most \(graph.width) side by side
    critical path: \(short(graph.criticalPath, joined: " -> "))
    order: \(short(graph.order, joined: ", "))

    """
  }

  /// What a person still reads; `--json` has all of it.
  private static func short(_ ids: [TaskID], joined separator: String) -> String {
    let shown = ids.prefix(100).map(\.text).joined(separator: separator)
    return ids.count > 100 ? "\(shown)\(separator)… (\(ids.count) in all)" : shown
  }
}
