import RopewalkCore
import Testing

/// One task's strategy, driven by hand: what members answer goes in, what happens comes out in short sentences.
struct StrategyBench {
  private(set) var run: StrategyRun
  private var open: [(index: Int, step: Step)] = []
  private(set) var steps: [Step] = []
  private(set) var decision: Decision?
  private(set) var finish: StrategyRun.Finish?

  /// - Parameter strategy: as a plan's task has it, with agents called `a` to `f`.
  init(_ strategy: String, task more: String = "", prompt: String = "Do it.") throws {
    let agents = "abcdef".map { name in
      let weight = name == "c" ? 3 : 1
      let capability = name == "b" ? "ui" : "db"
      return
        "\(name): {runner: 'command', command: ['\(name)'], weight: \(weight), capabilities: ['\(capability)']}"
    }.joined(separator: ", ")
    let text = """
      {agents: {\(agents)}, tasks: [{id: "t", prompt: "\(prompt)", strategy: \(strategy), \(more)}]}
      """
    let plan = try PlanDecoder { _ in .failure(PromptFileError("no files")) }
      .decode(Array(text.utf8)).get()
    run = StrategyRun(plan.tasks[0], in: plan)
  }

  mutating func begin() -> [String] { take(run.begin()) }

  /// Ends the first open step of a member with an answer.
  mutating func answer(
    _ member: String, _ text: String?, commit: Character? = nil, files: Int? = nil
  ) -> [String] {
    var result = AttemptResult()
    result.text = text
    result.commit = commit.map(Self.commit)
    result.verdict = commit == nil ? .answered : .changed
    result.changedFiles = files
    return end(member, result)
  }

  mutating func fail(_ member: String, _ cause: FailureCause = .exitCode) -> [String] {
    end(member, AttemptResult(failed: cause, "exit code 7"))
  }

  mutating func end(_ member: String, _ result: AttemptResult) -> [String] {
    guard let place = open.firstIndex(where: { $0.step.member == member }) else {
      Issue.record("nobody waits for `\(member)`, only for \(open.map(\.step.member))")
      return []
    }
    let index = open.remove(at: place).index
    return take(run.ended(index, result))
  }

  /// The prompt of the newest step of a member, with its templates as they are.
  func prompt(of member: String) -> String {
    let pieces = steps.last { $0.member == member }?.prompt ?? []
    return pieces.map { piece in
      switch piece {
      case .text(let text): text
      case .template(let template): template.source
      case .diff(let label, let commit): "\(label) \(commit.short)"
      case .task: "?"
      }
    }.joined(separator: "\n\n")
  }

  static func commit(_ letter: Character) -> ObjectID {
    guard let id = ObjectID(String(repeating: letter, count: 40)) else {
      preconditionFailure("`\(letter)` is no hexadecimal digit")
    }
    return id
  }

  private mutating func take(_ effects: [StrategyRun.Effect]) -> [String] {
    effects.map { effect in
      switch effect {
      case .step(let index, let step):
        open.append((index, step))
        steps.append(step)
        return words(step)
      case .tell(.proposal(let member, let round, _)): return "proposal \(member) \(round)"
      case .tell(.round(let round, let rounds)): return "round \(round)/\(rounds)"
      case .tell(.decision(let decision)):
        self.decision = decision
        return "decision \(decision.winner ?? "nobody")"
      case .endSteps(let steps):
        return "end \(steps.map { self.steps[$0].member }.joined(separator: " "))"
      case .finish(let finish):
        self.finish = finish
        return finish.cause.map { "failed \($0)" } ?? (finish.isPartial ? "partial" : "done")
      }
    }
  }

  private func words(_ step: Step) -> String {
    let start = step.start.map { " from \($0.text.prefix(1))" } ?? ""
    switch step.work {
    case .agent: return "\(step.role) \(step.member)@\(step.place)\(start)"
    case .anyAgent: return "\(step.role) anyone"
    case .merge(let parts):
      return
        "merge \(parts.map { "\($0.label):\($0.commit.text.prefix(1))" }.joined(separator: " "))\(start)"
    case .paths(let glob): return "paths \(glob)"
    case .text: return "text"
    }
  }
}
