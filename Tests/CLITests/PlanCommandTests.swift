import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@Suite("ropewalk plan", .timeLimit(.minutes(10)))
struct PlanCommandTests {
  private static let markdown = """
    # Two steps

    ```json5
    { agents: { sh: { runner: "command", command: ["sh"] } } }
    ```

    ## Phase 1: Make

    ### Stage 1.1: Write

    **Objective**: A script ignores this.

    ## Phase 2: Look

    ### Stage 2.1: Read

    **Objective**: Neither does it act on this.
    **Verify**: `test -s made`

    """

  /// The prompts are scripts here, so each is given to a shell that looks at the stage alone.
  private static let agents = #"""
    { agents: { sh: { runner: "command", command: ["sh", "-c",
      "if grep -q '^# Stage 1.1: Write'; then echo 1 > made; else test -s made; fi; echo ok"] } } }
    """#

  private static var runnable: String {
    let lines = markdown.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { $0.hasPrefix("{ agents") ? agents : String($0) }.joined(separator: "\n")
  }

  @Test("verbs are listed, and an unknown verb or kind is told with the near name")
  func verbs() async throws {
    let rope = try await Rope.make()
    let list = try await rope.command(["plan"])
    #expect(list.exit == 0)
    #expect(list.stdout.contains("plan new KIND") && list.stdout.contains("plan convert FILE.md"))
    let verb = try await rope.command(["plan", "nwe"])
    #expect(verb.exit == 2)
    #expect(verb.stderr.contains("did you mean `new`?"))
    let kind = try await rope.command(["plan", "new", "featur"])
    #expect(kind.exit == 2)
    #expect(kind.stderr.contains("did you mean `feature`?"))
  }

  @Test("a new plan of every kind passes the check", arguments: PlanTemplate.Kind.allCases)
  func new(kind: PlanTemplate.Kind) async throws {
    let rope = try await Rope.make()
    for (file, words) in [("plan.json5", []), ("plan.md", ["--markdown"])] {
      let plan = try await rope.command(["plan", "new", kind.rawValue, "--name", "Ours"] + words)
      #expect(plan.exit == 0)
      let path = try rope.space.write(plan.stdout, to: file)
      let check = try await rope.command(["check", path])
      #expect(check.exit == 0, "\(check.stderr)")
    }
  }

  @Test("a Markdown plan is converted, and what it becomes passes the check as it does itself")
  func convert() async throws {
    let rope = try await Rope.make()
    let file = try rope.space.write(Self.markdown, to: "plan.md")
    let converted = try await rope.command(["plan", "convert", file])
    #expect(converted.exit == 0)
    let json = try rope.space.write(converted.stdout, to: "converted.json")
    let checks = [
      try await rope.command(["check", "--json", file]),
      try await rope.command(["check", "--json", json]),
    ]
    #expect(checks[0].stdout == checks[1].stdout)
    #expect(checks[0].stdout.contains(#""order":["1.1-write","2.1-read"]"#))
    let refused = try await rope.command(["plan", "convert", json])
    #expect(refused.exit == 3)
  }

  @Test("a malformed Markdown plan is refused with its line")
  func refused() async throws {
    let rope = try await Rope.make()
    let file = try rope.space.write(
      Self.markdown.replacing("**Verify**", with: "**Verifi**"), to: "plan.md")
    for words in [["check", file], ["run", file], ["plan", "convert", file]] {
      let told = try await rope.command(words)
      #expect(told.exit == 3)
      #expect(
        told.stderr.contains(
          "error: stage 2.1 has the unknown label `Verifi`\n  at: \(file):18\n"))
    }
  }

  @Test("a Markdown plan runs: each stage in a worktree, told all that it says")
  func run() async throws {
    let rope = try await Rope.make()
    let file = try rope.space.write(Self.runnable, to: "plan.md")
    let run = try await rope.run(
      RopePlan(text: Self.runnable), Rope.Options { $0.plan = file })
    #expect(run.exit == 0)
    #expect(run.report.tasks.map(\.id.text) == ["1.1-write", "2.1-read"])
    #expect(run.report.tasks.map(\.state) == [.completed, .completed])
  }
}
