// Knows the plainest way to do a task. Unaware of everything else.

/// One member does the task. Events: none of its own.
struct SingleStrategy: StrategyMachine {
  let member: StrategyMember
  let label: String

  mutating func begin() -> [StrategyMove] {
    [
      .ask(
        StrategyRequest(
          key: 0, doer: .member(member), label: label, role: .work, verifies: true))
    ]
  }

  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove] {
    guard let cause = result.cause else {
      let parts = result.commit.map { [Step.Part(label: label, commit: $0)] } ?? []
      return [.finish(StrategyEnd(text: result.text, parts: parts, repairer: member))]
    }
    return [.finish(.failed(cause, result.message ?? cause.rawValue))]
  }
}
