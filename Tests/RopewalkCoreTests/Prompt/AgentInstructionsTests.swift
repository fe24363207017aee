// Knows what agents are told because of their CLI. Unaware of folders.

import Testing

@testable import RopewalkCore

@Suite struct AgentInstructionsTests {
  private static let general = "Ask nobody."

  private func instructions(_ own: String) throws -> AgentInstructions {
    var instructions = AgentInstructions.builtIn()
    try instructions.add(Array(own.utf8))
    return instructions
  }

  @Test("every runner that is built in has an entry, and so have the others that are known")
  func builtIn() {
    let instructions = AgentInstructions.builtIn()
    let known = Set(instructions.runners)
    #expect(known.isSuperset(of: RunnerCatalog.builtIn().names))
    #expect(
      known.isSuperset(of: [
        "claude", "codex", "opencode", "gemini", "qwen", "cursor", "copilot", "cline", "windsurf",
        "amp", "goose", "droid", "kimi", "vibe", "aider", "gptme",
      ]))
    for runner in known where runner != "command" {
      #expect(instructions.text(for: runner)?.contains("nobody can answer questions") == true)
    }
    #expect(instructions.text(for: "command") == nil)
    #expect(instructions.text(for: "a runner of the user's") != nil)
  }

  @Test("a CLI that reads a project file by itself is known to")
  func reads() {
    let instructions = AgentInstructions.builtIn()
    #expect(instructions.reads("CLAUDE.md", "claude"))
    #expect(!instructions.reads("AGENTS.md", "claude"))
    #expect(instructions.reads("AGENTS.md", "codex"))
    #expect(!instructions.reads("AGENTS.md", "a runner of the user's"))
  }

  @Test("a user's entry stands in place of the built-in one of its name")
  func own() throws {
    let instructions = try instructions(
      """
      { default: { text: 'Ask nobody.' }, claude: { text: 'Be brief.', reads: ['HOUSE.md'] },
        mine: { text: 'Alone.', default: false } }
      """)
    #expect(instructions.text(for: "claude") == "Ask nobody. Be brief.")
    #expect(instructions.reads("HOUSE.md", "claude") && !instructions.reads("CLAUDE.md", "claude"))
    #expect(instructions.text(for: "mine") == "Alone.")
    #expect(instructions.text(for: "codex")?.hasPrefix("Ask nobody. Your sandbox") == true)
  }

  @Test("a wrong entry is refused, and what was there stays")
  func refused() throws {
    var instructions = AgentInstructions.builtIn()
    #expect(throws: PlanErrors.self) {
      try instructions.add(Array("{ claude: { txet: 'x' } }".utf8))
    }
    #expect(instructions == AgentInstructions.builtIn())
  }
}
