// Knows which files of a worktree may be told to agents. Unaware of how they are told.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite struct PromptFilesTests {
  private let space = TestSpace()

  private func reason(_ path: String) throws -> String {
    do throws(ContextFileError) {
      _ = try ContextFiles.read([path], in: space("tree"))
      return "none"
    } catch {
      return error.reason
    }
  }

  @Test("named files are read in the order given")
  func files() throws {
    try space.write("a", to: "tree/docs/a.md")
    try space.write("b", to: "tree/b.md")
    let (quotes, _) = try ContextFiles.read(["docs/a.md", "b.md"], in: space("tree"))
    #expect(quotes == [PromptParts.Quote("docs/a.md", "a"), PromptParts.Quote("b.md", "b")])
  }

  @Test("a file that may be gone is told to be, and only a missing one")
  func gone() throws {
    try space.write("b\u{0}", to: "tree/b.md")
    let (quotes, notes) = try ContextFiles.read(["a.md"], in: space("tree"), mayBeGone: true)
    #expect(quotes.isEmpty && notes == ["the file `a.md` is gone and was not told"])
    #expect(throws: ContextFileError.self) {
      try ContextFiles.read(["b.md"], in: space("tree"), mayBeGone: true)
    }
  }

  @Test("what is missing, binary, no file, or outside of the worktree is refused with one reason")
  func refused() throws {
    try space.write("secret", to: "outside.md")
    try space.write("a\u{0}b", to: "tree/binary")
    try space.write("fine", to: "tree/inner.md")
    try Data([0xFF, 0xFE]).write(to: URL(filePath: space("tree/latin")))
    let manager = FileManager.default
    try manager.createSymbolicLink(
      atPath: space("tree/link.md"), withDestinationPath: space("outside.md"))
    try manager.createSymbolicLink(atPath: space("tree/up"), withDestinationPath: "..")
    try manager.createSymbolicLink(atPath: space("tree/same.md"), withDestinationPath: "inner.md")
    #expect(mkfifo(space("tree/pipe"), 0o600) == 0)
    #expect(try reason("missing.md").contains("no such file"))
    #expect(try reason("binary") == "it is not UTF-8 text")
    #expect(try reason("latin") == "it is not UTF-8 text")
    #expect(try reason("link.md") == "it leads out of the worktree")
    #expect(try reason("up/outside.md") == "it leads out of the worktree")
    #expect(try reason("../outside.md") == "it leads out of the worktree")
    #expect(try reason("pipe") == "it is no regular file")
    #expect(try reason("same.md") == "none")
  }

  @Test("the project's standards are in the first file that is there")
  func project() throws {
    let root = space("tree")
    #expect(ProjectContext.read(root: root).project == nil)
    try space.write("copilot", to: "tree/.github/copilot-instructions.md")
    #expect(ProjectContext.read(root: root).project?.name == ".github/copilot-instructions.md")
    try space.write("claude", to: "tree/CLAUDE.md")
    #expect(ProjectContext.read(root: root).project == PromptParts.Quote("CLAUDE.md", "claude"))
    try space.write(" \n", to: "tree/AGENTS.md")
    #expect(ProjectContext.read(root: root).project?.name == "CLAUDE.md")
  }

  @Test("standards behind a link out of the repository or over the bound are passed over, and told")
  func hostileProject() throws {
    try space.write("secret", to: "outside.md")
    try space.write(
      String(repeating: "x", count: ProjectContext.maximumBytes + 1), to: "tree/CLAUDE.md")
    try FileManager.default.createSymbolicLink(
      atPath: space("tree/AGENTS.md"), withDestinationPath: space("outside.md"))
    let (project, notes) = ProjectContext.read(root: space("tree"))
    #expect(project == nil)
    #expect(notes.count == 2)
    #expect(
      notes.first == "the project's `AGENTS.md` was not told: it leads out of the repository")
  }

  @Test("a user's own instructions stand above the built-in ones, and mistakes are told")
  func instructions() throws {
    let file = InstructionFile(environment: ["XDG_CONFIG_HOME": space("config")])
    #expect(try file.instructions() == AgentInstructions.builtIn())
    try space.write("{ claude: { text: 'Be brief.' } }", to: "config/ropewalk/instructions.json")
    #expect(try file.instructions().text(for: "claude")?.hasSuffix(" Be brief.") == true)
    try space.write("{ claude: 1 }", to: "config/ropewalk/instructions.json")
    #expect(throws: UserFileErrors.self) { try file.instructions() }
  }
}
