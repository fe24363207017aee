// Knows that every recorded run must be read as a careful reader reads it. Unaware of the rules.

import RopewalkCore
import RopewalkWire
import Testing

@Suite("recorded runs of agent CLIs")
struct TranscriptTests {
  @Test("a recorded run is read as a careful reader would", arguments: Transcript.all)
  func outcome(_ run: Transcript) {
    let rules = Reading.rules(run.runner)
    let (_, outcome) = Reading.read(
      run.stdout, rules, end: run.end, stderr: run.stderr, resultFile: run.resultFile)
    let wanted = run.expected
    #expect(outcome.ok == wanted["ok"]?.bool)
    #expect(outcome.cause?.rawValue == wanted["cause"]?.string)
    #expect(outcome.message == wanted["message"]?.string)
    #expect(outcome.text == wanted["text"]?.string)
    #expect(outcome.sessionID == wanted["sessionId"]?.string)
    #expect(outcome.model == wanted["model"]?.string)
    let tokens = wanted["tokens"].flatMap { $0.isNull ? nil : TokenCounts($0) }
    #expect(outcome.tokens == tokens)
    #expect(outcome.cost == wanted["cost"].flatMap(Cost.init))
    #expect(outcome.turns == wanted["turns"]?.int)
    #expect(outcome.denials == wanted["denials"]?.elements.compactMap(\.string))
  }

  @Test("each runner but `command` has recordings, and each recording a runner")
  func everyRunnerIsRecorded() {
    let recorded = Set(Transcript.all.map(\.runner))
    #expect(recorded == Set(RunnerCatalog.builtIn().names).subtracting(["command"]))
    #expect(Transcript.all.count >= 170)
  }

  @Test("one tool use is one call and one result, in that order", arguments: Transcript.all)
  func toolUses(_ run: Transcript) {
    let (events, _) = Reading.read(
      run.stdout, Reading.rules(run.runner), end: run.end, resultFile: run.resultFile)
    var open: Set<String> = []
    var calls: Set<String> = []
    for event in events {
      switch event {
      case .toolCall(let id, _, _):
        #expect(calls.insert(id ?? "").inserted, "two calls of \(id ?? "nothing")")
        open.insert(id ?? "")
      case .toolResult(let id, _):
        #expect(open.remove(id ?? "") != nil, "a result without its call: \(id ?? "nothing")")
      default: break
      }
    }
  }

  @Test("the events of a recorded edit tell of its tools and its answer")
  func editEvents() throws {
    let run = try #require(Transcript.all.first { $0.runner == "codex" && $0.name == "edit-patch" })
    let (events, _) = Reading.read(run.stdout, Reading.rules("codex"))
    #expect(
      events == [
        .working(sessionID: "01a1fbfd-76f9-7a01-9ca7-129b57188013", model: nil),
        .toolCall(
          id: "item_0", name: "command_execution",
          summary: #"/bin/bash -lc "sed -i 's/a - b/a + b/' app.py""#),
        .toolResult(id: "item_0", ok: true),
        .toolCall(id: "item_1", name: "file_change", summary: "/repo/notes/done.txt"),
        .toolResult(id: "item_1", ok: true),
        .message("Fixed add() and left a note."),
        .usage(
          AttemptResult.Usage(
            tokens: TokenCounts(input: 3600, output: 1020, cacheRead: 0, cacheWrite: 0),
            cost: .unknown)),
      ])
  }
}
