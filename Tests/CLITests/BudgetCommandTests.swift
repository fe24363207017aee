// Knows what `ropewalk budget` prints of a given book. Unaware of how the book is written.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@Suite("ropewalk budget", .timeLimit(.minutes(10)))
struct BudgetCommandTests {
  private func run(_ words: [String], book: String? = nil) async throws -> RopeOutput {
    let rope = try await Rope.make()
    if let book { try rope.space.write(book, to: "state/ropewalk/spending.jsonl") }
    return try await rope.command(
      ["budget"] + words,
      Rope.Options { $0.environment["XDG_STATE_HOME"] = rope.space("state") })
  }

  private func line(
    _ time: String, _ usd: String, _ source: String, model: String = "m"
  ) -> String {
    #"{"time":"\#(time)T10:00:00.000Z","run":"r","agent":"a","model":"\#(model)","usd":\#(usd),"source":"\#(source)"}"#
      + "\n"
  }

  private var book: String {
    line("2026-01-05", "1.5", "reported") + line("2026-01-05", "null", "unknown", model: "n")
      + line("2026-01-06", "0.0312", "priced") + "{torn"
  }

  @Test("an empty book says so plainly")
  func empty() async throws {
    let said = try await run([])
    #expect(said.stdout == "nothing has been spent yet: no attempt is recorded\n")
    #expect(said.exit == 0 && said.stderr == "")
  }

  @Test("days are shown with what is known, what is missing, and who says so")
  func days() async throws {
    let said = try await run([], book: book)
    #expect(
      said.stdout == """
        DAY         ATTEMPTS  COST            SOURCES
        today       0         nothing
        this month  0         nothing

        2026-01-06  1         $0.0312         1 priced
        2026-01-05  2         at least $1.50  1 reported, 1 unknown

        """)
    #expect(said.exit == 0 && said.stderr == "")
  }

  @Test("any grouping can be had as JSON, and lines that cannot be read are counted")
  func json() async throws {
    let said = try await run(
      ["--by", "model", "--since", "2026-01-05", "--json"], book: "broken\n" + book)
    #expect(said.exit == 0)
    let json = try said.json
    #expect(json["by"]?.string == "model")
    #expect(json["unreadableLines"]?.int == 1)
    #expect(json["today"]?["attempts"]?.int == 0)
    #expect(json["today"]?["cost"]?["source"]?.string == "unknown")
    let groups = try #require(json["groups"]).elements.map(\.json.text)
    #expect(
      groups == [
        #"{"name":"m","attempts":2,"cost":{"usd":null,"source":"unknown","atLeast":1.5312},"unknownAttempts":1,"sources":{"reported":1,"priced":1},"tokens":null}"#,
        #"{"name":"n","attempts":1,"cost":{"usd":null,"source":"unknown"},"unknownAttempts":2,"sources":{"unknown":1},"tokens":null}"#,
      ])
    #expect(said.stderr.contains("note: left out, since it cannot be read: 1 line of "))
  }

  @Test("with a line that cannot be read no sum is whole, and an unreadable book is no empty one")
  func damaged() async throws {
    let part = try await run([], book: line("2026-01-05", "1.5", "reported") + "garbage\n")
    #expect(part.stdout.contains("2026-01-05  1         at least $1.50  1 reported"))
    #expect(try await run([], book: "garbage\n").stdout == "what was spent cannot be read\n")
  }

  @Test(
    "a grouping or a day that there is not is refused",
    arguments: [
      (["--by", "week"], "error: `--by` cannot be `week`"),
      (["--since", "yesterday"], "error: `--since` takes a day, not `yesterday`"),
      (["--since", "2026-02-30"], "error: `--since` takes a day, not `2026-02-30`"),
    ])
  func refusals(_ words: [String], _ message: String) async throws {
    let said = try await run(words)
    #expect(said.exit == 2)
    #expect(said.stderr.hasPrefix(message + "\n"))
  }
}
