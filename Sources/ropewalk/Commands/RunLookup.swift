// Knows how a run named on the command line is found. Unaware of what is wanted of it.

import Foundation
import RopewalkCore
import RopewalkEngine

/// The run that a command is about.
enum RunLookup {
  static func store(_ arguments: Arguments) async throws -> RunStore {
    let repository = try await Repository.find(
      from: arguments.value("repo") ?? FileManager.default.currentDirectoryPath,
      environment: ProcessInfo.processInfo.environment)
    return RunStore(stateDirectory: repository.stateDirectory)
  }

  static func find(_ name: String?, _ arguments: Arguments) async throws -> RunFolder {
    do {
      return try await store(arguments).find(name)
    } catch let error as RunStore.LookupError {
      throw failure(error)
    }
  }

  private static func failure(_ error: RunStore.LookupError) -> Failure {
    switch error {
    case .none:
      Failure(
        .usage, "noRuns", "this repository has no runs yet", hint: "`ropewalk run PLAN` makes one")
    case .unknown(let name, let near):
      Failure(
        .usage, "unknownRun", "there is no run `\(name)`",
        hint: "the newest are: \(near.map(\.text).joined(separator: ", "))")
    case .ambiguous(let name, let like):
      Failure(
        .usage, "ambiguousRun", "`\(name)` could be \(like.count) runs",
        hint: "say more of the name: \(like.map(\.text).joined(separator: ", "))")
    }
  }

  /// Says once what is wrong with the journal, if anything is.
  static func noteDamage(_ status: RunStatus, _ output: Output) {
    switch status.journal {
    case .clean: break
    case .torn(let bytes):
      if !status.isLive {
        output.note(
          "note: the journal's last line is torn (\(Wording.bytes(bytes))); it is left out")
      }
    case .damaged(let line, let reason):
      output.note(
        "error: the journal is damaged at line \(line): \(reason)\n"
          + "  hint: what is shown is what stood before that line")
    }
  }
}
