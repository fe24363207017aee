// Knows that damaged output never becomes a success that the original was not.
// Unaware of what the damage means.

import Foundation
import RopewalkCore
import RopewalkWire
import Testing

@Suite("damaged output")
struct OutputFuzzTests {
  /// Pieces that have upset parsers before.
  private static let pieces: [[UInt8]] = [
    [0], [0xFF], [0xEF, 0xBB, 0xBF], [0x0A], [0x0D], [0x22], [0x5C], [0x7B], [0x5D],
    Array("null".utf8), Array("1e999".utf8), Array(#"\ud800"#.utf8), Array("[[[[".utf8),
    Array("true".utf8), Array(#""type":"#.utf8), Array("-9223372036854775809".utf8),
  ]

  private static func mutated(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
      let at = Int.random(in: bytes.indices, using: &random)
      let end = min(bytes.count, at + Int.random(in: 1...64, using: &random))
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.removeSubrange(at..<end)
      case 2: bytes.insert(contentsOf: bytes[at..<end], at: at)
      case 3: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: at)
      case 4: bytes.removeSubrange(at...)
      default: bytes.swapAt(at, Int.random(in: bytes.indices, using: &random))
      }
    }
    return bytes
  }

  @Test("fault fuzz: 2,000 damaged recordings: no crash, and no success that the original lacked")
  func recordings() {
    var random = SplitMix64(state: 20_26)
    let rules = Dictionary(
      uniqueKeysWithValues: Set(Transcript.all.map(\.runner)).map { ($0, Reading.rules($0)) })
    var failures = 0
    for round in 0..<2_000 {
      let run = Transcript.all[round % Transcript.all.count]
      let damagesFile = run.resultFile != nil && Bool.random(using: &random)
      let stdout = damagesFile ? run.stdout : Self.mutated(run.stdout, &random)
      let file = damagesFile ? run.resultFile.map { Self.mutated($0, &random) } : run.resultFile
      guard let rules = rules[run.runner] else { continue }
      let (_, outcome) = Reading.read(
        stdout, rules, end: run.end, stderr: Self.mutated(run.stderr, &random), resultFile: file)
      let wasSuccess = run.expected["ok"]?.bool == true
      if !wasSuccess {
        failures += 1
        #expect(!outcome.ok, "round \(round): \(run.testDescription)")
      }
      #expect(outcome.ok == (outcome.cause == nil))
      #expect((outcome.cost.usd ?? 0).isFinite && (outcome.cost.usd ?? 0) >= 0)
    }
    #expect(failures > 800)
  }

  @Test("fault fuzz: a failed recording is no success however its lines are shuffled or repeated")
  func shuffled() {
    var random = SplitMix64(state: 7)
    for run in Transcript.all where run.expected["ok"]?.bool == false {
      let lines = run.stdout.split(separator: 0x0A).map(Array.init)
      for _ in 0..<4 {
        let order = (lines + lines.shuffled(using: &random)).shuffled(using: &random)
        // A run in steps that ended with an open step can be shuffled into one that did not.
        if run.runner == "opencode-run" { continue }
        let (_, outcome) = Reading.read(
          Array(order.joined(separator: [0x0A])), Reading.rules(run.runner), end: run.end,
          stderr: run.stderr, resultFile: run.resultFile)
        #expect(!outcome.ok, "\(run.testDescription)")
      }
    }
  }

  @Test(
    "every text of the JSON test suite is one line of output that ends nothing",
    .enabled(
      if: JSONSuite.folder != nil,
      "set ROPEWALK_JSON_TEST_SUITE to the folder of JSONTestSuite's test_parsing files"))
  func suiteAsLines() throws {
    for file in try JSONSuite.files() {
      for runner in ["claude", "opencode", "opencode-run", "command"] {
        let (_, outcome) = Reading.read(file.bytes, Reading.rules(runner))
        #expect(outcome.ok == (runner == "command"), "\(file.name) as \(runner)")
      }
    }
  }
}
