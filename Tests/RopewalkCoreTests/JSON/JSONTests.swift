// Knows what JSON and JSON5 are, by their grammars and by what Foundation reads.
// Unaware of what is read with the parser.

import Foundation
import RopewalkCore
import RopewalkWire
import Testing

@Suite("JSON and JSON5")
struct JSONTests {
  private func parse(
    _ text: String, _ dialect: JSONDocument.Dialect = .json
  ) -> Result<JSON, JSONSyntaxError> {
    Result { () throws(JSONSyntaxError) in try JSONDocument(text, dialect: dialect).root.json }
  }

  private func text(_ text: String, _ dialect: JSONDocument.Dialect = .json) -> String? {
    switch parse(text, dialect) {
    case .success(let value): value.text
    case .failure: nil
    }
  }

  @Test(
    "what JSON allows is read",
    arguments: [
      ("{}", "{}"), ("[]", "[]"), (" [ 1 , 2 ] ", "[1,2]"), ("\u{FEFF}[1]", "[1]"),
      (#"{"a":{"b":[null,true,false]}}"#, #"{"a":{"b":[null,true,false]}}"#),
      (#""\u00e9\n\"\/""#, "\"é\\n\\\"/\""), (#""\ud83d\ude00""#, "\"😀\""),
      ("-0.5e-3", "-0.0005"), ("1E2", "100"), ("9007199254740993", "9007199254740993"),
    ])
  func json(_ source: String, _ written: String) { #expect(text(source) == written) }

  @Test(
    "what JSON does not allow is refused where it stands",
    arguments: [
      ("", 0), ("[1,]", 3), ("{\"a\":1,}", 7), ("{a:1}", 1), ("'a'", 0), ("[1 2]", 3), ("01", 0),
      ("1.", 2), (".5", 0), ("+1", 0), ("[\"a\nb\"]", 3), ("\"a", 0), ("nul", 0), ("NaN", 0),
      ("// x\n1", 0), ("[1]]", 3), ("{\"a\"}", 4), (#""\x41""#, 2), (#""\ug000""#, 3), ("1e", 2),
      ("-", 0), ("0x10", 1),
    ])
  func refusals(_ source: String, _ offset: Int) {
    guard case .failure(let error) = parse(source) else {
      Issue.record("\(source) was read")
      return
    }
    #expect(error.offset == offset, "\(error.reason)")
  }

  @Test(
    "what JSON5 adds is read",
    arguments: [
      ("{a: 1, $b: 2, _c: 3, é: 4,}", #"{"a":1,"$b":2,"_c":3,"é":4}"#),
      ("[1, 2,]", "[1,2]"), (#"'it\'s "so"'"#, #""it's \"so\"""#), ("// x\n1 /* y */", "1"),
      ("+1", "1"), (".5", "0.5"), ("5.", "5"), ("0xFF", "255"), ("-0x10", "-16"),
      ("'a\\\nb'", "\"ab\""), (#"'\x41\v\0'"#, "\"A\\u000b\\u0000\""), ("NaN", "null"),
      ("-Infinity", "null"), ("\u{A0}\u{2028}1", "1"), ("{'a-b': 1}", #"{"a-b":1}"#),
    ])
  func json5(_ source: String, _ written: String) { #expect(text(source, .json5) == written) }

  @Test(
    "what JSON5 does not allow either is refused",
    arguments: [
      "{a-b: 1}", "[,]", "{,}", "/* x", "'a\nb'", "010", "{1a: 2}", #"'\1'"#, "undefined",
    ])
  func json5Refusals(_ source: String) { #expect(text(source, .json5) == nil) }

  @Test("depth is bounded without cost to the stack")
  func depth() {
    let deepest = JSONDocument.maximumDepth
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(text(nested(deepest)) != nil)
    #expect(text(nested(deepest + 1)) == nil)
    #expect(text(String(repeating: "[", count: 1_000_000)) == nil)
  }

  @Test("the last of several members of one name counts, escaped or not, and all can be listed")
  func repeatedKeys() throws {
    let value = try JSONDocument(#"{"a":1,"b":2,"\u0061":3}"#).root
    #expect(value["a"]?.int == 3)
    #expect(value.members.map(\.key) == ["a", "b", "a"])
    #expect(value["c"] == nil)
  }

  @Test("numbers that do not fit are told apart from those that do")
  func numbers() throws {
    let value = try JSONDocument(#"[1e999,9223372036854775807,9223372036854775808,2.0,2.5,-0]"#)
    let elements = Array(value.root.elements)
    #expect(elements.map(\.int) == [nil, .max, nil, 2, nil, 0])
    #expect(elements[0].isNonFinite && elements[0].double == nil)
    #expect(elements[2].double == 9_223_372_036_854_775_808)
  }

  @Test("each value knows its place, and lines count from 1")
  func places() throws {
    let document = try JSONDocument("{\n  \"é\": [1,\n \"two\"]\n}")
    let list = try #require(document.root["é"])
    #expect(document.place(at: list.offset) == TextPlace(line: 2, column: 8))
    let two = try #require(list.elements.dropFirst().first { _ in true })
    #expect(document.place(at: two.offset) == TextPlace(line: 3, column: 3))
    #expect(String(decoding: document.bytes[two.range], as: UTF8.self) == "\"two\"")
  }

  @Test("what is written is read back as it was, whatever characters it holds")
  func roundTrip() throws {
    let text = String(String.UnicodeScalarView((0...0x2FFF).compactMap(Unicode.Scalar.init))) + "😀"
    let value: JSON = ["text": .string(text), "list": [1, nil, true, .double(0.1)], "empty": [:]]
    #expect(try JSONDocument(value.bytes).root["text"]?.string == text)
    #expect(try JSONDocument(value.prettyText).root.json.text == value.text)
    #expect(JSON.double(.nan).text == "null" && JSON.double(.infinity).text == "null")
  }

  // MARK: - Beside Foundation

  /// Whether Foundation's strict parser reads the text as a JSON value.
  private static func foundationReads(_ bytes: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])) != nil
  }

  private static func holdsHugeNumber(_ value: JSONValue) -> Bool {
    value.isNonFinite || value.elements.contains(where: holdsHugeNumber)
      || value.members.contains { holdsHugeNumber($0.value) }
  }

  @Test("10,000 random texts are read or refused as Foundation does, and mean the same")
  func differential() throws {
    var random = SplitMix64(state: 1)
    var agreed = 0
    for _ in 0..<10_000 {
      var bytes = Array(RandomJSON.value(3, &random).text.utf8)
      if Bool.random(using: &random) { RandomJSON.damage(&bytes, &random) }
      guard RandomJSON.isComparable(bytes) else { continue }
      let document = try? JSONDocument(bytes)
      // Foundation refuses numbers too large to hold; here they are read and are unknown.
      if let root = document?.root, Self.holdsHugeNumber(root) { continue }
      let ours = document?.root.json
      let shown = String(decoding: bytes, as: UTF8.self)
      #expect((ours != nil) == Self.foundationReads(bytes), "\(shown)")
      guard let ours else { continue }
      agreed += 1
      let theirs = try JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
      let again = try JSONSerialization.jsonObject(
        with: Data(ours.bytes), options: [.fragmentsAllowed])
      #expect((theirs as? NSObject) == (again as? NSObject), "\(shown)")
    }
    #expect(agreed > 3_000)
  }

  @Test("JSON5 is read as Foundation's decoder reads it")
  func differentialJSON5() {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    for source in [
      "{a:1}", "{'a':1,}", "{a:0x1F}", "{a:+1}", "{a:.5}", "{a:5.}", "{/*x*/a:1}", "{a:1 //x\n}",
      "{a b:1}", "{a:1,,}", "{:1}", "{a:1", "{a:'1'}", "{a:--1}", "{a:1e}", "{a:0x}", "{a:1}x",
    ] {
      struct Holder: Decodable { var a: Double }
      let ours = (try? JSONDocument(source, dialect: .json5))?.root["a"]?.double
      let theirs = (try? decoder.decode(Holder.self, from: Data(source.utf8)))?.a
      #expect(ours == theirs, "\(source)")
    }
  }

  @Test(
    "the public JSON test suite: y is read, n is refused, nothing crashes",
    .enabled(
      if: JSONSuite.folder != nil,
      "set ROPEWALK_JSON_TEST_SUITE to the folder of JSONTestSuite's test_parsing files"))
  func suite() throws {
    let files = try JSONSuite.files()
    #expect(files.count > 300)
    for file in files {
      let isRead = (try? JSONDocument(file.bytes)) != nil
      if file.name.hasPrefix("y_") { #expect(isRead, "\(file.name)") }
      if file.name.hasPrefix("n_") { #expect(!isRead, "\(file.name)") }
      _ = (try? JSONDocument(file.bytes, dialect: .json5))?.root.json
    }
  }
}

/// Random JSON texts, the same for the same seed.
private enum RandomJSON {
  static func value(_ depth: Int, _ random: inout SplitMix64) -> JSON {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2: return .int(Int.random(in: -1_000_000...1_000_000, using: &random))
    case 3: return .double(Double(Int.random(in: -999...999, using: &random)) / 8)
    case 4, 5: return .string(string(&random))
    case 6:
      let count = Int.random(in: 0...3, using: &random)
      return .array((0..<count).map { _ in value(depth - 1, &random) })
    default:
      // Of a repeated key the two parsers need not choose the same value.
      let count = Int.random(in: 0...3, using: &random)
      return .object((0..<count).map { ("\($0)" + string(&random), value(depth - 1, &random)) })
    }
  }

  private static func string(_ random: inout SplitMix64) -> String {
    let letters: [Character] = ["a", "é", "😀", "\"", "\\", "\n", "\t", "/", " ", "{", "]", ","]
    let count = Int.random(in: 0...6, using: &random)
    return String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
  }

  static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard !bytes.isEmpty else { return }
    let at = Int.random(in: bytes.indices, using: &random)
    let signs = Array("{}[],:\"\\0123456789eE+-. tfn".utf8)
    switch Int.random(in: 0..<3, using: &random) {
    case 0: bytes.remove(at: at)
    case 1: bytes[at] = signs.randomElement(using: &random) ?? 0x20
    default: bytes.insert(signs.randomElement(using: &random) ?? 0x20, at: at)
    }
  }

  /// Foundation on Linux takes a comma before a closing bracket, and some numbers as it likes.
  static func isComparable(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    guard Array(text.utf8) == bytes else { return false }
    let dense = text.filter { !$0.isWhitespace }
    return !dense.contains(",]") && !dense.contains(",}")
  }
}
