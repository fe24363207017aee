// Knows that the example plans are read as the files beside them say. Unaware of how.

import Foundation
import RopewalkCore
import Testing

/// Each bad plan has what is said of it beside it, each good one the plan that a run would keep.
@Suite struct PlanFixtureTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "fixtures/plans")

  private func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: Self.folder.appending(path: path)))
  }

  @Test(
    "bad plans are refused with all that is wrong with them",
    arguments: ["names", "keys", "prompts", "torn"])
  func bad(name: String) throws {
    let report = CheckReport(PlanCase.decode(try bytes("bad/\(name).json5")))
    let expected = String(decoding: try bytes("bad/\(name).expected.txt"), as: UTF8.self)
    #expect(report.errorText(file: "\(name).json5").map { $0 + "\n" } == expected)
  }

  @Test(
    "good plans resolve to what is beside them, and that decodes to the same plan",
    arguments: ["auth.json5", "single.json", "programs.json5", "strategies.json5", "shared.json5"])
  func good(file: String) throws {
    let plan = try PlanCase.decode(try bytes("good/\(file)")).get()
    let name = file.prefix { $0 != "." }
    let expected = try bytes("good/\(name).resolved.json")
    #expect(plan.json.prettyText + "\n" == String(decoding: expected, as: UTF8.self))
    #expect(try PlanCase.decode(expected).get() == plan)
  }
}
