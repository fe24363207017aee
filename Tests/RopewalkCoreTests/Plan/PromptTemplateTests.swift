// Knows what a prompt renders to. Unaware of plans.

import Testing

@testable import RopewalkCore

@Suite struct PromptTemplateTests {
  private func value(_ name: PromptTemplate.Name) -> String {
    switch name {
    case .taskID: "api"
    case .needOutput(let id): "<\(id)>"
    case .needBranch(let id): "branch/\(id)"
    case .variable(let name): "$\(name)"
    case .worktree: "/w"
    case .item: "an item"
    case .run: "r1"
    }
  }

  private func render(_ source: String) -> String {
    PromptTemplate.parse(source).template.render(value)
  }

  @Test(
    "names are replaced by their values and all else is left as it is",
    arguments: [
      ("plain { text } }}", "plain { text } }}"), ("{{task.id}}", "api"),
      ("a {{ run }}, {{worktree}}!", "a r1, /w!"),
      ("{{needs.a.b-c.output}}|{{needs.x.branch}}", "<a.b-c>|branch/x"),
      ("{{vars.a.b}}", "$a.b"), ("{{{{task.id}} and {{task.id}}", "{{task.id}} and api"),
      ("é{{run}}🙂\u{301}", "ér1🙂\u{301}"), ("{{run}}\u{301}", "r1\u{301}"), ("", ""),
      ("{", "{"), ("{{{{", "{{"),
    ])
  func rendering(source: String, expected: String) {
    #expect(PromptTemplate.parse(source).problems.isEmpty)
    #expect(render(source).unicodeScalars.elementsEqual(expected.unicodeScalars))
  }

  @Test("fault 98: a value that looks like a template or a flag is put in once, as it is")
  func valuesAreNotTemplates() {
    let (template, _) = PromptTemplate.parse("{{needs.a.output}}{{vars.x}}")
    let text = template.render { name in
      name == .variable("x") ? "{{{{ -rf" : "{{task.id}} {{vars.x}} {{"
    }
    #expect(text == "{{task.id}} {{vars.x}} {{{{{{ -rf")
  }

  @Test(
    "what is no name is told with the byte of its first brace",
    arguments: [
      ("ä {{nope}}", .unknownName("nope"), 3), ("{{}}", .unknownName(""), 0),
      ("{{vars.}}", .unknownName("vars."), 0),
      ("{{needs.a.text}}", .unknownName("needs.a.text"), 0),
      ("{{needs..output}}", .unknownName("needs..output"), 0),
      ("{{TASK.ID}}", .unknownName("TASK.ID"), 0), ("{{{run}}}", .unknownName("{run"), 0),
      ("x {{run", .unclosed, 2), ("{{{{{{", .unclosed, 4),
    ] as [(String, PromptTemplate.Problem.Kind, Int)])
  func problems(source: String, kind: PromptTemplate.Problem.Kind, offset: Int) {
    let problems = PromptTemplate.parse(source).problems
    #expect(problems == [PromptTemplate.Problem(kind: kind, offset: offset)])
  }

  @Test("all problems of a prompt are told at once")
  func allProblems() {
    #expect(PromptTemplate.parse("{{a}} {{b}} {{run}} {{").problems.map(\.offset) == [0, 6, 20])
  }

  @Test(
    "any text can be made a prompt that renders to itself",
    arguments: ["", "x", "{{task.id}}", "{{{", "{{{{", "{{{{{", "a{{b{{c}}", "{\u{301}{"])
  func literal(text: String) {
    let rendered = PromptTemplate(literal: text).render(value)
    #expect(rendered.unicodeScalars.elementsEqual(text.unicodeScalars))
  }

  @Test("a prompt knows the names that it uses")
  func names() throws {
    let need = try #require(TaskID("a"))
    let names = PromptTemplate.parse("{{run}} {{needs.a.output}} {{run}}").template.names
    #expect(names == [.run, .needOutput(need)])
  }
}
