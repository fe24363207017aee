import RopewalkCore
import RopewalkWire
import Testing

@Suite("Lines of the journal")
struct JournalLineTests {
  static let events: [RunEvent.Payload] = {
    var result = AttemptResult(failed: .exitCode, "exit code 7")
    result.text = "so far \"quoted\"\n\u{1b}[2J"
    result.usage = AttemptResult.Usage(
      tokens: TokenCounts(input: 1, output: 2, cacheRead: 3, cacheWrite: nil),
      cost: Cost(usd: 0.0125, source: .reported))
    result.agentUsage = AttemptResult.Usage(
      tokens: nil, cost: Cost(usd: 0.5, source: .priced).adding(.unknown))
    result.commit = ObjectID(String(repeating: "a", count: 40))
    result.notes = ["odd"]
    result.seconds = 1.5
    result.retryAfter = .seconds(30)
    return [
      .runStarted(
        RunStart(
          plan: "p", planFile: "p.json", base: ObjectID(String(repeating: "b", count: 64)),
          version: "0.1.0", concurrency: 3, pid: 7,
          tasks: [
            RunStart.Task(
              id: TaskID("a")!, needs: [TaskID("b")!], agent: "dev", runner: "claude")
          ])),
      .taskQueued, .taskStarted,
      .attemptStarted(
        AttemptStart(
          folder: "attempts/a/1", worktree: "/w", start: nil, program: "/bin/x", isRepair: true)),
      .agent(.message("hello")), .agent(.toolCall(id: "1", name: "Bash", summary: "ls")),
      .verificationFinished(
        Verification(
          command: "make", passed: false, tree: nil, message: "exit code 2", tail: "no",
          seconds: 0.5)),
      .attemptFinished(result), .attemptRetried(afterSeconds: 10.5),
      .rateLimited(retryAfterSeconds: nil, until: nil),
      .rateLimited(retryAfterSeconds: 90, until: Timestamp(milliseconds: 1_795_233_690_123)),
      .waiting(Waiting(.memory, "little is left")),
      .waiting(Waiting(.limited, "all agents are limited", until: Timestamp(milliseconds: 7))),
      .cancelled(.interrupted),
      .paused(drain: false), .paused(drain: true), .resumed, .priorityChanged(-3),
      .taskFinished(TaskEnd(.failed)),
      .taskFinished(TaskEnd(.skipped, because: "its need failed")),
      .taskFinished(TaskEnd(.completed, because: "`a` failed", cause: .undecided, isPartial: true)),
      .errorOccurred("disk"), .runFinished(.failed, seconds: 2, status: ["run": "r"]),
    ]
  }()

  private func event(_ payload: RunEvent.Payload, seq: Int = 7) -> RunEvent {
    RunEvent(
      seq: seq, time: Timestamp(milliseconds: 1_795_233_600_123), run: RunID("r1")!,
      subject: RunEvent.Subject(task: TaskID("a"), attempt: 2, agent: "dev", runner: "claude"),
      payload: payload)
  }

  @Test("every event is read back as it was written", arguments: events.indices)
  func roundTrip(index: Int) throws {
    let written = event(Self.events[index])
    let line = JournalLine.encode(written)
    #expect(line.last == UInt8(ascii: "\n"))
    #expect(line.dropLast().allSatisfy { $0 != UInt8(ascii: "\n") })
    let read = try JournalLine.decode(line.dropLast())
    #expect(read.json.text == written.json.text)
    #expect(read.subject == written.subject)
  }

  @Test("fault 47: no flipped byte of a line goes unseen")
  func flips() {
    let line = Array(JournalLine.encode(event(Self.events[7])).dropLast())
    for index in line.indices {
      var damaged = line
      damaged[index] ^= 0x04
      #expect(throws: JournalLine.Damage.self) { try JournalLine.decode(damaged[...]) }
    }
  }

  @Test("fault 46: no beginning of a line is taken for the line")
  func cuts() {
    let line = Array(JournalLine.encode(event(Self.events[0])).dropLast())
    for length in 0..<line.count {
      #expect(throws: JournalLine.Damage.self) { try JournalLine.decode(line.prefix(length)) }
    }
  }

  @Test("the report is the same whether it is folded from events or from their lines")
  func fold() throws {
    var direct = RunReport()
    var read = RunReport()
    for (index, payload) in Self.events.enumerated() {
      let event = event(payload, seq: index + 1)
      direct.apply(event)
      read.apply(try JournalLine.decode(JournalLine.encode(event).dropLast()))
    }
    #expect(direct.json.text == read.json.text)
    #expect(direct[TaskID("a")!]?.attempts == 2)
  }
}
