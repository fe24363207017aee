// Knows how a template is written as a plan, in JSON5 or in Markdown. Unaware of what templates say.

import RopewalkWire

/// A plan to start from.
package struct PlanTemplate: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case feature, bugfix, refactor, review, test, release
  }

  /// One task of a template.
  struct Step: Sendable {
    var id: String
    var title: String
    var agent: Agent
    var needs: [String] = []
    /// One sentence that says what is to be reached.
    var objective: String
    /// Sentences that say how.
    var activities: [String]
    /// What is there afterwards.
    var deliverable: String
    var expect = Expectation.changes
    /// Whether the project's own checks must pass on the result.
    var isVerified = false
  }

  enum Agent: String, Sendable, CaseIterable {
    case architect, developer, reviewer

    var runner: String {
      switch self {
      case .architect: "claude"
      case .developer: "opencode"
      case .reviewer: "codex"
      }
    }

    var role: String? {
      switch self {
      case .architect: "You design. You write no production code."
      case .developer: nil
      case .reviewer: "You look for mistakes and change nothing."
      }
    }
  }

  let kind: Kind
  /// The phases, each of steps that need only steps of earlier ones.
  let phases: [(name: String, steps: [Step])]

  /// The command that stands for the project's own checks.
  static let check = "make test"

  /// Whether a text can be the name of a plan and the title of a document.
  package static func isName(_ text: String) -> Bool {
    (1...200).contains(text.utf8.count) && !text.allSatisfy(\.isWhitespace)
      && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }

  // MARK: - JSON5

  /// The plan in JSON5, with comments that say what to change.
  package func json5(_ name: String) -> String {
    """
    // A plan to start from: \(kind.about).
    // Change the prompts and the commands under `verify`, then:
    //   ropewalk check plan.json5 && ropewalk run plan.json5
    {
      name: \(Self.spelt(name)),
      concurrency: 3,
      // Who does the work; `ropewalk runners` lists the CLIs that are installed.
      agents: {
    \(Agent.allCases.filter(isUsed).map(agent).joined(separator: "\n"))
      },
      defaults: { agent: "developer", timeout: "1h", idleTimeout: "15m" },
      tasks: [
    \(phases.flatMap { ["    // \($0.name)."] + $0.steps.map(task) }.joined(separator: "\n"))
      ],
    }

    """
  }

  /// The default agent is always there.
  private func isUsed(_ agent: Agent) -> Bool {
    agent == .developer || phases.contains { $0.steps.contains { $0.agent == agent } }
  }

  private func agent(_ agent: Agent) -> String {
    let role = agent.role.map { ", role: \(Self.spelt($0))" } ?? ""
    return "    \(agent.rawValue): { runner: \(Self.spelt(agent.runner))\(role) },"
  }

  private func task(_ step: Step) -> String {
    var lines = ["    {", "      id: \(Self.spelt(step.id)),"]
    if step.agent != .developer { lines.append("      agent: \(Self.spelt(step.agent.rawValue)),") }
    if !step.needs.isEmpty {
      lines.append("      needs: [\(step.needs.map(Self.spelt).joined(separator: ", "))],")
    }
    lines.append("      expect: \(Self.spelt(step.expect.rawValue)),")
    // A backslash at the end of a line goes on with the same string.
    let answers = step.needs.map { "What `\($0)` answered: {{needs.\($0).output}}" }
    let sentences =
      [step.objective] + step.activities + ["To deliver: " + step.deliverable] + answers
    lines.append("      prompt: \"\\")
    for (index, sentence) in sentences.enumerated() {
      let text = Self.spelt(sentence).dropFirst().dropLast()
      lines.append("\(text)\(index + 1 < sentences.count ? "\\n" : "")\\")
    }
    lines.append("\",")
    if step.isVerified {
      lines.append("      verify: [\(Self.spelt(Self.check))], // your project's own checks")
    }
    return (lines + ["    },"]).joined(separator: "\n")
  }

  private static func spelt(_ text: String) -> String { JSON.string(text).text }

  // MARK: - Markdown

  /// The plan in Markdown, as `MarkdownPlan` reads it.
  package func markdown(_ name: String) -> String {
    var text = """
      # \(name)

      A plan to start from: \(kind.about).
      Change the stages and the commands under Verify, then `ropewalk check` it.

      ```json5
      {
        concurrency: 3,
        agents: {
      \(Agent.allCases.filter(isUsed).map(agent).joined(separator: "\n"))
        },
        defaults: { agent: "developer", timeout: "1h", idleTimeout: "15m" },
      }
      ```

      """
    let numbers = numbers()
    for (index, phase) in phases.enumerated() {
      text += "\n## Phase \(index + 1): \(phase.name)\n"
      for step in phase.steps { text += stage(step, numbers) }
    }
    return text
  }

  /// The stages' numbers by the steps' ids.
  private func numbers() -> [String: String] {
    let pairs = phases.enumerated().flatMap { phase, content in
      content.steps.enumerated().map { ($1.id, "\(phase + 1).\($0 + 1)") }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  private func stage(_ step: Step, _ numbers: [String: String]) -> String {
    let needs = step.needs.compactMap { numbers[$0] }
    return """

      ### Stage \(numbers[step.id] ?? ""): \(step.title)

      **Objective**: \(step.objective)

      **Key Activities**:
      \(step.activities.map { "- \($0)" }.joined(separator: "\n"))

      **Deliverables**: \(step.deliverable)

      **Depends on**: \(needs.isEmpty ? "none" : needs.joined(separator: ", "))

      **Agent**: \(step.agent.rawValue)
      \(step.isVerified ? "\n**Verify**: `\(Self.check)`\n" : "")
      """
  }
}
