// Knows what an agent's output can do to its reader, and that none of it passes for success.
// Unaware of processes: the lines are given, not printed.

import RopewalkCore
import RopewalkWire
import Testing

@Suite("faults in what an agent prints")
struct OutputFaultTests {
  private static let start = #"{"type":"step_start","sessionID":"s1","part":{}}"#
  private static let said = #"{"type":"text","sessionID":"s1","part":{"text":"Done."}}"#
  private static let finish =
    #"{"type":"step_finish","sessionID":"s1","part":{"reason":"stop","cost":0.5,"tokens":{"input":7,"output":3}}}"#
  private static let good = [start, said, finish].joined(separator: "\n") + "\n"

  private func steps(_ finishes: String...) -> AgentOutcome {
    let lines = [Self.start, Self.said] + finishes
    return Reading.read(lines.joined(separator: "\n") + "\n", as: "opencode-run").outcome
  }

  private func finish(_ rest: String) -> String {
    #"{"type":"step_finish","sessionID":"s1","part":{"reason":"stop",\#(rest)}}"#
  }

  private func codexTurn(_ usage: String) -> String {
    #"{"type":"turn.completed","usage":{\#(usage)}}"# + "\n"
  }

  @Test("the stream that the faults below are made from succeeds")
  func good() {
    let (_, outcome) = Reading.read(Self.good, as: "opencode-run")
    #expect(outcome.ok)
    #expect(outcome.text == "Done.")
    #expect(outcome.tokens == TokenCounts(input: 7, output: 3))
    #expect(outcome.cost == Cost(usd: 0.5, source: .reported))
  }

  @Test(
    "fault 20: a line that is no event is one unknown event, and reading goes on",
    arguments: [
      "npm warn deprecated inflight@1.0.6", "<!DOCTYPE html><title>Sign in</title>", "42", "null",
      "\"text\"", "[]", "[1,2]", "{", "}", "{]", "{\"type\":}", "-", "\u{1B}[2J", "tru",
    ])
  func noise(_ noise: String) {
    let (events, outcome) = Reading.read(
      noise + "\n" + Self.good, as: "opencode-run")
    let unknown = events.filter { $0.kind == "agentUnknown" }
    #expect(unknown.count == 1)
    #expect(unknown.first?.members.contains { $0.0 == "text" } == true)
    #expect(outcome.ok)
    #expect(!Reading.read(noise + "\n", as: "opencode-run").outcome.ok)
  }

  @Test("fault 20: a page instead of events is no success, whatever the exit status says")
  func onlyNoise() {
    for runner in ["claude", "codex", "vibe", "opencode-run", "opencode"] {
      let (_, outcome) = Reading.read("<html>\n<h1>Log in</h1>\n</html>\n", as: runner)
      #expect(!outcome.ok)
      #expect(outcome.cause == .incomplete)
      #expect(outcome.text == nil)
    }
  }

  @Test("fault 20: a million lines of noise become a thousand events and a count")
  func endlessNoise() {
    var decoder = AgentOutputDecoder(Reading.rules("claude"))
    var shown = 0
    for _ in 0..<20_000 { shown += decoder.line(Array("noise".utf8)[...]).count }
    let outcome = decoder.finish(.exit(0), stderr: [], resultFile: nil)
    #expect(shown == 1_000)
    #expect(outcome.notes == ["20000 lines were not understood, 1000 are shown"])
  }

  @Test("fault 21: a last line without its newline is read when it is whole")
  func lastLineWithoutNewline() {
    #expect(Reading.read(String(Self.good.dropLast()), as: "opencode-run").outcome.ok)
  }

  @Test("fault 21: a stream cut anywhere before its end is never a success")
  func tornAnywhere() {
    let whole = Array(Self.good.utf8)
    for length in 0..<(whole.count - 1) {
      let (_, outcome) = Reading.read(Array(whole[..<length]), Reading.rules("opencode-run"))
      #expect(!outcome.ok, "cut at \(length)")
      #expect(outcome.cause == .incomplete, "cut at \(length)")
    }
  }

  @Test("fault 21: a torn last line is told")
  func tornLastLine() {
    let (events, outcome) = Reading.read(
      Self.start + "\n" + Self.finish.dropLast(20), as: "opencode-run")
    guard case .unknown(_, _, let why) = events.last else {
      Issue.record("the torn line left no event")
      return
    }
    #expect(why == "torn JSON")
    #expect(outcome.notes == ["the last line is torn"])
  }

