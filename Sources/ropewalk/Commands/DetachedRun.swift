// Knows what a run does differently when it leaves the terminal. Unaware of how it leaves.

import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// A run that goes on without a terminal once it has begun.
///
/// Nobody can be asked about a budget, agents outlive the engine's death, and progress goes to the
/// run's `engine.log`. Its exit status is nobody's; `status --wait` works it out from the journal.
struct DetachedRun {
  private let detachment: Detachment
  private let output: Output

  init(_ detachment: Detachment, _ output: Output) {
    (self.detachment, self.output) = (detachment, output)
  }

  func carryOut(_ prepared: PreparedRun) async throws -> ExitCode {
    let execution = try RunExecution(prepared, agentsOutliveEngine: true)
    let interrupts = Interrupts(execution) { output.note($0) }
    // Its first event is what ends the wait at the terminal; awaited below, so that the log is whole.
    async let logged: Void = log(execution)
    let report = try await execution.carryOut()
    try await logged
    return interrupts.exitCode ?? ExitCode(report)
  }

  private func log(_ execution: RunExecution) async throws {
    var lines = ProgressLines(isVerbose: output.isVerbose)
    var isAtTerminal = true
    var failure: SystemError?
    try await execution.observe { entry in
      if isAtTerminal {
        // The first event is on the disk: the run has begun, whatever comes.
        isAtTerminal = false
        do throws(SystemError) {
          try leave(execution)
        } catch {
          failure = error
          execution.cancel(nil, .terminated)
        }
      }
      for line in lines.lines(for: entry.event) { output.note(line) }
    }
    for line in lines.summary() { output.note(line) }
    if let failure { throw failure }
  }

  private func leave(_ execution: RunExecution) throws(SystemError) {
    let run = execution.folder.run.text
    let text = output.isJSON ? JSON.object([("run", .string(run))]).text : run
    let isHeard = try detachment.leave(log: execution.folder.engineLog, saying: text + "\n")
    // Whoever asked for it has gone, by Ctrl-C as a rule, and knows no name for it.
    if !isHeard { execution.cancel(nil, .interrupted) }
  }
}
