// Knows what must come of what agents print. Unaware of how they end.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of what a child prints", .timeLimit(.minutes(10)))
struct OutputFaultTests {
  private static let start = #"{"type":"system","subtype":"init","session_id":"s"}"# + "\n"
  private static let success =
    #"{"type":"result","subtype":"success","is_error":false,"result":"done"}"# + "\n"

  /// Lets the stand-in print these very bytes and end well; they must be kept as they are.
  private func emit(_ bytes: [UInt8]) async throws -> RopeRun {
    let rope = try await Rope.make()
    let file = rope.space("emitted")
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    let run = try await rope.run(.claude(["emit \(file)"]))
    let kept = try run.bytes("stdout")
    #expect(kept == bytes)
    return run
  }

  private func emit(_ text: String) async throws -> RopeRun { try await emit(Array(text.utf8)) }

  @Test("fault 20: lines that are no JSON are kept and passed over")
  func noise() async throws {
    let run = try await emit(
      "npm WARN deprecated\n" + Self.start + "<html>login</html>\n\n" + Self.success)
    #expect(run.exit == 0)
    #expect(run.last?.text == "done")
    #expect(run.count("agentUnknown") >= 2)
  }

  @Test(
    "fault 20: no such stream is a success without a terminal event",
    arguments: [
      "", "\n", "success\n", "<html>200 OK</html>\n", "{}\n", "[]\n", "null\n", "\"success\"\n",
    ])
  func noiseAlone(text: String) async throws {
    let run = try await emit(text)
    #expect(run.exit == 1)
    #expect(run.last?.verdict == .incomplete)
  }

  @Test("fault 21: a whole last line needs no newline")
  func noNewline() async throws {
    #expect(try await emit(Self.start + Self.success.dropLast()).exit == 0)
  }

  @Test("fault 21: a torn last line is no result", arguments: [1, 20, 52])
  func torn(bytes: Int) async throws {
    let run = try await emit(Self.start + Self.success.prefix(bytes))
    #expect(run.exit == 1)
    #expect(run.last?.verdict == .incomplete)
  }

  @Test("fault 22: bytes that are no text are read leniently and kept as they are")
  func encodings() async throws {
    let odd: [UInt8] =
      [0xEF, 0xBB, 0xBF] + Array(Self.start.utf8)
      + Array(#"{"type":"assistant","message":{"content":[{"type":"text","text":""#.utf8)
      + [0xFF, 0xC0, 0x80] + Array(#"\ud800 \u2028"#.utf8) + [0xE2, 0x80, 0xA8]
      + Array("\"}]}}\r\n".utf8) + [0, 0, 10]
      + Array(#"{"type":"result","subtype":"success","is_error":false,"result":"done"}"#.utf8) + [
        13, 10,
      ]
    let run = try await emit(odd)
    #expect(run.exit == 0)
    #expect(run.last?.text == "done")
  }

  @Test("fault 23: a line over the bound is kept, not decoded, and not held in memory")
  func longLine() async throws {
    let rope = try await Rope.make()
    let line = "head -c 40000000 /dev/zero | tr '\\0' x; echo"
    let run = try await rope.run(.claude(["init", "sh \(line)", "result done"]))
    #expect(run.exit == 0)
    #expect(run.last?.text == "done")
    #expect((run.last?.outputBytes ?? 0) > 40_000_000)
    let journal = try FileManager.default.attributesOfItem(atPath: run.folder?.journal ?? "")
    #expect((journal[.size] as? Int ?? .max) < 100_000)
  }

  @Test("fault 25: many short lines, and bytes written one by one, come to the same")
  func manyLines() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      .claude([
        "init", "sh yes | head -n 20000",
        "sh for c in '{' '\"type\":\"sys' 'tem\"' '}'; do printf '%s' \"$c\"; done; echo",
        "result done",
      ]))
    #expect(run.exit == 0)
    #expect(run.last?.text == "done")
  }

  @Test(
    "fault 26: odd keys, unknown events and nulls are no crash",
    arguments: [
      #"{"type":"result","subtype":"success","is_error":false,"result":"a","result":"done"}"#,
      #"{"result":"done","zzz":{"a":[1,{}]},"subtype":"success","is_error":false,"type":"result"}"#,
      #"{"type":"quantum"}"# + "\n"
        + #"{"type":"result","subtype":"success","is_error":false,"result":"done"}"#,
      #"{"type":"result","subtype":"success","is_error":false,"result":"done","usage":null,"total_cost_usd":null}"#,
    ])
  func shapes(text: String) async throws {
    let run = try await emit(text + "\n")
    #expect(run.exit == 0)
    #expect(run.last?.text == "done")
    #expect(run.last?.usage?.cost.usd == nil)
    #expect(run.last?.usage?.tokens == nil)
  }

