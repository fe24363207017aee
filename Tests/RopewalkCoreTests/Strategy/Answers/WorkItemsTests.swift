import Testing

@testable import RopewalkCore

@Suite("Work items")
struct WorkItemsTests {
  @Test(
    "a list of texts or objects is read",
    arguments: [
      (#"["a", "b"]"#, [WorkItem(prompt: "a"), WorkItem(prompt: "b")]),
      (
        #"[{"title": "T", "prompt": "p", "capabilities": ["swift"], "effort": 3}]"#,
        [WorkItem(title: "T", prompt: "p", capabilities: ["swift"])]
      ),
      ("Two parts [1]:\n```json\n[\"a\"]\n```\nsee [2] and [\"b\"]", [WorkItem(prompt: "a")]),
      ("[\"a\"]\nas said in [1]", [WorkItem(prompt: "a")]),
      (#"["do [\"x\"] first"]"#, [WorkItem(prompt: #"do ["x"] first"#)]),
    ])
  func read(text: String, expected: [WorkItem]) throws {
    #expect(try WorkItems.read(text, max: 2) == expected)
  }

  @Test(
    "a list with a mistake is refused as a whole, and each mistake is told",
    arguments: [
      ("no list", ["the answer holds no JSON list of work items"]),
      ("[]", ["there are no work items"]),
      (#"["a", "b", "c", "d"]"#, ["there are 4 work items, and at most 3 are allowed"]),
      (
        #"["a", " ", {"prompt": ""}]"#,
        ["item 2 has an empty prompt", "item 3 has an empty prompt"]
      ),
      (#"["a", "b", " a\n"]"#, ["item 3 is the same as item 1"]),
      (
        #"["a", 7, {"title": "t"}]"#,
        ["item 2 is a number, neither a string nor an object", "item 3 has no `prompt`"]
      ),
      (#"[{"prompt": ["a"]}]"#, ["item 1 has a list for a prompt"]),
      (#"["a\u0000b"]"#, ["item 1 holds a NUL character"]),
      (
        #"[{"prompt": "a", "capabilities": ["x", 1]}]"#,
        ["item 1 has `capabilities` that are no list of names"]
      ),
      (
        #"[{"prompt": "a", "capabilities": "x"}]"#,
        ["item 1 has `capabilities` that are no list of names"]
      ),
    ])
  func refused(text: String, reasons: [String]) {
    #expect(throws: WorkItems.Refusal(reasons: reasons)) { try WorkItems.read(text, max: 3) }
  }

  @Test("every line that is not blank is an item")
  func lines() throws {
    #expect(
      try WorkItems.lines("a\n\n  b \r\n", max: 2) == [
        WorkItem(prompt: "a"), WorkItem(prompt: "b"),
      ])
    #expect(throws: WorkItems.Refusal(reasons: ["there are no work items"])) {
      try WorkItems.lines(" \n", max: 2)
    }
    #expect(throws: WorkItems.Refusal(reasons: ["item 2 is the same as item 1"])) {
      try WorkItems.lines("a\na", max: 2)
    }
  }
}
