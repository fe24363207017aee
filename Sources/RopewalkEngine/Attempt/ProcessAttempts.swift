// Knows how one attempt is carried out for real, and what becomes of an error on the way.
// Unaware of the other tasks and of what follows from a result.

import Foundation
import RopewalkCore
import RopewalkWire

/// Carries out attempts with real processes in real worktrees.
package final class ProcessAttempts: AttemptRunner {
  /// Where and with what all attempts of a run work.
  package struct Site: Sendable {
    package var plan: Plan
    package var folder: RunFolder
    package var base: ObjectID
    package var worktrees: WorktreeStore
    package var attendant: Attendant
    package var watcher: FileWatcher
    package var agents: ResolvedAgents
    /// What tokens cost, for the CLIs that do not say it.
    package var prices: PriceTable
    /// Whether a cost that nobody knows is guessed from sizes, as the plan's `unknownCost` wants it.
    package var estimatesCosts: Bool
    package var instructions: AgentInstructions
    package var spending: SpendingLog
    package var confinement: Confinement
    /// Sees what is changed outside of the worktrees; nil where nobody looks.
    package var watch: EscapeWatch?
    /// Keeps starts of one CLI apart, where its runner wants that.
    let starting: StartGate
    /// The wall clock, for what a provider says of the time of day.
    package var now: @Sendable () -> Timestamp
    let starts: StartCommits
    /// Whether another engine has worked on the run before.
    package let isResumed: Bool

    package init(
      plan: Plan, folder: RunFolder, base: ObjectID, worktrees: WorktreeStore,
      attendant: Attendant, watcher: FileWatcher, agents: ResolvedAgents, prices: PriceTable,
      estimatesCosts: Bool, instructions: AgentInstructions, spending: SpendingLog,
      confinement: Confinement = .none, watch: EscapeWatch? = nil,
      starting: StartGate,
      now: @escaping @Sendable () -> Timestamp, starts: [TaskID: ObjectID]? = nil
    ) {
      self.plan = plan
      self.folder = folder
      self.base = base
      self.worktrees = worktrees
      self.attendant = attendant
      self.watcher = watcher
      self.agents = agents
      self.prices = prices
      self.estimatesCosts = estimatesCosts
      self.instructions = instructions
      self.spending = spending
      self.confinement = confinement
      self.watch = watch
      self.starting = starting
      self.now = now
      self.starts = StartCommits(worktrees: worktrees, base: base, known: starts ?? [:])
      isResumed = starts != nil
    }
  }

  let site: Site
  private let places: TaskPlaces

  package init(site: Site) {
    self.site = site
    places = TaskPlaces(site: site)
  }

  package func run(
    _ order: AttemptOrder, control: AttemptControl, reporter: any AttemptReporter
  ) async -> AttemptResult {
    let clock = SuspendingClock()
    let begun = clock.now
    var result: AttemptResult
    do {
      result = try await carryOut(order, control, reporter)
    } catch {
      result = Self.failure(error)
    }
    if let reason = control.reason, result.cause != nil, result.cause != .cannotBeKilled {
      result.cause = .cancelled
      result.message = "cancelled because \(reason.text)"
    }
    result.seconds = max(.zero, clock.now - begun - control.pausedFor).seconds
    return result
  }

  private func carryOut(
    _ order: AttemptOrder, _ control: AttemptControl, _ reporter: any AttemptReporter
  ) async throws -> AttemptResult {
    if let begun = order.recovery { return try await recover(order, begun, control, reporter) }
    switch order.step.work {
    case .agent(let role):
      guard let agent = site.agents[role] else {
        preconditionFailure("the agent `\(role.name)` was not resolved")
      }
      return try await AttemptWork(
        site: site, order: order, place: try await places.place(for: order), control: control,
        reporter: reporter, agent: agent
      ).run()
    case .merge(let parts):
      return try await MergeWork(
        site: site, order: order, parts: parts, start: try await site.starts.commit(for: order),
        control: control, reporter: reporter,
        checkOut: { [places] in try await places.place(for: order, at: $0) }
      ).run()
    case .paths(let glob):
      let start = try await site.starts.commit(for: order)
      return try await answer(
        try await site.worktrees.paths(in: start, matching: glob).joined(separator: "\n"), order,
        reporter)
    case .text:
      return try await answer(
        try await PromptRendering(site: site, order: order, worktree: "").text(), order, reporter)
    case .anyAgent: preconditionFailure("nobody was chosen for a step of `\(order.task.id)`")
    }
  }

  /// Takes over what another engine has begun.
  private func recover(
    _ order: AttemptOrder, _ begun: ScheduleReplay.OpenAttempt, _ control: AttemptControl,
    _ reporter: any AttemptReporter
  ) async throws -> AttemptResult {
    let recovery = AttemptRecovery(site: site, order: order, begun: begun)
    guard case .agent(let role) = order.step.work, let agent = site.agents[role] else {
      try await recovery.endHelpers()
      return recovery.interrupted("its engine died while it was carried out")
    }
    let found = try await recovery.find()
    if let lost = found.lost { return lost }
    return try await AttemptWork(
      site: site, order: order, place: try places.recovered(order, begun.start), control: control,
      reporter: reporter, agent: agent
    ).recover(found)
  }

  /// What is known without asking anybody.
  private func answer(
    _ text: String, _ order: AttemptOrder, _ reporter: any AttemptReporter
  ) async throws -> AttemptResult {
    try await site.announce(
      order, program: site.worktrees.git.executable, worktree: nil, start: nil, to: reporter)
    var result = AttemptResult()
    result.text = text
    result.verdict = .answered
    return result
  }

  /// The one place where what was thrown becomes a cause and words.
  static func failure(_ error: any Error) -> AttemptResult {
    switch error {
    case let conflict as MergeConflict: AttemptResult(failed: .conflict, conflict.description)
    case let error as WorktreeError:
      if case .worktreeGone = error {
        AttemptResult(failed: .worktreeGone, "\(error)")
      } else {
        AttemptResult(failed: .couldNotStart, "\(error)")
      }
    case let error as GitError where error.kind == .diskFull:
      AttemptResult(failed: .diskFull, "\(error)")
    case let error as SystemError where error.errno == ENOSPC:
      AttemptResult(failed: .diskFull, "\(error)")
    default: AttemptResult(failed: .couldNotStart, "could not start: \(error)")
    }
  }
}

