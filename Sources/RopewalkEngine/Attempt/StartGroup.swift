// Knows which attempts of one strategy begin together, and holds back those that are ready before the others.
// Unaware of what makes them ready.

import Synchronization

/// Members of a strategy that get their slots at the same time: none starts before all are ready.
///
/// Where each waits for its own checkout the first would have a head start by as long as the others' take. It costs
/// nothing, since such a strategy ends with its last member.
package final class StartGroup: Sendable {
  private struct State {
    var missing: Int
    var ready: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  /// - Parameter count: how many members there will be.
  package init(count: Int) { state = Mutex(State(missing: count)) }

  package func member() -> Member { Member(group: self) }

  /// One attempt of the group. It has to arrive or to leave, or the others wait for ever.
  package final class Member: Sendable {
    private let group: StartGroup
    private let isCounted = Mutex(false)

    fileprivate init(group: StartGroup) { self.group = group }

    /// Says that this one is ready, and returns once all of the others are, or have left.
    package func arrive() async {
      guard isFirst() else { return }
      await group.arrive()
    }

    /// Says that this one will not come, or has been here; nobody waits for it.
    package func leave() {
      if isFirst() { group.count(nil) }
    }

    private func isFirst() -> Bool {
      isCounted.withLock { isCounted in
        defer { isCounted = true }
        return !isCounted
      }
    }
  }

  private func arrive() async {
    await withCheckedContinuation { count($0) }
  }

  private func count(_ member: CheckedContinuation<Void, Never>?) {
    let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.missing -= 1
      if let member { state.ready.append(member) }
      guard state.missing <= 0 else { return [] }
      defer { state.ready = [] }
      return state.ready
    }
    for member in ready { member.resume() }
  }
}
