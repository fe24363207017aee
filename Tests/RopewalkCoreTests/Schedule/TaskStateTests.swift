import RopewalkCore
import Testing

@Suite("Task states")
struct TaskStateTests {
  /// Every pair that leads somewhere; all others must lead nowhere.
  private static let table: [(TaskState, TaskState.Transition, TaskState)] = [
    (.pending, .needsEnded, .queued), (.pending, .cancelled, .cancelled),
    (.pending, .skipped, .skipped),
    (.queued, .started, .running), (.queued, .cancelled, .cancelled), (.queued, .skipped, .skipped),
    (.running, .retried, .queued), (.running, .paused, .paused),
    (.running, .completed, .completed), (.running, .failed, .failed),
    (.running, .timedOut, .timedOut), (.running, .cancelled, .cancelled),
    (.paused, .resumed, .running), (.paused, .completed, .completed), (.paused, .failed, .failed),
    (.paused, .cancelled, .cancelled),
    (.failed, .revived, .pending), (.timedOut, .revived, .pending),
    (.cancelled, .revived, .pending), (.skipped, .revived, .pending),
  ]

  @Test(
    "every pair of state and transition does what the table says", arguments: TaskState.allCases)
  func table(state: TaskState) {
    for transition in TaskState.Transition.allCases {
      let expected = Self.table.first { $0.0 == state && $0.1 == transition }?.2
      #expect(state.after(transition) == expected, "\(state) \(transition)")
    }
  }

  @Test("nothing but taking it up again leads out of a final state, and nothing out of success")
  func finality() {
    for state in TaskState.allCases where state.isFinal {
      let ways = TaskState.Transition.allCases.filter { state.after($0) != nil }
      #expect(ways == (state == .completed ? [] : [.revived]))
    }
  }

  @Test("every state can be reached from pending")
  func reachability() {
    var reached: Set<TaskState> = [.pending]
    var fresh = [TaskState.pending]
    while let state = fresh.popLast() {
      for next in TaskState.Transition.allCases.compactMap(state.after)
      where reached.insert(next).inserted {
        fresh.append(next)
      }
    }
    #expect(reached == Set(TaskState.allCases))
  }
}
