// Knows how tests decode plans. Unaware of what they expect.

import RopewalkCore

/// Short roads from a plan's text to what comes of it.
enum PlanCase {
  static let files = ["prompts/ui.md": "Draw {{needs.schema.output}}", "prompts/blank.md": " \n"]

  static func decode(
    _ text: String, variables: [String: String] = [:]
  ) -> Result<Plan, PlanErrors> {
    decode(Array(text.utf8), variables: variables)
  }

  static func decode(
    _ bytes: [UInt8], variables: [String: String] = [:]
  ) -> Result<Plan, PlanErrors> {
    PlanDecoder(variables: variables) { path in
      files[path].map { .success($0) } ?? .failure(PromptFileError("no such file"))
    }.decode(bytes)
  }

  /// A plan of the given tasks, done by one agent.
  static func tasks(_ tasks: String) -> String {
    "{ agents: { dev: { runner: 'claude' } }, tasks: [\(tasks)] }"
  }

  /// All that is wrong with a plan, as people see it; empty when it is accepted.
  static func refusal(of text: String) -> String { refusal(of: Array(text.utf8)) }

  static func refusal(of bytes: [UInt8]) -> String {
    CheckReport(decode(bytes)).errorText(file: "plan.json5") ?? ""
  }
}