  @Test("fault 27: nesting without end is refused, and the rest is read")
  func nesting() async throws {
    let run = try await emit(String(repeating: "[", count: 100_000) + "\n" + Self.success)
    #expect(run.exit == 0)
  }

  @Test(
    "fault 28: numbers that fit nowhere are unknown, never a crash",
    arguments: [
      "1e999", "-1e999", String(repeating: "9", count: 400), "-0", "9007199254740993", "1e-999",
      "-5", "0.1", "true", "\"1\"",
    ])
  func numbers(number: String) async throws {
    let run = try await emit(
      #"{"type":"result","subtype":"success","is_error":false,"result":"done","total_cost_usd":\#(number),"#
        + #""num_turns":\#(number),"usage":{"input_tokens":\#(number),"output_tokens":\#(number)}}"#
        + "\n")
    #expect(run.exit == 0)
    if let cost = run.last?.usage?.cost.usd {
      #expect(cost.isFinite && cost >= 0)
    }
    #expect((run.last?.usage?.tokens?.input ?? 0) >= 0)
  }

  @Test(
    "fault 28: a number that JSON does not know spoils its line alone",
    arguments: ["NaN", "Infinity"])
  func noNumbers(number: String) async throws {
    let run = try await emit(#"{"type":"system","x":\#(number)}"# + "\n" + Self.success)
    #expect(run.exit == 0)
  }

  @Test("fault 30: the first terminal event decides, and the second is told")
  func twoResults() async throws {
    let run = try await stub(["init", "failure broken", "result done"])
    #expect(run.exit == 1)
    #expect(run.task?.message?.contains("broken") == true)
    let other = try await stub(["init", "result done", "failure broken"])
    #expect(other.last?.text == "done")
  }

  @Test("fault 31: escape sequences reach files and programs as they are, and no terminal")
  func escapes() async throws {
    let nasty = "\u{1b}]0;owned\u{07}\u{1b}[2J\u{9b}31m\u{202e}evil\r"
    let rope = try await Rope.make()
    let file = rope.space("nasty")
    try Data(nasty.utf8).write(to: URL(fileURLWithPath: file))
    let script = "cat '\(file)' >&2; cat '\(file)'; exit 3"
    let shown = try await rope.run(.sh(script), .init { $0.isJSON = false })
    for text in [shown.stderr, shown.said.stdout] {
      for scalar in text.unicodeScalars {
        let isControl = scalar.value < 0x20 && scalar != "\n" && scalar != "\t"
        #expect(
          !isControl && !(0x7F...0x9F).contains(scalar.value)
            && !(0x202A...0x202E).contains(scalar.value),
          "U+\(String(scalar.value, radix: 16)) in \(text.debugDescription)")
      }
    }
    #expect(try shown.bytes("stderr") == Array(nasty.utf8))
    #expect(shown.last?.stderrTail == nasty)
    let status = try await rope.command(["status"])
    #expect(!status.stdout.contains("\u{1b}"))
  }

  @Test("fault 32: a flood on stderr is kept whole, and its tail is shown")
  func stderrFlood() async throws {
    let run = try await rw("yes noise | head -c 30000000 >&2; echo last >&2; exit 1")
    #expect(run.last?.stderrTail?.hasSuffix("noise\nlast\n") == true)
    #expect((run.last?.stderrTail?.utf8.count ?? .max) < 20_000)
    let size = try FileManager.default.attributesOfItem(atPath: run.file("stderr"))[.size]
    #expect(size as? Int == 30_000_005)
  }

  @Test("fault 33: a secret that an agent prints is nowhere but in the raw output")
  func secrets() async throws {
    let secret = "sk-canary-0123456789"
    let run = try await rw("echo \"key: $CANARY_KEY\"; echo $CANARY_KEY >&2; exit 1") {
      $0.environment = ["CANARY_KEY": secret]
    }
    #expect(run.last?.text == "key: [masked]")
    #expect(run.last?.stderrTail == "[masked]\n")
    #expect(try run.text("stdout") == "key: \(secret)\n")
    for text in [run.said.stdout, run.said.stderr, try run.text("spec.json")] {
      #expect(!text.contains(secret))
    }
    let journal = try FileBytes.read(
      run.rope.space("repo") + "/.git/ropewalk/runs/"
        + (run.report.run?.text ?? "") + "/journal.jsonl")
    #expect(!String(decoding: journal, as: UTF8.self).contains(secret))
  }

  @Test("fault 33: raw output is for the user alone")
  func modes() async throws {
    let run = try await rw("echo secret")
    for name in ["stdout", "stderr", "spec.json", "prompt", "end.json"] {
      let mode = try FileManager.default.attributesOfItem(atPath: run.file(name))[.posixPermissions]
      #expect(mode as? Int == 0o600, "\(name)")
    }
    let folder = try FileManager.default.attributesOfItem(atPath: run.folder?.path ?? "")
    #expect(folder[.posixPermissions] as? Int == 0o700)
  }
}
