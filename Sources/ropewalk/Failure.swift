// Knows how a command's failure is told, on the terminal and to programs. Unaware of causes.

import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// Why a command ended without doing what it was asked.
struct Failure: Error {
  var exit: ExitCode
  /// A short name for programs: `usage`, `badPlan`, `notFound`, …
  var code: String
  var message: String
  /// Where: a file, a line, a path in the plan.
  var path: String?
  var hint: String?
  /// The whole text, where it is more than one error.
  var wording: String?
  /// All errors, where there are several; the message is the first one's.
  var errors: [JSON]?

  init(
    _ exit: ExitCode, _ code: String, _ message: String, path: String? = nil, hint: String? = nil
  ) {
    self.exit = exit
    self.code = code
    self.message = message
    self.path = path
    self.hint = hint
  }

  static func usage(_ message: String, hint: String? = nil) -> Failure {
    Failure(.usage, "usage", message, hint: hint)
  }

  /// Three lines at most: what, where, what to do.
  var text: String {
    if let wording { return wording.safeForTerminal + "\n" }
    var lines = ["error: " + message.safeForTerminal]
    if let path { lines.append("  at: " + path.safeForTerminal) }
    if let hint { lines.append("  hint: " + hint.safeForTerminal) }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The object that `--json` puts on stderr.
  var json: JSON {
    [
      "error": .known([
        ("code", .string(code)), ("message", .string(message)), ("path", path.map(JSON.string)),
        ("hint", hint.map(JSON.string)), ("errors", errors.map(JSON.array)),
      ])
    ]
  }
}

extension Failure {
  /// Words and exit status for whatever a command threw.
  init(telling error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as GitError: self = Self.git(error)
    case let error as WorktreeError: self.init(.environment, "repository", "\(error)")
    case let error as SystemError: self.init(.environment, "system", "\(error)", path: error.path)
    case let error as RunnerMismatch: self.init(.environment, "runnerVersion", "\(error)")
    case let error as SpawnError: self.init(.environment, "start", "\(error)")
    case let error as SandboxUnusable:
      self.init(.environment, "sandbox", "\(error)", hint: error.hint)
    case let error as MissingPrograms: self = Self.missing(error)
    case let error as PlanRefusal: self = Self.plan(error)
    case let error as RunnerFileErrors:
      self.init(
        .badPlan, "badRunner", "the runner file is refused\n" + error.errors.text(file: error.path))
    case let refusal as ResumptionRefusal: self = Self.resumption(refusal)
    case let error as UserFileErrors: self = Self.userFile(error)
    default: self.init(.defect, "defect", "this should not have happened: \(error)")
    }
  }

  private static func git(_ error: GitError) -> Failure {
    let message =
      switch error.kind {
      // Git names the folder that `GIT_DIR` sent it to, which is the only sign of that.
      case .notARepository: "this is no git repository; git says: \(error.says)"
      case .unbornHead, .unknownRevision, .missing, .tooOld: error.says
      case .dubiousOwnership, .locked, .starved, .diskFull, .notStarted, .failed:
        "`\(error.command)` failed: \(error.says)"
      }
    return Failure(.environment, "git", message, hint: error.remedy)
  }

  private static func missing(_ error: MissingPrograms) -> Failure {
    let programs = error.missing.map { missing in
      let agents = missing.wantedBy.map { "`\($0)`" }.joined(separator: ", ")
      return "`\(missing.name)`" + (agents.isEmpty ? "" : " (for \(agents))")
    }
    let what = programs.count == 1 ? "the program" : "the programs"
    let verb = programs.count == 1 ? "was" : "were"
    return Failure(
      .environment, "missing", "\(what) \(programs.joined(separator: ", ")) \(verb) not found",
      hint: error.missing.compactMap(\.hint).first)
  }

  private static func resumption(_ refusal: ResumptionRefusal) -> Failure {
    switch refusal {
    case .live(let run, let holder):
      Failure(
        .environment, "live", "\(holder) works on the run `\(run)`",
        hint: "`ropewalk status \(run)` shows how it stands; `ropewalk cancel \(run)` ends it")
    case .damaged(let run, let line, let what):
      Failure(
        .environment, "damaged",
        "the journal of the run `\(run)` is damaged at line \(line): \(what)",
        hint: "its results so far are in `ropewalk status \(run)`; run the plan anew")
    case .unreadable(let run, let what):
      Failure(.environment, "unreadable", "the run `\(run)` cannot go on: \(what)")
    case .over(let report):
      Failure(
        .environment, "over",
        "the run `\(report.run?.text ?? "")` is over (\(report.state.rawValue)); nothing is left to be done",
        hint: report.state == .completed
          ? nil : "`ropewalk retry \(report.run?.text ?? "")` tries again what failed")
    case .unknownTask(let run, let name, let near):
      Failure(
        .usage, "unknownTask", "the run `\(run)` has no task `\(name)`",
        hint: near.map { "did you mean `\($0)`?" })
    }
  }

  private static func plan(_ refusal: PlanRefusal) -> Failure {
    return Failure(.badPlan, "badPlan", refusal.errors, file: refusal.file)
  }

  /// No plan is at fault, but what the user has set up for all of them.
  private static func userFile(_ error: UserFileErrors) -> Failure {
    let code =
      switch error.file {
      case .prices: "badPrices"
      case .instructions: "badInstructions"
      case .classifier: "badClassifier"
      }
    return Failure(.environment, code, error.errors, file: error.path)
  }

  /// Everything that is wrong with a file.
  private init(_ exit: ExitCode, _ code: String, _ errors: PlanErrors, file: String) {
    let first = errors.errors[0]
    self.init(exit, code, first.message, path: first.place(in: file), hint: first.hint)
    wording = errors.text(file: file)
    self.errors = errors.errors.map(\.json)
  }
}
