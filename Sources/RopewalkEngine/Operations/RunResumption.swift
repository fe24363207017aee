// Knows how a run whose engine has ended is made ready to go on, and all that can stand in its way.
// Unaware of how it is carried out.

import Foundation
import RopewalkCore
import RopewalkWire

/// A run that could go on: its lock is held, its journal read and open at its end. Nothing is written yet.
package struct ResumableRun: Sendable {
  package var prepared: PreparedRun
  package var folder: RunFolder
  package var replay: RunReplay
  package var revival: Revival
  package var lock: RunLock
  package var journal: JournalWriter
}

/// Why a run cannot go on.
package enum ResumptionRefusal: Error, Sendable {
  /// Another engine works on it; says which.
  case live(RunID, holder: String)
  /// The journal is damaged in the midst.
  case damaged(RunID, line: Int, String)
  /// Its folder lacks what a run begins with, or holds what this version does not understand.
  case unreadable(RunID, String)
  /// Nothing is left to be done; says how it ended.
  case over(RunReport)
  /// The run does not have that task; says the nearest that it has.
  case unknownTask(RunID, String, near: String?)
}

/// Reads everything that is needed to go on with a run.
package struct RunResumption: Sendable {
  /// What of the run is wanted.
  package enum Wish: Sendable, Equatable {
    /// That it goes on where it was.
    case goOn
    /// That tasks that did not complete are tried again: these, or all that failed.
    case retry([String]?)
    /// That it is over: what is left of it is ended.
    case end
  }

  private let folder: RunFolder
  private let directory: String
  private let environment: [String: String]
  private let attendant: String

  /// - Parameters:
  ///   - directory: within the repository.
  ///   - attendant: the path of `ropewalk-attend`; beside the program when nil.
  package init(
    _ folder: RunFolder, directory: String, environment: [String: String], attendant: String? = nil
  ) {
    self.folder = folder
    self.directory = directory
    self.environment = environment
    self.attendant = attendant ?? Attendant.besideExecutable()
  }

  /// Takes the run's lock, reads plan and journal, and finds the programs.
  ///
  /// - Throws: `ResumptionRefusal`; `PlanRefusal`, `MissingPrograms`, `GitError`, `SystemError` as a new run would.
  ///   Nothing is changed then, and the lock is free again.
  package func prepare(
    _ wish: Wish = .goOn, time: EngineTime = .real()
  ) async throws -> ResumableRun {
    guard let lock = try RunLock.take(folder.lock) else {
      throw ResumptionRefusal.live(folder.run, holder: RunLock.holder(folder.lock))
    }
    var plan = try plan()
    let graph = TaskGraph(plan)
    let repository = try await Repository.find(from: directory, environment: environment)
    let programs = RunPrograms(
      environment: environment, directory: directory, attendant: attendant, planFile: folder.plan)
    try programs.checkAttendant()
    var choice = try programs.choice(&plan, repository)
    let agents: ResolvedAgents
    (agents, choice.fallbacks) = try await programs.agents(plan)
    choice.accounts = agents.accounts(environment)
    let confinement = try await ConfinementSearch(environment: environment, directory: directory)
      .find(for: plan)
    let (replay, torn) = try read(
      RunReplay(plan: plan, graph: graph, choice: choice, seed: time.seed))
    guard let base = replay.report.base else {
      throw ResumptionRefusal.unreadable(folder.run, "its journal has no beginning")
    }
    let revival = try revival(wish, plan)
    if replay.report.finishedAt != nil, revival.tasks(replay.schedule.schedule).isEmpty {
      throw ResumptionRefusal.over(replay.report)
    }
    let prepared = PreparedRun(
      run: folder.run, plan: plan, planFile: replay.start?.planFile ?? folder.plan, planSum: nil,
      graph: graph,
      repository: repository, base: base, agents: agents, choice: choice,
      prices: try PriceFile(environment: environment).table(),
      instructions: try InstructionFile(environment: environment).instructions(),
      litter: agents.litter, environment: environment, confinement: confinement,
      attendant: attendant, time: time,
      notices: notices(replay, torn))
    return ResumableRun(
      prepared: prepared, folder: folder, replay: replay, revival: revival, lock: lock,
      journal: try JournalWriter(continuing: folder.journal, torn: torn))
  }

  private func plan() throws -> Plan {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileBytes.read(folder.plan)
    } catch {
      throw ResumptionRefusal.unreadable(folder.run, "\(error)")
    }
    // Its prompts are in it, whatever files they came from.
    let decoder = PlanDecoder(maximumBytes: .max) { _ in
      .failure(PromptFileError("a kept plan names no files"))
    }
    do {
      return try decoder.decode(bytes).get()
    } catch {
      throw PlanRefusal(file: folder.plan, errors: error)
    }
  }

  private func read(_ empty: RunReplay) throws -> (RunReplay, torn: Int) {
    var replay = empty
    _ = try JournalReader.read(folder.journal) { replay.foresee($0) }
    let end = try JournalReader.read(folder.journal) { replay.apply($0) }
    if let misfit = replay.misfit {
      throw ResumptionRefusal.unreadable(folder.run, "\(misfit)")
    }
    switch end {
    case .clean: return (replay, 0)
    case .torn(let bytes): return (replay, bytes)
    case .damaged(let line, let what):
      throw ResumptionRefusal.damaged(folder.run, line: line, what)
    }
  }

  private func revival(_ wish: Wish, _ plan: Plan) throws -> Revival {
    switch wish {
    case .goOn: return .interrupted
    case .end: return .end
    case .retry(nil): return .retry(nil)
    case .retry(let names?):
      let known = plan.tasks.map(\.id.text)
      return .retry(
        try names.map { name in
          guard let place = known.firstIndex(of: name) else {
            throw ResumptionRefusal.unknownTask(
              folder.run, name, near: NearName.nearest(to: name, in: known))
          }
          return place
        })
    }
  }

  private func notices(_ replay: RunReplay, _ torn: Int) -> [String] {
    var notices: [String] = []
    if torn > 0 {
      notices.append(
        "the journal's last line was torn (\(Wording.bytes(torn))); it is kept beside the journal")
    }
    if let file = replay.start?.planFile, let sum = replay.start?.planSum,
      let bytes = try? FileBytes.read(file, limit: PlanDecoder.maximumBytes),
      JournalLine.sum(of: bytes) != sum
    {
      notices.append("`\(file)` has changed since; the run goes on with the plan as it was")
    }
    return notices
  }
}
