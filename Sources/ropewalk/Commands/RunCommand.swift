// Knows how `ropewalk run` is asked for, shows its progress and tells its end.
// Unaware of how tasks are carried out.

import Foundation
import RopewalkCore
import RopewalkEngine

enum RunCommand: Command {
  static let spec = CommandSpec(
    name: "run", aliases: ["execute"], operands: "PLAN", maxOperands: 1,
    summary: "Carry out a plan: its tasks in order, in parallel, each in its own worktree.",
    details: [
      "PLAN is a JSON5 file, or `-` for standard input. Progress goes to stderr, results to stdout.",
      "Each result is a branch `ropewalk/RUN/TASK`; your checkout, index and HEAD stay as they are.",
      "Ctrl-C ends gracefully and keeps partial work; a second one ends at once.",
      "Ctrl-Z stops the agents too, and no time limit counts it; `fg` goes on.",
    ],
    options: [
      Option(
        long: "max-concurrent", short: "c", value: "N", help: "that many at a time (plan: 5)"),
      Option(
        long: "timeout", short: "t", value: "TIME",
        help: "for every attempt, such as 30m, instead of the plan's"),
      Option(long: "base", value: "COMMIT", help: "what tasks start from, instead of the plan's"),
      Option(
        long: "outside", value: "WAY",
        help: "changes outside of the worktrees: fail (default), warn or ignore"),
      Option(
        long: "no-wait", help: "fail where all agents are limited, instead of waiting for them"),
      Option(long: "var", value: "NAME=VALUE", help: "a value for {{vars.NAME}}"),
      Option(
        long: "events", value: "KIND,…",
        help: "with --json: print only events of these kinds, and the end"),
      Option(
        long: "detach", short: "d",
        help: "print the run's name and go on without the terminal"),
      Option(
        long: "dry-run", short: "n", help: "show order, width and what would run; start nothing"),
    ],
    examples: [
      "ropewalk run plan.json5", "ropewalk status --wait $(ropewalk run --detach plan.json5)",
      "ropewalk run -c 8 --json plan.json5 | jq -r .kind",
    ])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    guard let plan = arguments.operands.first else {
      throw Failure.usage("which plan?", hint: "usage: \(Help.usage(spec))")
    }
    return try await run(
      plan: plan, directory: arguments.value("repo") ?? FileManager.default.currentDirectoryPath,
      environment: ProcessInfo.processInfo.environment, arguments, output)
  }

  static func run(
    plan: String, directory: String, environment: [String: String], _ arguments: Arguments,
    _ output: Output
  ) async throws -> ExitCode {
    let prepared = try await RunPreparation(
      planPath: plan, planDirectory: FileManager.default.currentDirectoryPath,
      directory: directory, environment: environment,
      options: try options(arguments)
    ).prepare()
    if arguments.has("dry-run") {
      output.print(output.isJSON ? prepared.dryRun.json.text + "\n" : prepared.dryRun.text)
      return .success
    }
    for notice in prepared.notices { output.note("note: \(notice)") }
    let filter = try filter(arguments)
    if let detachment = Detachment.current {
      return try await DetachedRun(detachment, output).carryOut(prepared)
    }
    return try await carryOut(prepared, filter, output)
  }

  /// Whether the words ask for a run that leaves the terminal.
  static func isDetached(_ words: [String]) -> Bool {
    guard let name = words.first, name == spec.name || spec.aliases.contains(name),
      let arguments = try? Arguments(Array(words.dropFirst()), for: spec)
    else {
      // What is wrong with them is told by the run itself.
      return false
    }
    return arguments.has("detach") && !arguments.has("dry-run") && !arguments.has("help")
  }

  private static func options(_ arguments: Arguments) throws -> RunPreparation.Options {
    var options = RunPreparation.Options()
    options.concurrency = try arguments.int("max-concurrent", atLeast: 1)
    options.base = arguments.value("base")
    options.doesNotWait = arguments.has("no-wait")
    options.timeout = try arguments.duration("timeout")
    if let text = arguments.value("outside") {
      guard let outside = OutsidePolicy(rawValue: text) else {
        throw Failure.usage(
          "`--outside` cannot be `\(text)`", hint: "it takes one of: fail, warn, ignore")
      }
      options.outside = outside
    }
    options.variables = try variables(arguments)
    return options
  }

  /// The events that `--events KIND,…` asks for.
  private static func filter(_ arguments: Arguments) throws -> EventFilter {
    guard let words = arguments.value("events") else { return .all }
    guard arguments.has("json") else {
      throw Failure.usage(
        "`--events` picks what `--json` prints", hint: "add `--json`, or leave it out")
    }
    if arguments.has("detach") {
      throw Failure.usage(
        "`--events` picks what is printed, and `--detach` prints the run's name alone",
        hint: "leave it out; `ropewalk watch --json` prints the events")
    }
    let kinds = words.split(separator: ",").map(String.init)
    for kind in kinds where !RunEvent.kinds.contains(kind) {
      throw Failure.usage(
        "there is no event `\(kind)`",
        hint: NearName.hint(for: kind, in: RunEvent.kinds, owner: "there are"))
    }
    return EventFilter(kinds: Set(kinds))
  }

  /// The values of `--var NAME=VALUE`.
  static func variables(_ arguments: Arguments) throws -> [String: String] {
    var variables: [String: String] = [:]
    for pair in arguments.all("var") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw Failure.usage("`--var` takes NAME=VALUE, not `\(pair)`")
      }
      variables[String(parts[0])] = String(parts[1])
    }
    return variables
  }

  private static func carryOut(
    _ prepared: PreparedRun, _ filter: EventFilter, _ output: Output
  ) async throws -> ExitCode {
    var ask: (@Sendable (BudgetQuestion) async -> Bool)?
    if let prompt = BudgetPrompt(output) { ask = { await prompt.ask($0) } }
    return try await carryOut(try RunExecution(prepared, ask: ask), filter, output)
  }

  /// Shows a run while it is carried out, lets signals end it, and tells its end.
  static func carryOut(
    _ execution: RunExecution, _ filter: EventFilter, _ output: Output
  ) async throws -> ExitCode {
    let interrupts = Interrupts(execution) { output.note($0) }
    // Shows the journal as it grows; awaited below, so that nothing is left unsaid.
    async let shown: Void = show(execution, filter, output)
    let report = try await execution.carryOut()
    try await shown
    if let exit = interrupts.exitCode { return exit }
    return ExitCode(report)
  }

  private static func show(
    _ execution: RunExecution, _ filter: EventFilter, _ output: Output
  ) async throws {
    // Nothing of it would be seen, and reading every event back is a fortieth of a small task's cost.
    if output.isQuiet, !output.isJSON { return }
    var lines = ProgressLines(isVerbose: output.isVerbose)
    let earlier = execution.earlierEvents
    try await execution.observe(filter) { entry in
      if entry.event.seq <= earlier {
        // Told by the engine before this one.
        _ = lines.lines(for: entry.event)
        return
      }
      if output.isJSON { output.print(entry.line + [UInt8(ascii: "\n")]) }
      for line in lines.lines(for: entry.event) where !output.isJSON { output.note(line) }
    }
    guard !output.isJSON else { return }
    for line in lines.summary() { output.note(line) }
  }
}
