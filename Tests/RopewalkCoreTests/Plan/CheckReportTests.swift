// Knows the JSON and the text that a check gives. Unaware of the command that asks for it.

import RopewalkCore
import Testing

@Suite struct CheckReportTests {
  @Test("a good plan is told by its order, width and critical path")
  func good() {
    let report = CheckReport(
      PlanCase.decode(
        PlanCase.tasks(
          """
          { id: 'schema', prompt: 'x' }, { id: 'api', prompt: 'x', needs: ['schema'] },
          { id: 'ui', prompt: 'x', needs: ['schema'], priority: 10 }
          """)))
    #expect(report.isOK)
    #expect(report.errorText(file: "p.json") == nil)
    #expect(
      report.json.text
        == #"{"ok":true,"errors":[],"order":["schema","ui","api"],"width":2,"criticalPath":["schema","api"]}"#
    )
  }

  @Test("a bad plan is told by its errors, and what is not known of it is null")
  func bad() {
    let report = CheckReport(PlanCase.decode("{\n  tasks: [] }"))
    #expect(!report.isOK)
    #expect(
      report.json.text
        == #"{"ok":false,"errors":[{"path":"tasks","line":2,"column":10,"message":"the plan has no tasks","hint":"list at least one, as in tasks: [{ id: \"hello\", prompt: \"…\" }]"}],"order":null,"width":null,"criticalPath":null}"#
    )
  }

  @Test("an error that has no place in the text says so by null")
  func placeless() {
    let error = PlanError(message: "the plan is empty")
    #expect(
      error.json.text
        == #"{"path":null,"line":null,"column":null,"message":"the plan is empty","hint":null}"#)
    #expect(error.text(file: "p.json5") == "error: the plan is empty\n  at: p.json5")
  }

  @Test("columns count characters and paths quote the names that need it")
  func places() {
    let report = CheckReport(
      PlanCase.decode(
        "{ vars: { 'ä b': 'x', \"é\": 3 }, tasks: [{ id: 'a', prompt: 'x', runner: 'r' }] }"))
    #expect(report.errors.map(\.path) == ["vars[\"ä b\"]", "vars.é", "vars.é"])
    #expect(report.errors.map(\.column) == [12, 24, 28])
  }
}