  @Test(
    "fault 22: bytes that are no text do not hide what is said",
    arguments: [
      ([0x00], "\u{FFFD}"), ([0xFF, 0xFE], "\u{FFFD}\u{FFFD}"), ([0xC3], "\u{FFFD}"),
      (Array(#"\ud800"#.utf8), "\u{FFFD}"), (Array(#"\ud83d\ude00"#.utf8), "😀"),
      (Array("\u{2028}".utf8), "\u{2028}"), (Array(#"\u0000"#.utf8), "\0"),
    ] as [([UInt8], String)])
  func strangeBytes(_ bytes: [UInt8], _ shown: String) {
    // A raw control character is no JSON: the line is unknown, the run goes on.
    let isJSON = bytes != [0]
    let line =
      Array(#"{"type":"text","sessionID":"s1","part":{"text":"a"#.utf8) + bytes
      + Array(#"b"}}"#.utf8) + [0x0A]
    let (events, outcome) = Reading.read(
      Array((Self.start + "\n").utf8) + line + Array((Self.finish + "\n").utf8),
      Reading.rules("opencode-run"))
    #expect(outcome.ok)
    #expect(outcome.text == (isJSON ? "a\(shown)b" : nil))
    #expect(events.contains { $0.kind == "agentUnknown" } == !isJSON)
  }

  @Test("fault 22: a byte order mark and CRLF are not part of the lines")
  func markAndCRLF() {
    let text = "\u{FEFF}" + Self.good.replacing("\n", with: "\r\n")
    let (events, outcome) = Reading.read(text, as: "opencode-run")
    #expect(outcome.ok)
    #expect(!events.contains { $0.kind == "agentUnknown" })
  }

  @Test("fault 23: a line over the cap is told by its length, and what follows is read")
  func longLine() {
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 5_000)
    let bytes = long + [0x0A] + Array(Self.good.utf8)
    let (events, outcome) = Reading.read(bytes, Reading.rules("opencode-run"), cap: 4_096)
    #expect(
      events.first
        == .unknown(text: "", byteCount: 5_000, why: "line of 5000 bytes, not decoded"))
    #expect(outcome.ok)
    #expect(outcome.notes == ["a line of 5000 bytes was not decoded"])
  }

  @Test("fault 24: a text answer beyond the limit is cut there and says so")
  func endlessText() {
    var decoder = AgentOutputDecoder(Reading.rules("command"))
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<20 { _ = decoder.line(line[...]) }
    #expect(!decoder.isFull)
    for _ in 0..<AgentOutputDecoder.eventLimit { _ = decoder.line([UInt8(ascii: "x")]) }
    #expect(decoder.isFull)
    let outcome = decoder.finish(.exit(0), stderr: [], resultFile: nil)
    #expect(outcome.ok)
    #expect(outcome.text?.utf8.count == AgentOutputDecoder.wholeLimit)
    #expect(outcome.notes.first == "the answer is longer than 16 MiB and was cut there")
  }

  @Test("fault 25: how the bytes were cut into writes makes no difference")
  func chunks() {
    let whole = Array(Self.good.utf8)
    for size in [1, 2, 7, whole.count] {
      var decoder = AgentOutputDecoder(Reading.rules("opencode-run"))
      var splitter = LineSplitter()
      for start in stride(from: 0, to: whole.count, by: size) {
        for case .line(let line) in splitter.take(
          Array(whole[start..<min(start + size, whole.count)]))
        {
          _ = decoder.line(line[...])
        }
      }
      #expect(decoder.finish(.exit(0), stderr: [], resultFile: nil).text == "Done.")
    }
  }

  @Test("fault 26: of a key given twice the last value counts, in any order, unknown keys pass")
  func keys() {
    let line =
      #"{"new":{"a":[1]},"part":{"tokens":{"output":3,"input":1,"input":9},"cost":0.25,"reason":"tool-calls","reason":"stop"},"type":"error","sessionID":"s1","type":"step_finish"}"#
    let outcome = steps(line)
    #expect(outcome.ok)
    #expect(outcome.tokens == TokenCounts(input: 9, output: 3))
  }

  @Test("fault 26: an event of an unknown kind is shown and does no harm")
  func unknownKind() {
    let line = #"{"type":"session.status","sessionID":"s1","status":"busy"}"#
    let (events, outcome) = Reading.read(line + "\n" + Self.good, as: "opencode-run")
    #expect(
      events.contains(
        .unknown(text: line, byteCount: line.utf8.count, why: "unknown kind of event")))
    #expect(outcome.ok)
  }

  @Test(
    "fault 26: null, or another type, where a value was is unknown, never 0 or empty",
    arguments: ["null", "\"12\"", "true", "[]", "{}", "\"\""])
  func wrongTypes(_ value: String) {
    let line = finish(#""cost":\#(value),"tokens":{"input":\#(value),"output":\#(value)}"#)
    let outcome = steps(line)
    #expect(outcome.ok)
    #expect(outcome.tokens == nil)
    #expect(outcome.cost == .unknown)
    let said = #"{"type":"text","sessionID":\#(value),"part":{"text":\#(value)}}"#
    #expect(Reading.read(said + "\n", as: "opencode-run").outcome.tokens == nil)
  }

  @Test("fault 26: figures that nobody gave are unknown")
  func missingFigures() {
    let outcome = steps(#"{"type":"step_finish","part":{"reason":"stop"}}"#)
    #expect(outcome.ok)
    #expect(outcome.tokens == nil)
    #expect(outcome.cost == .unknown)
    #expect(outcome.cost.json.text == #"{"usd":null,"source":"unknown"}"#)
    let command = Reading.read("hello\n", as: "command").outcome
    #expect(command.tokens == nil && command.cost == .unknown && command.turns == nil)
  }

  @Test(
    "fault 27: depth and size end a line, not the reader",
    arguments: [
      String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
      "[" + String(repeating: "0,", count: 200_000) + "0]",
      #"{"type":"text","part":"# + String(repeating: "[", count: 600)
        + String(repeating: "]", count: 600) + "}",
    ])
  func deep(_ line: String) {
    let (events, outcome) = Reading.read(line + "\n" + Self.good, as: "opencode-run")
    #expect(events.first?.kind == "agentUnknown")
    #expect(outcome.ok)
  }

  @Test(
    "fault 28: a cost that is no finite number is unknown",
    arguments: [
      "1e999", "-1e999", "-0.01", "NaN", "Infinity", "\"0.5\"",
      "1" + String(repeating: "0", count: 400),
    ])
  func cost(_ cost: String) {
    let outcome = steps(finish(#""cost":\#(cost),"tokens":{"input":1}"#))
    #expect(outcome.cost == .unknown)
  }

  @Test("fault 28: zero is a cost like any other")
  func zeroCost() {
    #expect(steps(finish(#""cost":-0"#)).cost.usd == 0)
    #expect(steps(finish(#""cost":0"#)).cost == Cost(usd: 0, source: .reported))
  }

  @Test("fault 28: counts saturate, and what is no count is unknown")
  func counts() {
    let huge = #""cost":0,"tokens":{"input":1e999,"output":9223372036854775807}"#
    let outcome = steps(finish(huge), Self.start, finish(huge))
    #expect(outcome.tokens == TokenCounts(output: .max))
    let big = steps(
      finish(#""tokens":{"input":1e30,"output":9007199254740993,"cache":{"read":-5}}"#))
    #expect(big.tokens?.input == .max)
    #expect(big.tokens?.output == 9_007_199_254_740_993)
    #expect(big.tokens?.cacheRead == nil)
  }

  @Test("fault 29: a sum in which one part is unknown is unknown, not the rest of it")
  func partialSum() {
    let outcome = steps(
      finish(#""cost":0.5,"tokens":{"input":1}"#), Self.start, finish(#""tokens":{"input":2}"#))
    #expect(outcome.cost == .unknown)
    #expect(outcome.notes == ["the cost is unknown: not every step said its own"])
    #expect(outcome.tokens == TokenCounts(input: 3))
  }

  @Test("fault 29: a total never falls, and the contradiction is told")
  func fallingTotals() {
    let (_, outcome) = Reading.read(
      codexTurn(#""input_tokens":900,"cached_input_tokens":100,"output_tokens":50"#)
        + codexTurn(#""input_tokens":400,"cached_input_tokens":0,"output_tokens":60"#),
      as: "codex")
    #expect(outcome.tokens == TokenCounts(input: 800, output: 60, cacheRead: 100))
    #expect(outcome.notes.contains("its token counts fell; the largest are taken"))
  }

  @Test("fault 29: figures of a whole session are not counted twice when it is taken up again")
  func resumedSession() {
    let earlier = AttemptResult.Usage(
      tokens: TokenCounts(input: 500, output: 40, cacheRead: 100),
      cost: Cost(usd: 0.5, source: .reported))
    var codex = AgentOutputDecoder(Reading.rules("codex"), resuming: earlier)
    let turn = codexTurn(#""input_tokens":900,"cached_input_tokens":100,"output_tokens":50"#)
    _ = codex.line(Array(turn.utf8).dropLast())
    let outcome = codex.finish(.exit(0), stderr: [], resultFile: nil)
    #expect(outcome.tokens == TokenCounts(input: 300, output: 10, cacheRead: 0))

    var claude = AgentOutputDecoder(Reading.rules("claude"), resuming: earlier)
    let result =
      #"{"type":"result","subtype":"success","is_error":false,"total_cost_usd":0.75,"usage":{"input_tokens":9,"output_tokens":1}}"#
    _ = claude.line(Array(result.utf8)[...])
    let run = claude.finish(.exit(0), stderr: [], resultFile: nil)
    #expect(run.cost.usd == 0.25)
    // This CLI counts tokens by run.
    #expect(run.tokens == TokenCounts(input: 9, output: 1))
  }

  @Test("fault 29: usage repeated in every message of one answer is not added up")
  func repeatedUsage() {
    let message =
      #"{"type":"assistant","message":{"id":"m","content":[],"usage":{"input_tokens":5,"output_tokens":5}}}"#
    let result =
      #"{"type":"result","subtype":"success","is_error":false,"result":"x","usage":{"input_tokens":5,"output_tokens":7}}"#
    let (_, outcome) = Reading.read(
      [message, message, result].joined(separator: "\n"), as: "claude")
    #expect(outcome.tokens == TokenCounts(input: 5, output: 7))
  }

  @Test("fault 30: the first terminal event decides; the second is flagged")
  func twoTerminalEvents() {
    let bad = #"{"type":"result","subtype":"success","is_error":true,"result":"API Error: 500"}"#
    let good = #"{"type":"result","subtype":"success","is_error":false,"result":"Fine."}"#
    let note = "a second terminal event came; the first one counts"
    let first = Reading.read(good + "\n" + bad + "\n", as: "claude")
    #expect(first.outcome.ok)
    #expect(first.outcome.text == "Fine.")
    #expect(first.outcome.notes == [note])
    #expect(
      first.events.contains(
        .unknown(text: bad, byteCount: bad.utf8.count, why: "a second terminal event")))
    let second = Reading.read(bad + "\n" + good + "\n", as: "claude")
    #expect(!second.outcome.ok)
    #expect(second.outcome.message == "API Error: 500")
    #expect(second.outcome.text == nil)
    #expect(second.outcome.notes == [note])
  }

  @Test("fault 30: what comes after the terminal event changes neither answer nor session")
  func afterTheEnd() {
    let good =
      #"{"type":"result","subtype":"success","is_error":false,"result":"Fine.","session_id":"a"}"#
    let later =
      #"{"type":"assistant","session_id":"b","message":{"content":[{"type":"text","text":"more"}]}}"#
    let (_, outcome) = Reading.read(good + "\n" + later + "\n", as: "claude")
    #expect(outcome.text == "Fine.")
    #expect(outcome.sessionID == "a")
  }

  @Test("fault 4: a success event and then exit status 1 is a failure that tells both")
  func successThenFailure() {
    let (_, outcome) = Reading.read(
      Self.good, as: "opencode-run", end: .exit(1), stderr: "Error: disk\n")
    #expect(!outcome.ok)
    #expect(outcome.cause == .exitCode)
    #expect(outcome.hasTerminalEvent)
    #expect(outcome.message == "Error: disk")
    let killed = Reading.read(Self.good, as: "opencode-run", end: .signal(9)).outcome
    #expect(killed.cause == .killedBySignal)
  }

  @Test(
    "an agent that tells without end is told of so far, and its figures and answer count all the same"
  )
  func endless() {
    let limit = AgentOutputDecoder.eventLimit
    let text = Reading.read(String(repeating: "y\n", count: limit + 5) + "end\n", as: "command")
    #expect(text.events.count == limit)
    #expect(text.outcome.ok)
    #expect(text.outcome.text?.hasSuffix("y\nend") == true)
    #expect(
      text.outcome.notes == [
        "it told more than 20,000 events, the rest is not shown; its whole output is kept"
      ])
    let said = String(repeating: Self.said + "\n", count: limit)
    let lines = Reading.read(Self.start + "\n" + said + Self.finish + "\n", as: "opencode-run")
    #expect(lines.events.last?.kind == "agentUsage")
    #expect(lines.outcome.ok)
    #expect(lines.outcome.cost == Cost(usd: 0.5, source: .reported))
  }
}
