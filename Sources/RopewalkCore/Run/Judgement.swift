// Knows how the evidence of an ended attempt becomes a result, in one place and in words.
// Unaware of how the evidence is gathered.

import RopewalkWire

/// Weighs how an attended program ended.
package enum Judgement {
  /// What the attendant's record alone says against success: nil when the program ended by itself
  /// and it is the agent's own account that counts.
  ///
  /// - Parameters:
  ///   - spec: the limits that were set, for the words.
  ///   - reason: why the engine asked for the end, when it did.
  package static func failure(
    of record: EndRecord, spec: AttemptSpec, cancelled reason: CancelReason?
  ) -> AttemptResult? {
    if !record.unkillable.isEmpty {
      let pids = record.unkillable.map(String.init).joined(separator: ", ")
      return AttemptResult(failed: .cannotBeKilled, "cannot be killed, pid \(pids)")
    }
    switch record.cause {
    case .couldNotStart:
      return AttemptResult(failed: .couldNotStart, couldNotStart(record, spec))
    case .timedOut:
      return AttemptResult(failed: .timedOut, "timed out after \(limit(spec.timeout))")
    case .idle:
      return AttemptResult(failed: .idle, "printed nothing for \(limit(spec.idleTimeout))")
    case .outputLimit:
      return AttemptResult(
        failed: .outputLimit, "printed more than \(Wording.bytes(spec.outputLimit))")
    case .cancelled:
      return AttemptResult(
        failed: .cancelled,
        "cancelled because \(reason?.text ?? "its attendant was told to end")")
    case .orphaned:
      return AttemptResult(failed: .orphaned, "ended because its engine had died")
    case .exited:
      guard record.diskFull, record.exit != 0 else { return nil }
      return AttemptResult(failed: .diskFull, "the disk that holds its output is full")
    }
  }

  /// What the programs before an attempt's own say when they could not start it: `bwrap` and `prlimit` end then
  /// with a status that the program could have had as well, but for their words.
  package static func wrapperFailure(
    of record: EndRecord, spec: AttemptSpec, firstWords: String
  ) -> AttemptResult? {
    guard !spec.wrapper.isEmpty, record.cause == .exited, [1, 126, 127].contains(record.exit) else {
      return nil
    }
    let line = firstWords.split(separator: "\n").first.map(String.init) ?? ""
    if line.hasPrefix("bwrap: ") {
      return AttemptResult(
        failed: .couldNotStart, "could not start `\(spec.program)` in its fence: \(line)")
    }
    guard line.hasPrefix("prlimit: failed to ") else { return nil }
    return AttemptResult(
      failed: .couldNotStart, "could not start `\(spec.program)` with its limits: \(line)")
  }

  /// The failure of a program that ended by itself, in words: how it ended, then what it said.
  package static func words(for outcome: AgentOutcome, _ record: EndRecord) -> String? {
    guard !outcome.ok else { return nil }
    let said = outcome.message.map { ": \($0)" } ?? ""
    switch outcome.cause {
    case .killedBySignal:
      return "killed by \(Wording.signal(Int(record.signal ?? 0)))\(said)"
    case .exitCode:
      let claim = outcome.hasTerminalEvent ? ", although it reported success" : ""
      return "exit code \(record.exit ?? -1)\(claim)\(said)"
    case .incomplete:
      return "it ended without saying that it had finished\(said)"
    default:
      return outcome.message ?? "the agent reported an error and did not say which"
    }
  }

  private static func limit(_ milliseconds: Int?) -> String {
    Wording.duration(Double(milliseconds ?? 0) / 1000)
  }

  private static func couldNotStart(_ record: EndRecord, _ spec: AttemptSpec) -> String {
    guard let failure = record.failure else { return "could not start `\(spec.program)`" }
    let path = failure.path.isEmpty ? spec.program : failure.path
    let reason = SystemReason.text(failure.errno)
    switch (failure.step, failure.errno) {
    case ("exec", SystemReason.noEntry):
      return
        "could not start `\(path)`: it, or the interpreter that its first line names, is missing"
    case ("exec", SystemReason.notExecutable):
      return "could not start `\(path)`: it is no program for this machine, nor a script with `#!`"
    case ("exec", SystemReason.tooBig):
      return "could not start `\(path)`: its arguments and environment are too long together"
    case ("exec", _): return "could not start `\(path)`: \(reason)"
    case ("directory", _): return "could not start in the directory `\(path)`: \(reason)"
    default: return "could not start: \(failure.step) `\(path)`: \(reason)"
    }
  }
}

/// The system's error numbers that have words of our own.
package enum SystemReason {
  package static let noEntry: Int32 = 2
  package static let tooBig: Int32 = 7
  package static let notExecutable: Int32 = 8

  /// Words for the numbers met when starting programs; these are the same on every Unix.
  package static func text(_ errno: Int32) -> String {
    switch errno {
    case 1: "operation not permitted"
    case 2: "no such file or directory"
    case 5: "input/output error"
    case 7: "argument list too long"
    case 8: "exec format error"
    case 11: "resource temporarily unavailable"
    case 12: "out of memory"
    case 13: "permission denied"
    case 20: "not a directory"
    case 21: "is a directory"
    case 23: "too many open files in the system"
    case 24: "too many open files"
    case 26: "text file busy"
    case 28: "no space left on device"
    case 30: "read-only file system"
    default: "error number \(errno)"
    }
  }
}

extension AttemptResult {
  /// Gives a result its verdict, and its cause where the verdict is a failure.
  ///
  /// - Parameters:
  ///   - changed: whether its tree differs from the one that it started from.
  ///   - verified: nil when no verification was asked for.
  ///   - declared: why the agent says that nothing was needed.
  package mutating func weigh(
    _ expectation: Expectation, changed: Bool, verified: Bool?, declared: String?
  ) {
    guard cause == nil else { return }
    let verdict = Verdict.of(
      expectation: expectation, changed: changed, hasAnswer: text != nil, verified: verified,
      declaredNoChange: declared != nil)
    self.verdict = verdict
    switch verdict {
    case .verified, .changed, .answered: break
    case .unchanged: message = declared
    case .empty:
      cause = .empty
      message =
        expectation == .answer
        ? "it reported success but gave no answer"
        : "it reported success but changed no file"
    case .rejected: cause = .rejected
    case .incomplete: cause = .incomplete
    case .escaped: cause = .escaped
    }
  }

  /// Takes over what the attendant recorded.
  package mutating func record(_ record: EndRecord) {
    exit = record.exit.map(Int.init)
    signal = record.signal.map(Int.init)
    agentSeconds = record.seconds
    cpuSeconds = record.cpuSeconds
    peakMemoryBytes = record.peakMemoryBytes
    outputBytes = record.stdoutBytes + record.stderrBytes
    killed = record.killed
    leftovers = record.leftovers.count
    if killed, cause != nil { notes.append("SIGKILL was needed to end it") }
    if !record.leftovers.isEmpty {
      let names = record.leftovers.prefix(3).map { "\($0.name) (\($0.pid))" }
      notes.append(
        "\(Wording.count(leftovers, "process")) outlived it and was ended: "
          + names.joined(separator: ", "))
    }
  }

  /// Takes over what the agent's CLI said of itself.
  package mutating func record(_ outcome: AgentOutcome) {
    text = outcome.text
    sessionID = outcome.sessionID
    model = outcome.model
    usage = Usage(tokens: outcome.tokens, cost: outcome.cost)
    turns = outcome.turns
    denials = outcome.denials
    notes += outcome.notes
  }
}
