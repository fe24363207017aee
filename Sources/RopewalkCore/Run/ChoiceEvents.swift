// Knows the payloads of events about agents that were chosen and budgets that were reached.
// Unaware of how agents are chosen and spending is counted.

import RopewalkWire

/// Why an agent does a task that names none: the payload of `agentAssigned`.
package struct AgentAssigned: Sendable, Equatable {
  package var agent: String
  package var runner: String
  package var because: String
  /// From 0 to 1.
  package var confidence: Double
  /// Those who would come next.
  package var secondary: [String]

  package init(_ assignment: Assignment) {
    agent = assignment.agent
    runner = assignment.runner
    because = assignment.justification
    confidence = assignment.confidence
    secondary = assignment.secondary
  }

  package var members: [(String, JSON?)] {
    [
      ("agent", .string(agent)), ("runner", .string(runner)), ("because", .string(because)),
      ("confidence", .double((confidence * 100).rounded() / 100)),
      ("secondary", .array(secondary.map(JSON.string))),
    ]
  }

  package init(_ value: JSONValue) {
    agent = value["agent"]?.string ?? ""
    runner = value["runner"]?.string ?? ""
    because = value["because"]?.string ?? ""
    confidence = value["confidence"]?.double ?? 0
    secondary = value["secondary"]?.elements.compactMap(\.string) ?? []
  }
}

/// That another agent took over: the payload of `fallback`.
package struct Fallback: Sendable, Equatable {
  package var fromAgent: String
  package var fromRunner: String
  package var toAgent: String
  package var toRunner: String
  package var because: String

  package init(_ news: FallbackNews) {
    fromAgent = news.from.name
    fromRunner = news.from.runner
    toAgent = news.to.name
    toRunner = news.to.runner
    because = news.because
  }

  package var members: [(String, JSON?)] {
    [
      ("from", ["agent": .string(fromAgent), "runner": .string(fromRunner)]),
      ("to", ["agent": .string(toAgent), "runner": .string(toRunner)]),
      ("because", .string(because)),
    ]
  }

  package init(_ value: JSONValue) {
    fromAgent = value["from"]?["agent"]?.string ?? ""
    fromRunner = value["from"]?["runner"]?.string ?? ""
    toAgent = value["to"]?["agent"]?.string ?? ""
    toRunner = value["to"]?["runner"]?.string ?? ""
    because = value["because"]?.string ?? ""
  }

  /// "`dev` (claude) -> `dev` (opencode)".
  package var words: String {
    "`\(fromAgent)` (\(fromRunner)) -> `\(toAgent)` (\(toRunner)): \(because)"
  }
}

/// A budget that is near its limit or at it: the payload of `budgetWarned` and `budgetExceeded`.
package struct BudgetNews: Sendable, Equatable {
  package var message: String
  /// What is done about it; nil for a warning.
  package var reaction: BudgetReaction?
  /// The figures, as an object's text.
  private var figures: [UInt8]

  package init(_ notice: BudgetNotice, taskName: (Int) -> String) {
    message = notice.message(taskName: taskName)
    figures = notice.json(taskName: taskName).bytes
  }

  package init(_ excess: BudgetExcess, _ reaction: BudgetReaction, taskName: (Int) -> String) {
    message = excess.message(taskName: taskName)
    self.reaction = reaction
    figures = excess.json(taskName: taskName).bytes
  }

  package var members: [(String, JSON?)] {
    [
      ("message", .string(message)),
      ("reaction", reaction.map { .string($0.rawValue) }),
      ("budget", .raw(figures)),
    ]
  }

  package init(_ value: JSONValue) {
    message = value["message"]?.string ?? ""
    reaction = value["reaction"]?.string.flatMap(BudgetReaction.init)
    figures = value["budget"].map { Array($0.source) } ?? Array("null".utf8)
  }
}
