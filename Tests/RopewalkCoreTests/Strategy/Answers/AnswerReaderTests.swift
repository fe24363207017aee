import RopewalkWire
import Testing

@testable import RopewalkCore

@Suite("JSON in what agents print")
struct AnswerReaderTests {
  private static func found(_ text: String) -> [String] {
    AnswerReader.jsonValues(in: text).map { $0.json.text }
  }

  @Test(
    "JSON is found in prose, fenced before not, and the last first",
    arguments: [
      ("", []), ("no JSON at all", []), ("{", []), ("}", []), ("{]", []), ("\"", []),
      (#"{"a":1}"#, [#"{"a":1}"#]),
      (#"I vote {"a":1}, since {this} is [better]."#, [#"{"a":1}"#]),
      (#"{"a":1} then {"a":2}"#, [#"{"a":2}"#, #"{"a":1}"#]),
      (#"{"a":{"b":[1,{"c":2}]}}"#, [#"{"a":{"b":[1,{"c":2}]}}"#]),
      (#"{"a":"}{\"][\\"}"#, [#"{"a":"}{\"][\\"}"#]),
      (#"it said "use {"a":1}"#, [#"{"a":1}"#]),
      (#"[1 of 2: {"a":1}"#, [#"{"a":1}"#]),
      (#"[true: {"a":1}]"#, [#"{"a":1}"#]),
      ("{\"a\": \"open\n{\"a\":1}", [#"{"a":1}"#]),
      ("{\"a\":1}\n```json\n{\"a\":2}\n```\n{\"a\":3}", [#"{"a":2}"#, #"{"a":3}"#, #"{"a":1}"#]),
      ("[1, \"x\n```json\n[2]\n```", ["[2]"]),
      ("```swift\n[1]\n```\n```JSON\n[2]\n```", ["[2]", "[1]"]),
      ("````json\n[1]\n```\n[2]\n````\n[3]", ["[2]", "[1]", "[3]"]),
      ("{'a':1}", []), ("{\"a\":1,}", []), ("{\"é\":\"ü\"}", ["{\"é\":\"ü\"}"]),
      ("{\r\n\"a\":\r\n1}\r\n", [#"{"a":1}"#]),
    ] as [(String, [String])])
  func found(text: String, expected: [String]) {
    #expect(Self.found(text) == expected)
  }

  @Test(
    "what is meant to be slow is read like anything else",
    arguments: [
      String(repeating: "{", count: 100_000), String(repeating: "[", count: 100_000),
      String(repeating: "{\"a\":", count: 50_000), String(repeating: "[\"", count: 50_000),
      String(repeating: "[", count: 60_000) + String(repeating: "]", count: 60_000),
      String(repeating: "[1,", count: 500) + String(repeating: "1,", count: 100_000) + "x"
        + String(repeating: "]", count: 500),
      String(repeating: "{   \n", count: 50_000), String(repeating: "\\\"{\"", count: 50_000),
    ])
  func hostile(text: String) {
    #expect(Self.found(text + "\n" + #"{"vote":2}"#).first == #"{"vote":2}"#)
    #expect(Ballot.read(text + "\nVOTE: 2", choices: 2) == .vote(1))
  }

  @Test("megabytes of prose before and after do not hide the answer")
  func megabytes() {
    let prose = String(repeating: "Some {prose} with [brackets] and \"quotes\".\n", count: 20_000)
    #expect(Ballot.read(prose + "{\"vote\": 2}\n" + prose, choices: 2) == .vote(1))
  }

  @Test("no random text stops the reader, and whatever it finds is JSON")
  func fuzz() {
    var random = SplitMix64(state: 7)
    let pieces = [
      "{", "}", "[", "]", "\"", "\\", ":", ",", "1", "a", " ", "\n", "```", "```json\n",
    ]
    for _ in 0..<2_000 {
      let text = (0..<30).compactMap { _ in pieces.randomElement(using: &random) }.joined()
      for value in AnswerReader.jsonValues(in: text) {
        #expect(value.kind == .object || value.kind == .array)
      }
    }
  }
}
