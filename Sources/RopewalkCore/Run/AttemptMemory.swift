// Knows what of ended attempts the next ones build upon. Unaware of why there is a next one.

/// How the attempts of a run ended, as far as others need it.
package struct AttemptMemory: Sendable {
  /// By task, how its latest attempt ended.
  private var latest: [AttemptResult?]
  /// By task and step, how the step's latest attempt ended, for the next.
  private var steps: [Int: [Int: AttemptResult]] = [:]
  /// By task and step, what the step's session has used so far; begins anew with each new session.
  private var sessions: [Int: [Int: AttemptResult.Usage]] = [:]

  /// - Parameter count: how many tasks there are.
  package init(tasks count: Int) { latest = Array(repeating: nil, count: count) }

  package func latest(of task: Int) -> AttemptResult? { latest[task] }

  /// How the attempt before the next one of a step ended.
  package func previous(_ task: Int, step: Int) -> AttemptResult? { steps[task]?[step] }

  /// - Parameters:
  ///   - step: nil where it belongs to none.
  ///   - isInterruptedRepair: what was refused before counts then; the repair begins again.
  package mutating func ended(
    _ task: Int, step: Int?, _ result: AttemptResult, isInterruptedRepair: Bool
  ) {
    latest[task] = result
    guard let step, !isInterruptedRepair else { return }
    steps[task, default: [:]][step] = result
  }

  /// What the session has used that an attempt may take up again; nil where there is none to take up.
  package mutating func begun(
    _ task: Int, step: Int, _ purpose: Schedule.Purpose
  ) -> AttemptResult.Usage? {
    guard purpose != .attempt, let previous = steps[task]?[step], previous.sessionID != nil,
      let last = previous.sessionUsage
    else {
      sessions[task]?[step] = nil
      return nil
    }
    let used = sessions[task]?[step].map { $0.adding(last) } ?? last
    sessions[task, default: [:]][step] = used
    return used
  }

  /// Drops what was kept for further attempts of a task.
  package mutating func forget(_ task: Int) {
    steps[task] = nil
    sessions[task] = nil
  }
}
