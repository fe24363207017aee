// Knows what trying again does to a live run and to one that is over. Unaware of schedules.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("trying again", .timeLimit(.minutes(10)))
struct RetryTests {
  /// One task that fails once, one that needs it, and one that keeps the run alive until it is told.
  private static func plan(_ mark: String, _ go: String, _ ready: String? = nil) -> RopePlan {
    let here = ready.map { "echo >'\($0)'; " } ?? ""
    return .tasks(
      [
        ("once", "mkdir '\(mark)' 2>/dev/null && exit 7; echo 1 >f"), ("after", "echo 2 >g"),
        ("long", "\(here)read x <'\(go)'; echo 3 >h"),
      ], needs: ["after": ["once"]])
  }

  @Test("a live run takes up what failed and what was skipped because of it, and nothing else")
  func live() async throws {
    let rope = try await Rope.make()
    let go = try rope.pipe("go")
    let ready = try rope.pipe("ready")
    let program = try await rope.start(Self.plan(rope.space("mark"), go, ready))
    try await rope.line(from: ready)
    #expect(
      try await rope.command(["watch", "--json"], .init { $0.wrapper = Self.until("skipped") })
        .exit == 0)
    #expect(try await rope.command(["retry", "last", "nobody"]).exit == 2)
    #expect(try await rope.command(["retry"]).exit == 0)
    #expect(
      try await rope.command(
        ["watch", "--json"],
        .init {
          $0.wrapper = Self.until(
            #""task":"after","agent":"agent-after","runner":"command","state":"completed""#)
        }
      )
      .exit == 0)
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0, "\(run.stderr)")
    #expect(run.report.tasks.map(\.state) == [.completed, .completed, .completed])
    #expect(run.report.tasks.map(\.attempts) == [2, 1, 1])
  }

  /// Reads what a program prints until a line holds some words.
  private static func until(_ words: String) -> [String] {
    ["sh", "-c", "\"$@\" | grep -q -m1 -F -- '\(words)'", "sh"]
  }

  @Test("a run that is over is taken up again by name, and what it has cost stays counted")
  func over() async throws {
    let rope = try await Rope.make()
    let go = try rope.pipe("go")
    async let told = rope.repository.sh("echo >'\(go)'")
    let run = try await rope.run(Self.plan(rope.space("mark"), go))
    _ = try await told
    #expect(run.exit == 1)
    let again = try await rope.command(["retry", "last", "once", "--json"])
    #expect(again.exit == 0, "\(again.stderr)")
    let status = try await rope.command(["status", "--json"]).json
    #expect(status["state"]?.string == "completed")
    #expect(status["tasks"].map { $0.elements.map { $0["attempts"]?.int } } == [2, 1, 1])
    let nothing = try await rope.command(["retry"])
    #expect(nothing.exit == 0)
    #expect(nothing.stderr.contains("nothing is left to be done"))
  }

  @Test("the socket of a run is for its user alone, whatever the folder's path is")
  func socket() async throws {
    let rope = try await Rope.make()
    let go = try rope.pipe("go")
    let ready = try rope.pipe("ready")
    let program = try await rope.start(.sh("echo >'\(ready)'; read x <'\(go)'; echo 1 >f"))
    try await rope.line(from: ready)
    let folder = try RunStore(stateDirectory: rope.stateDirectory).find(nil)
    var status = stat()
    #expect(lstat(folder.socket, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    #expect(lstat(folder.path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
    try await rope.repository.sh("echo >'\(go)'")
    #expect(try await program.ended().exit == 0)
  }
}
