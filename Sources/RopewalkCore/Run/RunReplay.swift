// Knows everything that an engine has to know of a run to go on with it, as a fold over its events.
// Unaware of files and processes.

/// A run as its journal leaves it.
package struct RunReplay: Sendable {
  package private(set) var report = RunReport()
  /// What the run set out to do.
  package private(set) var start: RunStart?
  package private(set) var schedule: ScheduleReplay
  package private(set) var memory: AttemptMemory
  /// By task that has not ended, the commit that its first steps started from.
  package private(set) var starts: [TaskID: ObjectID] = [:]
  /// Why it cannot be gone on with; events after it are taken into the report alone.
  package private(set) var misfit: ScheduleReplay.Misfit?
  private let places: [TaskID: Int]

  package init(plan: Plan, graph: TaskGraph, choice: AgentChoice?, seed: UInt64) {
    schedule = ScheduleReplay(plan: plan, graph: graph, choice: choice, seed: seed)
    memory = AttemptMemory(tasks: plan.tasks.count)
    places = Dictionary(
      plan.tasks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Takes note of an event that will be applied; all of them, before the first is.
  package mutating func foresee(_ event: RunEvent) { schedule.foresee(event) }

  /// Takes in the next event.
  package mutating func apply(_ event: RunEvent) {
    report.apply(event)
    if case .runStarted(let start) = event.payload { self.start = start }
    guard misfit == nil else { return }
    remember(event)
    do throws(ScheduleReplay.Misfit) {
      try schedule.apply(event)
    } catch {
      misfit = error
    }
  }

  /// Lets the schedule go on; see `ScheduleReplay.finish`.
  package mutating func finish(
    reviving wanted: Revival, _ moment: ScheduleReplay.Moment = ScheduleReplay.Moment()
  ) -> ScheduleReplay.Conclusion {
    schedule.finish(reviving: wanted, moment)
  }

  private mutating func remember(_ event: RunEvent) {
    guard let id = event.subject.task, let task = places[id] else { return }
    switch event.payload {
    case .attemptStarted(let start):
      let step = start.step?.index ?? 0
      _ = memory.begun(task, step: step, start.purpose)
      if let commit = start.start, schedule.schedule.startsAtTask(task, step) {
        starts[id] = starts[id] ?? commit
      }
    case .attemptFinished(let result):
      guard let attempt = event.subject.attempt else { return }
      let isInterrupted = schedule.schedule.isInterruptedRepair(task, attempt: attempt, result)
      let step = schedule.schedule.step(of: task, attempt: attempt)?.index
      memory.ended(task, step: step, result, isInterruptedRepair: isInterrupted)
    case .taskFinished(let end):
      if end.state != .cancelled {
        memory.forget(task)
        starts[id] = nil
      }
    default: break
    }
  }
}
