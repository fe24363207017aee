// Knows what a runner file may say and how it is refused. Unaware of what agents print.

import RopewalkCore
import RopewalkWire
import Testing

@Suite("runner files")
struct RunnerSpecTests {
  private func errors(_ text: String) -> [PlanError] {
    switch RunnerSpec.decode(Array(text.utf8)) {
    case .success: []
    case .failure(let refusal): refusal.errors
    }
  }

  private static let small =
    #"{"name":"x","executable":"x","output":{"format":"jsonl","terminal":{"when":{"type":"end"}}}}"#

  @Test("a small file is enough")
  func small() throws {
    let spec = try RunnerSpec.decode(Array(Self.small.utf8)).get()
    #expect(spec.name == "x")
    #expect(spec.family == "x")
    #expect(spec.verified == nil)
    #expect(spec.prompt == .stdin)
    #expect(!spec.canResume && !spec.takesModel && !spec.needsVersion && !spec.takesEmptyPrompt)
  }

  @Test("all that is wrong is told at once, each with its line and the near name")
  func allAtOnce() throws {
    let text = """
      {
        "name": "x",
        "executible": "x",
        "prompt": "stdn",
        "arguments": ["--model={{modle}}", { "if": "sesion", "use": [] }],
        "output": {
          "format": "jsonl",
          "terminal": { "when": { "a..b": 1 } },
          "tokens": [{ "inputs": "usage.input" }],
          "causes": [{ "cause": "rateLimit", "exits": [0] }]
        }
      }
      """
    let told = errors(text).map { "\($0.line ?? 0) \($0.path): \($0.message)" }
    #expect(
      told == [
        "3 executible: a runner has no key `executible`",
        "4 prompt: `prompt` cannot be `stdn`",
        "5 arguments[0]: `{{modle}}` stands for nothing here",
        "5 arguments[1].if: `sesion` is no condition",
        "8 output.terminal.when[\"a..b\"]: `a..b` is no path",
        "9 output.tokens[0].inputs: `tokens` has no key `inputs`",
        "10 output.causes[0].cause: `cause` cannot be `rateLimit`",
        "10 output.causes[0].exits[0]: `exits[0]` must be a whole number from 1 to 255, not 0",
      ])
    let hints = errors(text).compactMap(\.hint)
    #expect(hints.contains { $0.hasPrefix("did you mean `executable`?") })
    #expect(hints.contains { $0.hasPrefix("did you mean `model`?") })
    #expect(hints.contains { $0.hasPrefix("did you mean `rateLimited`?") })
  }

  @Test(
    "a file whose parts do not fit together is refused",
    arguments: [
      (
        #"{"name":"x","executable":"x","prompt":"argument","output":"text"}"#,
        "the prompt goes by argument, but no argument holds `{{prompt}}`"
      ),
      (
        #"{"name":"x","executable":"x","prompt":"file","output":"text"}"#,
        "the prompt goes by file, but no argument holds `{{promptFile}}`"
      ),
      (#"{"name":"x","output":"text"}"#, "the runner has no `executable`"),
      (
        #"{"name":"x","executable":"x","output":"jsonl"}"#,
        "nothing in `output` tells that the agent has finished, so no run could succeed"
      ),
      (#"{"executable":"x","output":"text"}"#, "the runner has no `name`"),
      (#"{"name":"x","#, "the runner file is not JSON5: a key is missing"),
      (
        #"{"name":"x","executable":"x","output":{"exitIsTerminal":1}}"#,
        "`exitIsTerminal` must be true or false, not a number"
      ),
      (
        #"{"name":"x","executable":"x","output":"text","environment":{"set":{"A=B":""}}}"#,
        "`A=B` is no name of an environment variable"
      ),
    ])
  func unfit(_ text: String, _ message: String) {
    #expect(errors(text).map(\.message) == [message])
  }

  @Test("what a plan says of its own command's output is read by the same rules")
  func planOutput() throws {
    let text = try OutputRules.decode(#""text""#).get()
    #expect(text.isEndedByExit && text.format == .text)
    let rules = try OutputRules.decode(
      #"{"format":"json","text":"answer","cost":"usd","tokens":[{"input":"in"}]}"#
    ).get()
    // Nothing else is named as the end, so the exit status is it.
    #expect(rules.isEndedByExit)
    let (_, outcome) = Reading.read(
      Array("{\n \"answer\": \"42\",\n \"usd\": 0.5, \"in\": 3\n}\n".utf8), rules)
    #expect(outcome.ok)
    #expect(outcome.text == "42")
    #expect(outcome.cost == Cost(usd: 0.5, source: .reported))
    #expect(outcome.tokens == TokenCounts(input: 3))
    #expect(!Reading.read(Array("{}".utf8), rules, end: .exit(3)).outcome.ok)
    let refused = OutputRules.decode(#"{"formt":"text"}"#)
    #expect(throws: PlanErrors.self) { try refused.get() }
  }

  // MARK: - Other CLIs, as data alone

  @Test("a CLI that joins pieces, names causes by exit status and ends by exit alone fits too")
  func otherShapes() throws {
    let gemini = try OutputRules.decode(
      #"""
      {"format":"jsonl","session":{"when":{"type":"init"},"path":"session_id"},
       "terminal":{"when":{"type":"result","status":"success"}},
       "errors":{"when":{"type":"result"},"unless":{"status":"success"}},
       "text":{"when":{"type":"message","role":"assistant"},"path":"content","take":"concat","reset":{"type":"tool_result"}},
       "causes":[{"cause":"notLoggedIn","exits":[41]}],
       "tokens":[{"when":{"type":"result"},"input":"stats.input_tokens","inputHoldsCacheRead":true,"cacheRead":"stats.cached","output":"stats.output_tokens"}]}
      """#
    ).get()
    let stream = """
      {"type":"init","session_id":"g1"}
      {"type":"message","role":"assistant","content":"Looking.","delta":true}
      {"type":"tool_result","tool_id":"t"}
      {"type":"message","role":"assistant","content":"One ","delta":true}
      {"type":"message","role":"assistant","content":"file.","delta":true}
      {"type":"result","status":"success","stats":{"input_tokens":5000,"cached":1000,"output_tokens":9}}

      """
    let outcome = Reading.read(Array(stream.utf8), gemini).outcome
    #expect(outcome.ok)
    #expect(outcome.text == "One file.")
    #expect(outcome.tokens == TokenCounts(input: 4000, output: 9, cacheRead: 1000))
    #expect(Reading.read([], gemini, end: .exit(41)).outcome.cause == .notLoggedIn)

    let gptme = try OutputRules.decode(
      #"""
      {"format":"jsonl","exitIsTerminal":true,
       "text":{"when":{"role":"assistant"},"path":"content"},
       "cost":{"when":{"role":"assistant"},"path":"metadata.cost","take":"sum"},
       "causes":[{"cause":"rateLimited","exits":[75]},{"cause":"notLoggedIn","exits":[76]}]}
      """#
    ).get()
    let line = #"{"role":"assistant","content":"Hi","metadata":{"cost":0.25}}"# + "\n"
    let said = Reading.read(Array((line + line).utf8), gptme).outcome
    #expect(said.ok && said.text == "Hi" && said.cost.usd == 0.5)
    #expect(Reading.read(Array(line.utf8), gptme, end: .exit(75)).outcome.cause == .rateLimited)
  }

  @Test("words in a message stand for whole words")
  func phrases() {
    func cause(_ stderr: String) -> FailureCause? {
      Reading.read("", as: "opencode", end: .exit(1), stderr: stderr).outcome.cause
    }
    #expect(cause("Error: 401 Unauthorized\n") == .notLoggedIn)
    #expect(cause("Error: status=429\n") == .rateLimited)
    #expect(cause("Error: took 4013 ms\n") == .exitCode)
    #expect(cause("Error: port 54290\n") == .exitCode)
  }

  @Test("a limit of use tells when it ends")
  func resetsAt() {
    let limit =
      #"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795228654}}"#
    let result =
      #"{"type":"result","subtype":"success","is_error":true,"api_error_status":429,"result":"limit"}"#
    let (_, outcome) = Reading.read("\(limit)\n\(result)\n", as: "claude", end: .exit(1))
    #expect(outcome.cause == .rateLimited)
    #expect(outcome.rateLimitedUntil == 1_795_228_654)
  }

  @Test(
    "the last line of an answer can say that nothing was to be done",
    arguments: [
      ("Looked.\nno-change: it is right already", "it is right already"),
      ("no-change: x\n \n", "x"), ("`no-change: x`", "x"), ("No-Change: y", "y"),
      ("no-change:", nil), ("no-change: x\nBut then I changed it.", nil), ("Done.", nil),
    ] as [(String, String?)])
  func declaration(_ text: String, _ reason: String?) {
    #expect(Reading.read(text + "\n", as: "command").outcome.declaredNoChange == reason)
  }
}
