// Knows journals in which attempts are told to have started later than what was decided about them.
// Unaware of engines.

import RopewalkCore
import Testing

@Suite("A journal that tells of starts late")
struct ForeseenStartsTests {
  /// Follows the events of a run of `tasks`, noted beforehand as a resumption does.
  private func follow(
    _ tasks: String, _ events: [(task: String?, attempt: Int?, RunEvent.Payload)]
  ) throws -> (RunReplay, left: [Schedule.Action]) {
    let text = "{ agents: { a: { runner: 'claude' }, b: { runner: 'codex' } }, tasks: [\(tasks)] }"
    let plan = try PlanDecoder { _ in .failure(PromptFileError("no files")) }
      .decode(Array(text.utf8)).get()
    let start = RunStart(
      plan: "late", planFile: nil, base: nil, version: "0", concurrency: 3, pid: 1,
      tasks: plan.tasks.map { task in
        RunStart.Task(
          id: task.id, needs: task.needs.map { plan.tasks[$0].id }, agent: nil, runner: "claude")
      })
    let run = try #require(RunID("r1"))
    let all = [(task: nil, attempt: nil, .runStarted(start))] + events
    let journal = all.enumerated().map { seq, event in
      RunEvent(
        seq: seq + 1, time: Timestamp(milliseconds: 0), run: run,
        subject: RunEvent.Subject(
          task: event.task.flatMap(TaskID.init), attempt: event.attempt, agent: "a"),
        payload: event.2)
    }
    var replay = RunReplay(plan: plan, graph: TaskGraph(plan), choice: nil, seed: 1)
    for event in journal { replay.foresee(event) }
    for event in journal { replay.apply(event) }
    return (replay, replay.finish(reviving: .interrupted, ScheduleReplay.Moment()).left)
  }

  private func started(_ task: String, step: Int? = nil) -> RunEvent.Payload {
    .attemptStarted(
      AttemptStart(
        folder: "attempts/\(task)/1", worktree: nil, start: nil, program: "p", isRepair: false,
        step: step.map { StepInfo(index: $0, role: .work, member: "\($0)", round: 1) }))
  }

  private var good: RunEvent.Payload {
    var result = AttemptResult()
    result.verdict = .changed
    return .attemptFinished(result)
  }

  private var ended: RunEvent.Payload {
    .attemptFinished(AttemptResult(failed: .cancelled, "cancelled because the run was interrupted"))
  }

  @Test(
    "a task that completed although its run was cancelled before its start was told is completed")
  func completed() throws {
    let (replay, left) = try follow(
      "{ id: 't', agent: 'a', prompt: 'x' }, { id: 'u', agent: 'a', needs: ['t'], prompt: 'x' }",
      [
        ("t", nil, .taskQueued), ("t", nil, .taskStarted), (nil, nil, .cancelled(.interrupted)),
        ("t", 1, started("t")), ("u", nil, .taskFinished(TaskEnd(.cancelled))), ("t", 1, good),
        ("t", nil, .taskFinished(TaskEnd(.completed))),
      ])
    #expect(replay.misfit == nil)
    #expect(left.isEmpty)
    #expect(replay.schedule.schedule.state(of: 0) == .completed)
  }

  @Test("a task that was ended before its start was told is cancelled once, and can be taken up")
  func cancelled() throws {
    let (replay, left) = try follow(
      "{ id: 't', agent: 'a', prompt: 'x' }",
      [
        ("t", nil, .taskQueued), ("t", nil, .taskStarted), (nil, nil, .cancelled(.interrupted)),
        ("t", 1, started("t")), ("t", 1, ended), ("t", nil, .taskFinished(TaskEnd(.cancelled))),
      ])
    #expect(replay.misfit == nil)
    #expect(left.isEmpty)
    #expect(replay.schedule.schedule.interruptedTasks == [0])
  }

  @Test("a member whose start is told after another one failed is waited for")
  func member() throws {
    let (replay, left) = try follow(
      "{ id: 't', prompt: 'x', strategy: { parallel: ['a', 'b'] } }",
      [
        ("t", nil, .taskQueued), ("t", nil, .taskStarted), ("t", 1, started("t", step: 0)),
        ("t", 1, .attemptFinished(AttemptResult(failed: .exitCode, "exit code 7"))),
        ("t", 2, started("t", step: 1)), ("t", 2, ended),
        ("t", nil, .taskFinished(TaskEnd(.failed, cause: .exitCode))),
      ])
    #expect(replay.misfit == nil)
    #expect(left.isEmpty)
    #expect(replay.schedule.schedule.state(of: 0) == .failed)
  }
}