extension ProcessAttempts.Site {
  /// Makes the attempt's folder and tells what is about to be started, before it is.
  func announce(
    _ order: AttemptOrder, program: String, worktree: Worktree?, start: ObjectID?,
    to reporter: any AttemptReporter
  ) async throws {
    let name = RunFolder.attempt(order.task.id, order.attempt)
    try FileBytes.createFolder(folder.absolute(name))
    await reporter.starting(
      AttemptStart(
        folder: name, worktree: worktree?.path, start: start, program: program,
        isRepair: order.purpose == .repair,
        session: session(of: order), step: order.info))
  }

  /// The session that an attempt takes up again; nil where it begins one of its own.
  func session(of order: AttemptOrder) -> String? {
    guard order.purpose != .attempt, case .agent(let role) = order.step.work,
      agents[role]?.spec.canResume == true
    else { return nil }
    return order.recovery.map(\.start.session) ?? order.previous?.sessionID
  }

  func contributionRef(of order: AttemptOrder) -> String {
    "refs/ropewalk/contributions/\(folder.run)/\(order.task.id)/\(order.attempt)"
  }

  /// Ties a good result: as the task's branch, or as a contribution to it. Returns the ref.
  func tie(_ commit: ObjectID, of order: AttemptOrder) async throws -> String {
    guard order.step.publishes else {
      let ref = contributionRef(of: order)
      try await worktrees.tie(ref: ref, to: commit)
      return ref
    }
    let branch = "ropewalk/\(folder.run)/\(order.task.id)"
    try await worktrees.publish(branch: branch, commit: commit, expecting: nil)
    return "refs/heads/" + branch
  }
}

extension AttemptOrder {
  /// Marks by which every process of the attempt is known.
  func marks(_ run: RunID) -> [String: String] {
    [
      "ROPEWALK_RUN": run.text, "ROPEWALK_TASK": task.id.text, "ROPEWALK_ATTEMPT": String(attempt),
    ]
  }

  var suspect: Suspect { Suspect(task: task.id, attempt: attempt) }

  func snapshotRef(_ run: RunID) -> String {
    "refs/ropewalk/snapshots/\(run)/\(task.id)/\(attempt)"
  }
}

extension Attended {
  /// Waits for the tree's end, which `control` can ask for, as for a pause; what a killed attendant
  /// left behind is ended here.
  func ended(by control: AttemptControl, marks: [String: String]) async -> End {
    let end = await control.onRequest({ self.take($0) }, during: { await ended() })
    if case .lost = end { _ = await OrphanTree(marks: marks).end() }
    return end
  }

  private func take(_ request: AttemptRequest) {
    switch request {
    case .end(let reason): end(hard: reason.isHard)
    case .pause: pause()
    case .resume: resume()
    }
  }
}
