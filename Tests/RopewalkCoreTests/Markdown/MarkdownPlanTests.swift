// Knows what Markdown plans become and how they are refused. Unaware of files.

import Foundation
import RopewalkCore
import Testing

@Suite struct MarkdownPlanTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/plans")

  private func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Self.folder.appending(path: name)))
  }

  private static let head = """
    # Plan
    ```json5
    { agents: { dev: { runner: "claude" }, critic: { runner: "codex" } },
      defaults: { agent: "dev" } }
    ```
    ## Phase 1: One

    """

  private func decode(_ text: String) -> Result<Plan, PlanErrors> {
    PlanDecoder { _ in .failure(PromptFileError("no such file")) }
      .decode(markdown: Array(text.utf8))
  }

  /// What is said of a plan, as "LINE: MESSAGE | HINT".
  private func refusals(_ text: String) -> [String] {
    CheckReport(decode(text)).errors.map { error in
      "\(error.line ?? 0): \(error.message)" + (error.hint.map { " | \($0)" } ?? "")
    }
  }

  @Test("a plan with everything in it becomes the JSON beside it")
  func whole() throws {
    let markdown = try bytes("sign-in.md")
    let expected = String(decoding: try bytes("sign-in.json"), as: UTF8.self)
    #expect(try MarkdownPlan(markdown).planText() == expected)
  }

  @Test("the JSON of a Markdown plan decodes to the plan that the Markdown does")
  func oneDecoder() throws {
    let markdown = try bytes("sign-in.md")
    let text = try MarkdownPlan(markdown).planText()
    let plan = try decode(String(decoding: markdown, as: UTF8.self)).get()
    #expect(try PlanCase.decode(text).get() == plan)
    #expect(
      plan.tasks.map { "\($0.id): \($0.needs)" } == [
        "1.1-users-table: []", "1.2-password-hashing: []", "2.1-sign-in-route: [0, 1]",
        "2.2-caf-page: []", "3.1-notes: [0, 1, 2]", "3.2-everything: [0, 1, 3]",
      ])
    #expect(plan.tasks[1].agentName == "critic")
    #expect(plan.tasks[3].agentName == nil && plan.tasks[3].runnerName == "opencode")
  }

  @Test("line ends of Windows and a byte order mark change nothing")
  func lineEnds() throws {
    let markdown = try bytes("sign-in.md")
    var windows: [UInt8] = [0xEF, 0xBB, 0xBF]
    for byte in markdown { windows += byte == 10 ? [13, 10] : [byte] }
    #expect(try MarkdownPlan(windows).planText() == MarkdownPlan(markdown).planText())
  }

  private static let refusedPlans: [(text: String, refusal: String)] = [
    (
      "# Plan\n## Phase 2: A\n### Stage 2.1: B\n**Objective**: C\n**Agent**: claude\n"
        + "## Phase 1: D\n### Stage 1.1: E\n**Objective**: F\n**Agent**: claude",
      "6: phase 1 stands after phase 2"
    ),
    (
      "# Plan\n## Phase 1: A\n### Stage 1.1: B\n**Objective**: C\n**Agent**: claude\n# More",
      "6: the plan has a second title, `More`"
    ),
    ("", "0: the plan is empty"),
    ("# Plan\nText.", "1: the plan has no phases"),
    (
      "## Phase 1: A\n### Stage 1.1: B\n**Objective**: C\n**Agent**: claude",
      "1: the plan has no title"
    ),
    ("# Plan\n### Stage 1.1: A\n**Objective**: B", "2: stage 1.1 is outside of a phase"),
    (
      "# Plan\n```json5\n{ agents: {\n  dev: { runner: 'claude', modle: 'x' } } }\n```\n## Phase 1: A\n### Stage 1.1: B\n**Objective**: C",
      "4: an agent has no key `modle`"
    ),
    (
      "# Plan\n```json5\n{ agents:\n  ] }\n```\n## Phase 1: A\n### Stage 1.1: B\n**Objective**: C",
      "4: the plan's keys are not JSON5: "
    ),
    (
      "# Plan\n```json5\n{\n tasks: [] }\n```\n## Phase 1: A\n### Stage 1.1: B\n**Objective**: C",
      "4: the block of `json5` has the key `tasks`"
    ),
    (
      "# Plan\n## Phse 1: A\n### Stage 1.1: B\n**Objective**: C",
      "2: `Phse 1: A` is no heading of a phase"
    ),
  ]

  /// What stands below the head of a good plan.
  private static let refusedStages: [(text: String, refusal: String)] = [
    ("", "6: phase 1 has no stages"),
    ("### Stage 1.1: A\n", "7: stage 1.1 has no objective"),
    ("### Stage 1.1: A\n**Objective**:\n", "8: stage 1.1 has no objective"),
    ("### Stage 1: A\n", "7: the stage `Stage 1: A` has no number such as `1.2`"),
    ("### Step 1.1: A\n", "7: `Step 1.1: A` is no heading of a stage"),
    ("### Stage 2.1: A\n**Objective**: B", "7: stage 2.1 stands in phase 1"),
    (
      "### Stage 1.1: A\n**Objective**: B\n### Stage 1.1: C\n**Objective**: D",
      "9: stage 1.1 is there twice, first in line 7"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n## Phase 1: C\n### Stage 1.2: D\n**Objective**: E",
      "9: phase 1 is there twice, first in line 6"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n**Objektive**: C",
      "9: stage 1.1 has the unknown label `Objektive`"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n**Objective**: C",
      "9: stage 1.1 has `Objective` twice, first in line 8"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n```sh\n### Stage 1.2: C",
      "9: the fenced code that begins here is not closed"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n<!-- C\n",
      "9: the comment that begins here is not closed"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n**Depends on**: 1.7",
      "9: stage 1.1 depends on `1.7`, which the plan does not have"
    ),
    ("### Stage 1.1: A\n**Objective**: B\n**Depends on**: 1.1", "9: task `1.1-a` needs itself"),
    (
      "### Stage 1.1: A\n**Objective**: B\n**Depends on**: 1.2\n### Stage 1.2: B\n**Objective**: B\n**Depends on**: 1.1\n",
      "9: tasks wait for each other: `1.1-a -> 1.2-b -> 1.1-a`"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n\n**Agent**: critik",
      "10: task `1.1-a` names the agent `critik`, which the plan does not define"
    ),
    (
      "### Stage 1.1: A\n**Objective**: B\n**Verify**: run `make`",
      "9: stage 1.1 has words beside a command to verify: `run `make``"
    ),
    (
      "### Stage 1.1: A\n**Objective**: Use {{nedes}}",
      "7: the prompt of task `1.1-a` uses `{{nedes}}`, which stands for nothing"
    ),
  ]

  @Test("a malformed plan is refused with its line", arguments: refusedPlans)
  func malformed(text: String, refusal: String) {
    let told = refusals(text)
    #expect(told.count == 1)
    #expect(told.first?.hasPrefix(refusal) == true, "\(told)")
  }

  @Test("a malformed stage is refused with its line", arguments: refusedStages)
  func malformedStage(text: String, refusal: String) {
    malformed(text: Self.head + text, refusal: refusal)
  }

  @Test("everything that is wrong is told at once, in the order of the text")
  func allAtOnce() {
    let text =
      Self.head
        + """
        ### Stage 1.1: A
        **Depends on**: Setup
        **Verifi**: make
        ### Stage 1.2: Set-up
        **Objective**: B
        **Agent**: drv
        """
    #expect(
      refusals(text) == [
        "7: stage 1.1 has no objective | add a line `**Objective**: …`",
        "8: stage 1.1 depends on `Setup`, which the plan does not have | did you mean `Set-up`? "
          + "The stages are: A, Set-up",
        "9: stage 1.1 has the unknown label `Verifi` | did you mean `Verify`? The labels are: "
          + "Objective, Key Activities, Deliverables, Validation Criteria, Technical Implementation, "
          + "Depends on, Agent, Verify",
        "12: task `1.2-set-up` names the agent `drv`, which the plan does not define | "
          + "did you mean `dev`? The plan defines: dev, critic",
      ])
  }

  @Test(
    "stages are named in many ways",
    arguments: [
      ("none", []), ("1.1", [0]), ("Stage 1.1", [0]), ("`1.1`, 1.2.", [0, 1]),
      ("1.1 and 1.2", [0, 1]), ("first", [0]), ("Stage 1.1: First", [0]),
      ("Salt, pepper and oil; 1.1", [1, 0]), ("Phase 1", [0, 1]), ("1.1 (the first one)", [0]),
      ("- 1.2\n- Stage 1.1\n- 1.2", [1, 0]),
    ])
  func dependencies(text: String, needs: [Int]) throws {
    let plan = try decode(
      Self.head
        + """
        ### Stage 1.1: First
        **Objective**: A
        ### Stage 1.2: Salt, pepper and oil
        **Objective**: B
        ## Phase 2: Two
        ### Stage 2.1: C
        **Objective**: C
        **Depends on**:
        \(text)
        """
    ).get()
    #expect(plan.tasks[2].needs == needs)
  }

  @Test("bold words within a list are part of it, unless the labels themselves are items")
  func boldItems() throws {
    let plan = try decode(
      Self.head
        + """
        ### Stage 1.1: A
        **Objective**: Build it.
        **Key Activities**:
        - **Agent**: add the class.
        - **Tests:** cover it.
        ### Stage 1.2: B
        - **Objective**: Build it.
        - **Key Activities**:
          - **Verify**: look twice.
        - **Agent**: critic
        """
    ).get()
    #expect(plan.tasks.map(\.agentName) == ["dev", "critic"])
    #expect(
      plan.tasks[0].prompt.source.hasSuffix("- **Agent**: add the class.\n- **Tests:** cover it."))
    #expect(plan.tasks[1].prompt.source.hasSuffix("  - **Verify**: look twice."))
    #expect(plan.tasks[1].verify.isEmpty)
  }

  @Test("no text brings the reader down, whichever lines it has and wherever it ends")
  func anyText() throws {
    let lines = String(decoding: try bytes("sign-in.md"), as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    for count in 0..<lines.count {
      _ = refusals(lines.prefix(count).joined(separator: "\n"))
      _ = refusals(lines.dropFirst(count).joined(separator: "\n"))
      _ = refusals((lines[..<count] + lines[(count + 1)...]).joined(separator: "\n"))
    }
  }
}
