import RopewalkCore
import RopewalkWire
import Testing

@Suite("Filters of events")
struct EventFilterTests {
  private func event(
    _ payload: RunEvent.Payload, task: String? = nil, agent: String? = nil
  ) throws -> RunEvent {
    RunEvent(
      seq: 1, time: Timestamp(milliseconds: 0), run: try #require(RunID("r1")),
      subject: RunEvent.Subject(task: task.flatMap(TaskID.init), agent: agent), payload: payload)
  }

  @Test("an event passes by its kind, its task and its agent, where these are asked for")
  func accepts() throws {
    let queued = try event(.taskQueued, task: "a", agent: "dev")
    #expect(EventFilter.all.accepts(queued))
    #expect(EventFilter(kinds: ["taskQueued"]).accepts(queued))
    #expect(!EventFilter(kinds: ["taskStarted"]).accepts(queued))
    #expect(EventFilter(tasks: [try #require(TaskID("a"))], agents: ["dev"]).accepts(queued))
    #expect(!EventFilter(tasks: [try #require(TaskID("b"))]).accepts(queued))
    #expect(!EventFilter(agents: ["rev"]).accepts(queued))
    #expect(!EventFilter(agents: ["dev"]).accepts(try event(.taskQueued, task: "a")))
  }

  @Test("the end of the run passes every filter")
  func end() throws {
    let end = try event(.runFinished(.completed, seconds: 1, status: .null))
    #expect(EventFilter(kinds: [], tasks: [], agents: []).accepts(end))
  }
}
