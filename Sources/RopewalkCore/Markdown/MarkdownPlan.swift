// Knows what a Markdown plan holds once it is read, and how one looks.
// Unaware of how its text is read and of what its JSON form allows.

import RopewalkWire

/// A plan as people write it down: phases of stages, each stage a task.
///
/// ````
/// # Sign in
///
/// ```json5
/// { agents: { dev: { runner: "claude" } }, defaults: { agent: "dev" } }
/// ```
///
/// ## Phase 1: Foundations
///
/// ### Stage 1.1: Users table (Week 1)
///
/// **Objective**: Keep users in the database.
///
/// **Key Activities**:
/// - Add the table.
///
/// **Verify**: `swift test`
/// ````
///
/// - The title is the plan's name. A fenced block marked `json5` between it and the first phase
///   holds any other keys of a plan, as in a JSON5 plan, but for `tasks`.
/// - Stages of a phase need all stages of the phase before it. `Depends on` says otherwise: stages
///   by number or name, a whole `Phase 1`, or `none`.
/// - The agent of a stage is told what the stages that it needs answered and the project's own
///   standards, but for what the plan's `defaults: { context: … }` say otherwise.
/// - `Agent` names an agent of the plan or else a runner. `Verify` is a list of command lines; a
///   fenced block is one shell script that stops at its first failing command.
/// - Prose may use a prompt's names, as in `{{worktree}}`; fenced code is taken as it stands.
/// - Sections of level 2 that are no phases are for people alone.
package struct MarkdownPlan: Sendable, Equatable {
  /// The plan's other keys.
  struct Settings: Sendable, Equatable {
    /// Text in JSON5: an object.
    var text: String
    /// The line of the text's first line.
    var line: Int
    /// The names under `agents`.
    var agents: [String]
  }

  struct Phase: Sendable, Equatable {
    var number: Int
    var name: String
  }

  var title: String
  var titleLine: Int
  var settings: Settings?
  var phases: [Phase] = []
  /// In the order of the text.
  var stages: [MarkdownStage] = []

  /// Reads a plan's text. Takes time linear in it, but for dependencies by name.
  ///
  /// - Throws: everything that makes it no Markdown plan. What only a plan's decoder can tell, such
  ///   as a cycle, is not looked for: see `PlanDecoder.decode(markdown:)`.
  package init(_ bytes: [UInt8]) throws(PlanErrors) {
    let (plan, errors) = try MarkdownPlanReader.read(bytes)
    guard let plan, errors.isEmpty else { throw PlanErrors(errors) }
    self = plan
  }

  init(title: String, titleLine: Int) {
    self.title = title
    self.titleLine = titleLine
  }
}

/// One stage of a Markdown plan.
struct MarkdownStage: Sendable, Equatable {
  /// A text and the line that it stands on.
  struct Place<Value: Sendable & Equatable>: Sendable, Equatable {
    var value: Value
    var line: Int
  }

  /// `1.2`: phase and stage.
  struct Number: Sendable, Hashable, CustomStringConvertible {
    var phase: Int
    var stage: Int

    var description: String { "\(phase).\(stage)" }
  }

  /// The parts that a stage can have, by the labels that begin them.
  enum Label: String, Sendable, CaseIterable {
    case objective = "Objective"
    case keyActivities = "Key Activities"
    case deliverables = "Deliverables"
    case validationCriteria = "Validation Criteria"
    case technicalImplementation = "Technical Implementation"
    case dependsOn = "Depends on"
    case agent = "Agent"
    case verify = "Verify"

    /// What the agent is told under a heading of its own.
    static let told: [Label] = [
      .objective, .keyActivities, .deliverables, .validationCriteria, .technicalImplementation,
    ]

    init?(spelt: String) {
      let folded = spelt.lowercased()
      guard let label = Self.allCases.first(where: { $0.rawValue.lowercased() == folded }) else {
        return nil
      }
      self = label
    }
  }

  var number: Number
  var name: String
  /// The line of its heading.
  var line: Int
  /// The place of its phase among the plan's.
  var phase: Int
  /// What stands before the first label, as a prompt's text.
  var introduction = ""
  /// The parts that the agent is told, as a prompt's text.
  var parts: [Label: String] = [:]
  var agent: Place<String>?
  var verify: [Place<String>] = []
  /// The stages that it needs, as places among the plan's.
  var needs: [Place<Int>] = []

  /// The task's id: the number and what of the name an id may hold, as in `1.2-users-table`.
  var id: String {
    let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    let slug = words.joined(separator: "-")
    let id = slug.isEmpty ? "\(number)" : "\(number)-\(slug)"
    let cut = id.prefix(64)
    return String(cut.last == "-" ? cut.dropLast() : cut)
  }
}
