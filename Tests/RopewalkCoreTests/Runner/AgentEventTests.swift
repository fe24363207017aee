// Knows how agent events are written in the journal. Unaware of how they come about.

import RopewalkCore
import RopewalkWire
import Testing

@Suite("agent events")
struct AgentEventTests {
  @Test(
    "each event has its kind and only the members that are known",
    arguments: [
      (.working(sessionID: "s", model: nil), "agentWorking", #"{"sessionId":"s"}"#),
      (.message("Hi\n"), "agentMessage", #"{"text":"Hi\n"}"#),
      (
        .toolCall(id: "1", name: "Bash", summary: "ls"), "agentToolCall",
        #"{"id":"1","name":"Bash","summary":"ls"}"#
      ),
      (.toolResult(id: "1", ok: nil), "agentToolResult", #"{"id":"1"}"#),
      (.toolResult(id: nil, ok: false), "agentToolResult", #"{"ok":false}"#),
      (
        .usage(
          AttemptResult.Usage(
            tokens: TokenCounts(input: 0, output: 2), cost: Cost(usd: 0.5, source: .reported))),
        "agentUsage",
        #"{"tokens":{"input":0,"output":2},"cost":{"usd":0.5,"source":"reported"}}"#
      ),
      (
        .usage(AttemptResult.Usage(tokens: nil, cost: Cost(usd: 0.5, source: .priced))),
        "agentUsage", #"{"cost":{"usd":0.5,"source":"priced"}}"#
      ),
      (.usage(.unknown), "agentUsage", "{}"),
      (
        .unknown(text: "x", byteCount: 1, why: "no JSON"), "agentUnknown",
        #"{"text":"x","byteCount":1,"why":"no JSON"}"#
      ),
    ] as [(AgentEvent, String, String)])
  func members(_ event: AgentEvent, _ kind: String, _ text: String) {
    #expect(event.kind == kind)
    #expect(JSON.known(event.members).text == text)
  }
}
