// Knows how a `context` is written in a plan. Unaware of what becomes of it.

import RopewalkWire
import Testing

@testable import RopewalkCore

@Suite struct TaskContextTests {
  private func read(_ text: String) -> Result<TaskContext?, PlanErrors> {
    StrictReader.read(Array(text.utf8), "the context") { $0.taskContext($1) }
  }

  @Test(
    "a context is read, and what is written of it reads the same",
    arguments: [
      ("{}", TaskContext()),
      (
        "{ project: false, needs: true, files: ['docs/api.md'], limit: '100k', over: 'fail' }",
        TaskContext(
          project: false, needs: true, files: ["docs/api.md"], limit: 100_000, over: .fail)
      ),
      ("{ limit: 5000, over: 'cut' }", TaskContext(limit: 5000, over: .cut)),
      (
        "{ limit: '2M', over: { summarise: 'clerk' } }",
        TaskContext(limit: 2_000_000, over: .summarise(by: "clerk"))
      ),
    ])
  func good(text: String, context: TaskContext) throws {
    #expect(try read(text).get() == context)
    guard let json = context.json else { return }
    #expect(try read(json.text).get() == context)
  }

  @Test(
    "a context that cannot be meant is refused",
    arguments: [
      ("[]", "the context must be an object, not a list"),
      ("{ projekt: true }", "`context` has no key `projekt`"),
      ("{ project: 1 }", "`project` must be true or false, not a number"),
      ("{ files: ['../x'] }", "the file `../x` is outside of the worktree"),
      ("{ files: ['/etc/passwd'] }", "the file `/etc/passwd` is outside of the worktree"),
      ("{ limit: 0 }", "`limit` must be a whole number from 100 to 100000000, not 0"),
      ("{ limit: '1g' }", "`limit` is `1g`, which is no number of tokens"),
      ("{ limit: '999999999M' }", "`limit` is `999999999M`, which is no number of tokens"),
      ("{ over: 'shorten' }", "`over` cannot be `shorten`"),
      ("{ over: {} }", "`over` names no agent"),
      ("{ over: 3 }", "`over` must be \"cut\", \"fail\" or { summarise: \"AGENT\" }, not a number"),
    ])
  func bad(text: String, message: String) {
    guard case .failure(let errors) = read(text) else {
      Issue.record("accepted")
      return
    }
    #expect(errors.errors.map(\.message) == [message])
  }

  @Test("what a task leaves out is as in the defaults, and then as usual")
  func defaults() {
    let defaults = TaskContext(project: false, limit: 1000, over: .fail)
    let context = TaskContext(needs: true, limit: 5000).filled(from: defaults)
    #expect(context == TaskContext(project: false, needs: true, limit: 5000, over: .fail))
    #expect(context.contextLimit == ContextLimit(tokens: 5000, over: .fail))
    #expect(TaskContext().tellsProject && !TaskContext().tellsNeeds)
    #expect(TaskContext().contextLimit == nil)
    #expect(TaskContext(over: .summarise(by: "clerk")).summariser == "clerk")
  }
}
