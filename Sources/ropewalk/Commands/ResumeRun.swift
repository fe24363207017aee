// Knows how a command goes on with a run that has no engine. Unaware of runs that have one.

import Foundation
import RopewalkCore
import RopewalkEngine

/// Carries on, from this very process, a run whose own engine has ended.
enum ResumeRun {
  static func carryOut(
    _ folder: RunFolder, _ wish: RunResumption.Wish, _ arguments: Arguments, _ output: Output
  ) async throws -> ExitCode {
    do {
      return try await goOn(folder, wish, arguments, output)
    } catch ResumptionRefusal.over(let report) where wish != .end {
      output.note(
        "nothing is left to be done: the run `\(folder.run)` is over (\(report.state.rawValue))")
      return ExitCode(report)
    }
  }

  private static func goOn(
    _ folder: RunFolder, _ wish: RunResumption.Wish, _ arguments: Arguments, _ output: Output
  ) async throws -> ExitCode {
    let run = try await RunResumption(
      folder, directory: arguments.value("repo") ?? FileManager.default.currentDirectoryPath,
      environment: ProcessInfo.processInfo.environment
    ).prepare(wish)
    for notice in run.prepared.notices { output.note("note: \(notice)") }
    var ask: (@Sendable (BudgetQuestion) async -> Bool)?
    if let prompt = BudgetPrompt(output) { ask = { await prompt.ask($0) } }
    return try await RunCommand.carryOut(RunExecution(run, ask: ask), .all, output)
  }
}
