// Knows how a task with a strategy is run with shell scripts for members, and how its end is read.
// Unaware of what is tested.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

/// Somebody who takes part in a strategy: an agent that is a shell script.
///
/// The prompt is kept before the script begins, which can ask whether it holds some words: `asked 'Which proposal'`.
struct StrategyMemberScript {
  let name: String
  let script: String
  /// Further members of the agent in the plan.
  let more: [(String, JSON)]

  init(_ name: String, _ script: String, _ more: [(String, JSON)] = []) {
    (self.name, self.script, self.more) = (name, script, more)
  }

  func agent(_ rope: Rope) -> JSON {
    let prompts = rope.space("prompt-")
    let line = """
      prompt='\(prompts)'$ROPEWALK_TASK-$ROPEWALK_ATTEMPT; cat >"$prompt"
      asked() { grep -qF -- "$1" "$prompt"; }
      \(script)
      """
    return .object([("runner", "command"), ("command", ["sh", "-c", .string(line)])] + more)
  }

  /// One who proposes, and later votes or decides as told.
  static func debater(
    _ name: String, _ proposal: String, votes: String, _ more: [(String, JSON)] = []
  ) -> StrategyMemberScript {
    StrategyMemberScript(
      name,
      """
      if asked 'Which proposal is the best'; then echo '\(votes)'
      elif asked 'Weigh the proposals'; then \(proposal) | sed 's/$/, improved/'
      else \(proposal); fi
      """, more)
  }
}

/// What became of one task, `task`, that has a strategy.
struct StrategyCase {
  let run: RopeRun
  /// The task as `status --json` shows it.
  let status: JSONValue

  var task: TaskReport? { run.task }
  var decision: JSONValue? { status["decision"] }

  static func plan(
    _ strategy: String, _ members: [StrategyMemberScript], task: [(String, JSON)] = [],
    others: [JSON] = [], top: [(String, JSON)] = [], in rope: Rope
  ) -> RopePlan {
    let prompt = task.contains { $0.0 == "prompt" } ? [] : [("prompt", JSON.string("Do it."))]
    return RopePlan(
      agents: members.map { ($0.name, $0.agent(rope)) },
      tasks: [
        .object([("id", "task"), ("strategy", .raw(Array(strategy.utf8)))] + prompt + task)
      ] + others, top: top)
  }

  /// Runs the task to its end.
  ///
  /// - Parameter strategy: as a plan has it.
  static func run(
    _ strategy: String, _ members: [StrategyMemberScript], task: [(String, JSON)] = [],
    others: [JSON] = [], top: [(String, JSON)] = [], in rope: Rope? = nil,
    _ change: (inout Rope.Options) -> Void = { _ in }
  ) async throws -> StrategyCase {
    let rope = if let rope { rope } else { try await Rope.make() }
    let plan = plan(strategy, members, task: task, others: others, top: top, in: rope)
    return try await StrategyCase(rope.run(plan, Rope.Options(change)))
  }

  init(_ run: RopeRun) async throws {
    self.run = run
    let shown = try await run.rope.command(["status", "--json"])
    let tasks = try shown.json["tasks"]
    status = try #require(
      tasks?.elements.first { $0["id"]?.string == "task" }, "\(run.stderr)\(shown.stderr)")
    try await checkTies()
  }

  /// What somebody made is reachable, whatever became of the task.
  private func checkTies() async throws {
    let name = run.report.run?.text ?? ""
    for one in contributions {
      guard let commit = one["commit"]?.string, let attempt = one["attempt"]?.int else { continue }
      let folder = one["cause"] == nil ? "contributions" : "snapshots"
      let ref = "refs/ropewalk/\(folder)/\(name)/task/\(attempt)"
      #expect(try await git("rev-parse '\(ref)'") == commit)
    }
  }

  private var contributions: [JSONValue] { status["contributions"]?.elements.map(\.self) ?? [] }

  /// The contributions in their order: "agent member role round verdict: first line of the answer".
  var lines: [String] {
    contributions.map { one in
      let words = [
        one["agent"]?.string ?? "-", one["member"]?.string, one["role"]?.string,
        one["round"]?.int.map(String.init), one["cause"]?.string ?? one["verdict"]?.string,
      ].compactMap(\.self).joined(separator: " ")
      let answer = one["output"]?.string.map { ": " + ($0.split(separator: "\n").first ?? "") }
      return words + (answer ?? "")
    }
  }

  /// The commit of a contribution, by its place.
  func commit(_ place: Int) -> String? { contributions[place]["commit"]?.string }

  /// The prompt that an attempt's agent got.
  func prompt(_ attempt: Int, task: String = "task") throws -> String {
    try Files.text(run.rope.space("prompt-\(task)-\(attempt)"))
  }

  func git(_ words: String) async throws -> String {
    try await run.rope.repository.sh("git \(words)")
  }

  /// The files of the task's branch that are not of the base.
  func files() async throws -> [String] {
    let branch = try #require(task?.branch, "no branch: \(task?.message ?? "")")
    #expect(branch == "ropewalk/\(run.report.run?.text ?? "")/task")
    return try await git("diff --name-only main '\(branch)'").split(separator: "\n").map(
      String.init)
  }

  /// A file of the task's branch.
  func text(_ path: String) async throws -> String {
    try await git("show '\(try #require(task?.branch)):\(path)'")
  }

  /// The events that tell of the strategy, in their order.
  var story: [String] {
    run.events.compactMap { event in
      switch event.payload {
      case .attemptStarted(let start): "started \(start.step?.role.rawValue ?? "?")"
      case .attemptFinished: "finished"
      case .other("proposalMade", let value):
        "proposal \(value["member"]?.string ?? "?") \(value["round"]?.int ?? -1)"
      case .other("debateRound", let value):
        "round \(value["round"]?.int ?? -1) of \(value["of"]?.int ?? -1)"
      case .decisionMade(let decision): "decision \(decision.winner ?? "nobody")"
      case .taskQueued, .taskStarted, .taskFinished: event.kind
      default: nil
      }
    }
  }
}
