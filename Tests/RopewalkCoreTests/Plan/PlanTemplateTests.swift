// Knows that the plans to start from are plans. Unaware of what they say.

import RopewalkCore
import Testing

@Suite struct PlanTemplateTests {
  @Test("every template is a good plan in both forms", arguments: PlanTemplate.Kind.allCases)
  func good(kind: PlanTemplate.Kind) throws {
    let template = PlanTemplate(kind)
    let name = #"A "name" \ of # ours"#
    let plan = try PlanCase.decode(template.json5(name)).get()
    let decoder = PlanDecoder { _ in .failure(PromptFileError("no such file")) }
    let markdown = try decoder.decode(markdown: Array(template.markdown(name).utf8)).get()
    #expect(plan.name == name)
    #expect(markdown.name == name)
    #expect(plan.tasks.count >= 3)
    #expect(markdown.tasks.map(\.needs) == plan.tasks.map(\.needs))
    #expect(markdown.tasks.map(\.verify) == plan.tasks.map(\.verify))
    #expect(markdown.tasks.map(\.agentName) == plan.tasks.map(\.agentName))
  }
}
