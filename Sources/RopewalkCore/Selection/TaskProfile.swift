// Knows what a task is, as far as its words tell. Unaware of who could do it.

/// What kind of work a task is, and what told so.
package struct TaskProfile: Sendable, Equatable {
  package enum Complexity: String, Sendable, CaseIterable {
    case simple, moderate, complex
  }

  /// One thing in the task that told something about it.
  package struct Hit: Sendable, Equatable {
    /// What it told: a type, a complexity or a stack.
    package var about: String
    /// As a person reads it: "`refactor`", "4 files named".
    package var sign: String
  }

  /// "feature", "bugfix", …: one of the classifier's types.
  package var type: String
  package var complexity: Complexity
  /// "swift", "python", …: in the order of the classifier's rules.
  package var stacks: [String] = []
  /// What the task itself demands of its agent.
  package var capabilities: [String] = []
  package var hits: [Hit] = []

  package init(type: String, complexity: Complexity) {
    self.type = type
    self.complexity = complexity
  }

  /// What an agent had better be capable of, the most telling first.
  package var wishes: [String] { [type] + stacks }

  /// "a complex refactor in swift".
  package var summary: String {
    let kind = "a \(complexity.rawValue) \(type)"
    return stacks.isEmpty ? kind : "\(kind) in \(stacks.joined(separator: ", "))"
  }

  /// What told something: "`refactor` and 4 files named"; nil when nothing did.
  package func signs(of about: String) -> String? {
    let signs = hits.filter { $0.about == about }.map(\.sign)
    guard let last = signs.last else { return nil }
    return signs.count == 1 ? last : signs.dropLast().joined(separator: ", ") + " and " + last
  }

  /// The strategy that `auto` stands for, and why.
  package var automaticStrategy: (name: String, why: String) {
    let isComplex = complexity == .complex
    let why = "it is \(summary)"
    return (
      isComplex ? "multi" : "single",
      signs(of: complexity.rawValue).map { "\(why): \($0)" } ?? why
    )
  }
}
