// Knows how a plan on disk becomes a run that could start, and all that can stand in its way.
// Unaware of how it is carried out.

import Foundation
import RopewalkCore

/// Finds out everything that a run needs before it writes anything.
package struct RunPreparation: Sendable {
  /// What the command line says above the plan.
  package struct Options: Sendable {
    package var concurrency: Int?
    package var timeout: Duration?
    package var base: String?
    package var outside: OutsidePolicy?
    /// Fail instead of waiting for a provider's limit to end.
    package var doesNotWait = false
    package var variables: [String: String] = [:]
    /// The path of `ropewalk-attend`; beside the program when nil.
    package var attendant: String?

    package init() {}
  }

  private let planPath: String
  private let planDirectory: String
  private let directory: String
  private let environment: [String: String]
  private let options: Options

  /// - Parameters:
  ///   - planDirectory: what the plan's path is relative to.
  ///   - directory: within the repository.
  package init(
    planPath: String, planDirectory: String, directory: String, environment: [String: String],
    options: Options
  ) {
    self.planPath = planPath
    self.planDirectory = planDirectory
    self.directory = directory
    self.environment = environment
    self.options = options
  }

  /// - Throws: `PlanRefusal`; `UserFileErrors`; `GitError`; `MissingPrograms`; `WorktreeError` for
  ///   names that are taken. Nothing was written then.
  package func prepare(time: EngineTime = .real()) async throws -> PreparedRun {
    let source = try source()
    var plan = try plan(source)
    let repository = try await Repository.find(from: directory, environment: environment)
    // By far the slowest question in a large checkout, and nothing else depends on its answer.
    async let changes = repository.uncommittedChanges()
    let programs = RunPrograms(
      environment: environment, directory: directory,
      attendant: options.attendant ?? Attendant.besideExecutable(), planFile: planPath)
    var choice = try programs.choice(&plan, repository)
    let (agents, fallbacks) = try await programs.agents(plan)
    choice.fallbacks = fallbacks
    let confinement = try await ConfinementSearch(environment: environment, directory: directory)
      .find(for: plan)
    choice.accounts = agents.accounts(environment)
    let base = try await repository.resolve(plan.base ?? "HEAD")
    var random = SplitMix64(state: time.seed)
    let run = RunID.new(at: time.now(), using: &random)
    let worktrees = WorktreeStore(repository: repository, run: run)
    try await worktrees.checkNames(tasks: plan.tasks.map(\.id))
    try programs.checkAttendant()
    return PreparedRun(
      run: run, plan: plan, planFile: planPath, planSum: source.sum, graph: TaskGraph(plan),
      repository: repository,
      base: base, agents: agents, choice: choice,
      prices: try PriceFile(environment: environment).table(),
      instructions: try InstructionFile(environment: environment).instructions(),
      litter: agents.litter,
      environment: environment, confinement: confinement, attendant: programs.attendant, time: time,
      notices: Self.notices(repository, base, changes: try await changes))
  }

  private func source() throws(PlanRefusal) -> PlanSource {
    do throws(PlanErrors) {
      return try PlanSource.read(planPath, directory: planDirectory)
    } catch {
      throw PlanRefusal(file: planPath, errors: error)
    }
  }

  private func plan(_ source: PlanSource) throws(PlanRefusal) -> Plan {
    do throws(PlanErrors) {
      return adjusted(
        try source.decode(variables: options.variables, environment: environment).get())
    } catch {
      throw PlanRefusal(file: planPath, errors: error)
    }
  }

  private func adjusted(_ plan: Plan) -> Plan {
    var plan = plan
    plan.concurrency = options.concurrency ?? plan.concurrency
    plan.base = options.base ?? plan.base
    plan.outside = options.outside ?? plan.outside
    if options.doesNotWait { plan.onLimit = .fail }
    if let timeout = options.timeout {
      for task in plan.tasks.indices { plan.tasks[task].timeout = timeout }
    }
    return plan
  }

  private static func notices(
    _ repository: Repository, _ base: ObjectID, changes: Int
  ) -> [String] {
    let unseen =
      changes == 0
      ? []
      : [
        "the run starts from \(base.short) and does not see "
          + "\(Wording.count(changes, "uncommitted change")) of this checkout"
      ]
    return unseen + repository.notices
  }
}
