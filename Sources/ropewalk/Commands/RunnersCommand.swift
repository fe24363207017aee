// Knows how `ropewalk runners` is asked for. Unaware of how runner files are read.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

enum RunnersCommand: Command {
  static let spec = CommandSpec(
    name: "runners", operands: "[show NAME | parse NAME FILE]", maxOperands: 3,
    summary: "List the agent CLIs that can be run; show one; read a recorded output.",
    details: [
      "Without operands: every runner, whether its program is in PATH, and the program's version.",
      "show NAME: the runner's file. parse NAME FILE: read FILE, a recorded stdout, as that runner"
        + " would, and say what it came to; the exit status is 0 whatever that is.",
      "Files in $XDG_CONFIG_HOME/ropewalk/runners add runners and replace those of their name.",
    ],
    options: [
      Option(long: "stderr", value: "FILE", help: "parse: the recorded stderr"),
      Option(long: "result-file", value: "FILE", help: "parse: the CLI's result file"),
      Option(
        long: "exit", value: "CODE|SIGNAL", help: "parse: how it ended, such as 1 or SIGTERM"),
    ],
    examples: ["ropewalk runners", "ropewalk runners parse claude out.jsonl --exit 1 --json"])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let environment = ProcessInfo.processInfo.environment
    let catalog = try RunnerFolders(environment: environment).catalog()
    switch arguments.operands.first {
    case nil: try await list(catalog, environment, output)
    case "show": try show(catalog, arguments, output)
    case "parse": try parse(catalog, arguments, output)
    case let other?:
      throw Failure.usage(
        "`runners` has no `\(other)`", hint: "usage: \(Help.usage(spec))")
    }
    return .success
  }

  // MARK: - list

  private struct Row {
    var spec: RunnerSpec
    var program: String?
    var version: String?
  }

  private static func list(
    _ catalog: RunnerCatalog, _ environment: [String: String], _ output: Output
  ) async throws {
    let search = ProgramSearch(
      environment: environment, directory: FileManager.default.currentDirectoryPath)
    var rows: [Row] = []
    for name in catalog.names {
      guard let spec = catalog[name]?.spec else { continue }
      var row = Row(spec: spec)
      row.program = spec.executable.flatMap(search.find)
      if let program = row.program {
        row.version = try await RunnerProbe(environment: environment).version(spec, program)
      }
      rows.append(row)
    }
    output.print(output.isJSON ? json(rows).text + "\n" : text(rows))
  }

  private static func json(_ rows: [Row]) -> JSON {
    [
      "runners": .array(
        rows.map { row in
          [
            "name": .string(row.spec.name), "about": .string(row.spec.about),
            "family": .string(row.spec.family),
            "executable": row.spec.executable.map(JSON.string) ?? .null,
            "program": row.program.map(JSON.string) ?? .null,
            "version": row.version.map(JSON.string) ?? .null,
            "verified": row.spec.verified.map(JSON.string) ?? .null,
          ]
        })
    ]
  }

  private static func text(_ rows: [Row]) -> String {
    let width = rows.map(\.spec.name.count).max() ?? 0
    return rows.map { row in
      let name = row.spec.name.padded(to: width)
      let state: String
      if row.spec.executable == nil {
        state = "the plan names the program"
      } else if let program = row.program {
        let isOther = !row.spec.fits(version: row.version)
        state =
          "found \(row.version ?? "(version unknown)") at \(program)"
          + (isOther ? ", not the version this is for" : "")
      } else {
        state = "missing: `\(row.spec.executable ?? "")` is not in PATH"
      }
      let trust = row.spec.verified.map { $0 == "any" ? "" : ", recorded with \($0)" }
      return "\(name)  \(state)\(trust ?? ", unverified: made from its documentation")\n"
    }.joined()
  }

  // MARK: - show

  private static func entry(
    _ catalog: RunnerCatalog, _ name: String
  ) throws(Failure) -> RunnerCatalog.Entry {
    if let entry = catalog[name] { return entry }
    throw Failure(
      .usage, "unknownRunner", "there is no runner `\(name)`",
      hint: NearName.hint(for: name, in: catalog.names, owner: "there are"))
  }

  private static func show(
    _ catalog: RunnerCatalog, _ arguments: Arguments, _ output: Output
  ) throws {
    guard arguments.operands.count == 2 else {
      throw Failure.usage("which runner?", hint: "`ropewalk runners show claude`")
    }
    let entry = try entry(catalog, arguments.operands[1])
    if case .file(let path) = entry.origin { output.note("from \(path)") }
    output.print(entry.text)
  }

  // MARK: - parse

  private static func parse(
    _ catalog: RunnerCatalog, _ arguments: Arguments, _ output: Output
  ) throws {
    guard arguments.operands.count == 3 else {
      throw Failure.usage(
        "`parse` takes a runner and a file", hint: "`ropewalk runners parse claude out.jsonl`")
    }
    let spec = try entry(catalog, arguments.operands[1]).spec
    let stdout = try FileBytes.read(arguments.operands[2])
    var decoder = AgentOutputDecoder(spec.output)
    var splitter = LineSplitter()
    var events: [AgentEvent] = []
    for item in splitter.take(stdout) + [splitter.finish()].compactMap(\.self) {
      switch item {
      case .line(let bytes): events += decoder.line(bytes[...])
      case .oversized(let count): events += decoder.oversizedLine(byteCount: count)
      }
    }
    let outcome = decoder.finish(
      try end(arguments),
      stderr: try arguments.value("stderr").map { try FileBytes.read($0) } ?? [],
      resultFile: try arguments.value("result-file").map { try FileBytes.read($0) })
    if output.isJSON {
      let listed = events.map { event in
        JSON.known([("kind", .string(event.kind))] + event.members)
      }
      let json: JSON = ["events": .array(listed), "outcome": outcome.json]
      output.print(json.text + "\n")
    } else {
      output.print(text(outcome, events))
    }
  }

  private static func end(_ arguments: Arguments) throws(Failure) -> ProgramEnd {
    guard let text = arguments.value("exit") else { return .exit(0) }
    if let code = Int(text), (0...255).contains(code) { return .exit(code) }
    let name = text.uppercased().hasPrefix("SIG") ? text.uppercased() : "SIG" + text.uppercased()
    if let number = (1...31).first(where: { Wording.signal($0).hasPrefix(name + " ") }) {
      return .signal(number)
    }
    throw .usage("`--exit` takes a code from 0 to 255 or a signal's name, not `\(text)`")
  }

  private static func text(_ outcome: AgentOutcome, _ events: [AgentEvent]) -> String {
    let tokens = outcome.tokens.map { $0.json.text } ?? "unknown"
    let cost = outcome.cost.usd.map(Wording.dollars) ?? "unknown"
    let rows: [(String, String?)] = [
      ("outcome", outcome.ok ? "ok" : "failed: \(outcome.cause?.rawValue ?? "?")"),
      ("message", outcome.message), ("text", outcome.text), ("session", outcome.sessionID),
      ("model", outcome.model), ("tokens", tokens), ("cost", cost),
      ("turns", outcome.turns.map(String.init)),
      ("denials", outcome.denials.isEmpty ? nil : outcome.denials.joined(separator: ", ")),
      ("events", String(events.count)),
    ]
    return rows.compactMap { name, value in
      value.map { "\(name): \($0.safeForTerminal)\n" }
    }.joined()
  }
}
