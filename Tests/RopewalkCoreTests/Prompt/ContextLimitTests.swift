// Knows how prompts are made to fit. Unaware of how they are composed.

import Testing

@testable import RopewalkCore

@Suite struct ContextLimitTests {
  private func lines(_ word: String, _ count: Int) -> String {
    (1...count).map { "\(word) \($0)\n" }.joined()
  }

  private func parts() -> PromptParts {
    var parts = PromptParts(task: "Serve the table.", expectation: .either)
    parts.project = PromptParts.Quote("AGENTS.md", lines("rule", 100))
    parts.files = [
      PromptParts.Quote("short.md", lines("short", 100)),
      PromptParts.Quote("long.md", lines("long", 1000)),
    ]
    parts.needs = [PromptParts.Quote("schema", lines("column", 3000))]
    return parts
  }

  @Test("a prompt within its limit is left as it is")
  func fits() {
    let whole = PromptComposer.compose(parts())
    let limit = ContextLimit(tokens: ContextLimit.tokens(in: whole))
    #expect(PromptComposer.fit(parts(), limit) == .fits(whole))
  }

  @Test("the project is cut first, and nothing more than that when it is enough")
  func first() throws {
    let whole = ContextLimit.tokens(in: PromptComposer.compose(parts()))
    guard
      case .cut(let text, let notes) = PromptComposer.fit(
        parts(), ContextLimit(tokens: whole - 100))
    else { throw Unexpected() }
    #expect(notes == ["the project's `AGENTS.md` was cut from about 198 to 91 tokens"])
    #expect(text.contains("rule 1\n") && text.contains("rule 100\n"))
    #expect(text.contains(" lines left out …]\n"))
    #expect(text.contains(lines("long", 1000)))
  }

  @Test("then files and answers are, the longest of each first, and the task's words never")
  func order() throws {
    guard case .cut(let text, let notes) = PromptComposer.fit(parts(), ContextLimit(tokens: 3000))
    else { throw Unexpected() }
    #expect(ContextLimit.tokens(in: text) <= 3000)
    #expect(text.hasPrefix("Serve the table.\n"))
    #expect(
      notes.map { $0.prefix { $0 != "w" } } == [
        "the project's `AGENTS.md` ", "the file `long.md` ", "the file `short.md` ",
        "the output of `schema` ",
      ])
    #expect(notes.last?.hasSuffix("tokens") == true && notes.last?.contains(" 8,724 to ") == true)
    #expect(text.contains("[… 1,000 lines left out …]"))
    #expect(text.contains("column 3000\n") && text.contains("column 1\n"))
  }

  @Test(
    "every limit is kept, or the prompt is refused",
    arguments: Array(stride(from: 10, to: 14_000, by: 487)))
  func everyLimit(tokens: Int) {
    switch PromptComposer.fit(parts(), ContextLimit(tokens: tokens)) {
    case .fits(let text), .cut(let text, _): #expect(ContextLimit.tokens(in: text) <= tokens)
    case .tooLong: #expect(tokens < 200)
    case .needsSummary: Issue.record("nobody is there to summarise")
    }
  }

  @Test("the task's own words alone may be too long, which is said with both figures")
  func tooLong() {
    let parts = PromptParts(task: String(repeating: "word ", count: 10_000), expectation: .either)
    #expect(
      PromptComposer.fit(parts, ContextLimit(tokens: 1000))
        == .tooLong(
          "the task's own words and what must stand beside them take about 12,500 tokens, more than "
            + "the limit of 1,000"))
  }

  @Test("a plan may rather fail, or have an agent summarise what would be cut")
  func otherwise() throws {
    let limit = ContextLimit(tokens: 11_000, over: .fail)
    guard case .tooLong(let reason) = PromptComposer.fit(parts(), limit) else { throw Unexpected() }
    #expect(reason.hasPrefix("the prompt takes about 1"))
    let summaries = PromptComposer.fit(
      parts(), ContextLimit(tokens: 10_000, over: .summarise(by: "clerk")))
    guard case .needsSummary(let wanted) = summaries else { throw Unexpected() }
    #expect(wanted.map(\.place).prefix(2) == [.project, .file(1)])
    #expect(wanted.allSatisfy { $0.tokens >= 250 })
  }

  @Test(
    "a cut text is no longer than asked, and cut between characters",
    arguments: [
      String(repeating: "é🙂", count: 500), String(repeating: "a", count: 3000),
      String(repeating: "line\r\n", count: 500), "\n" + String(repeating: "b", count: 2000),
      String(repeating: "\n", count: 2000),
    ])
  func middle(text: String) {
    for bytes in stride(from: 60, to: text.utf8.count, by: 7) {
      let cut = MiddleCut.cut(text, to: bytes)
      #expect(cut.utf8.count <= bytes)
      #expect(cut.contains("left out …]"))
      #expect(!cut.contains("\u{FFFD}"))
    }
    #expect(MiddleCut.cut(text, to: -5).hasPrefix("[… "))
    #expect(MiddleCut.cut(text, to: text.utf8.count) == text)
  }

  private struct Unexpected: Error {}
}
