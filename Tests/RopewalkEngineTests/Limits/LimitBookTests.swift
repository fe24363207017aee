import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Testing

@Suite("The book of limits", .timeLimit(.minutes(10)))
struct LimitBookTests {
  private let space = TestSpace()
  private let now = Timestamp(milliseconds: 1_795_233_600_000)

  private var book: LimitBook {
    get throws { try #require(LimitBook(environment: ["XDG_STATE_HOME": space("state")])) }
  }

  private func limit(
    _ account: String, for rest: Duration, strikes: Int = 1, at time: Timestamp? = nil
  ) -> SharedLimit {
    let since = time ?? now
    return SharedLimit(
      account: AgentAccount(account), since: since, until: since.adding(rest), strikes: strikes)
  }

  @Test("what is written down is read back, is for the user alone, and lasts until it is over")
  func roundTrip() throws {
    let book = try book
    #expect(try book.read() == [])
    #expect(book.note(limit("claude", for: .seconds(90), strikes: 3), at: now) == nil)
    #expect(book.note(limit("codex", for: .seconds(10)), at: now) == nil)
    #expect(
      try book.read() == [
        limit("claude", for: .seconds(90), strikes: 3), limit("codex", for: .seconds(10)),
      ])
    // A shorter end does not take the place of a longer one.
    #expect(book.note(limit("claude", for: .seconds(9)), at: now) == nil)
    #expect(try book.read().first?.rest(at: now) == .seconds(90))
    #expect(book.forget(AgentAccount("claude"), at: now) == nil)
    #expect(try book.read().map(\.account.description) == ["codex"])
    let attributes = try FileManager.default.attributesOfItem(atPath: book.path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let folder = try FileManager.default.attributesOfItem(atPath: space("state/ropewalk"))
    #expect(folder[.posixPermissions] as? Int == 0o700)
    let names = try FileManager.default.contentsOfDirectory(atPath: space("state/ropewalk"))
    #expect(names.sorted() == ["limits.json", "limits.json.lock"])
  }

  @Test("a clock that is set back makes no sleep longer, and no sleep is longer than a day")
  func clock() {
    let limit = limit("claude", for: .seconds(600))
    #expect(limit.rest(at: now) == .seconds(600))
    #expect(limit.rest(at: now.adding(.seconds(599))) == .seconds(1))
    #expect(limit.rest(at: now.adding(.seconds(601))) == .zero)
    #expect(limit.rest(at: now.adding(.seconds(-365 * 86_400))) == .seconds(600))
    #expect(self.limit("claude", for: .seconds(1 << 30)).rest(at: now) == .seconds(86_400))
    #expect(self.limit("claude", for: .seconds(-5)).rest(at: now) == .zero)
  }

  @Test(
    "a damaged file is set aside, said, and replaced by what is known",
    arguments: ["", "{", "[]", #"{"limits":[{"account":"x"}]}"#, "\u{0}\u{1}", #"{"limits":7}"#])
  func damaged(text: String) throws {
    let book = try book
    try Files.write(text, to: book.path)
    #expect(throws: LimitBook.ReadError.damaged) { try book.read() }
    let said = try #require(book.note(limit("claude", for: .seconds(90)), at: now))
    #expect(said.contains("damaged") && said.contains(book.damagedPath))
    #expect(try book.read() == [limit("claude", for: .seconds(90))])
    #expect(try String(contentsOfFile: book.damagedPath, encoding: .utf8) == text)
  }

  @Test("many writers at once lose nothing, and a reader never sees half a file")
  func writers() async throws {
    let book = try book
    await withThrowingTaskGroup { group in
      for index in 0..<40 {
        group.addTask {
          #expect(book.note(self.limit("cli\(index)", for: .seconds(90)), at: self.now) == nil)
          _ = try book.read()
        }
      }
    }
    #expect(Set(try book.read().map(\.account)).count == 40)
  }

  @Test("where there is no place to write, the run is told once and goes on")
  func noPlace() async throws {
    try Files.write("", to: space("state"))
    let sharing = LimitSharing(try book, now: { Timestamp(milliseconds: 0) })
    let (problems, said) = AsyncStream<String>.makeStream()
    for _ in 0..<2 { sharing.tell(limit("claude", for: .seconds(90))) { said.yield($0) } }
    await sharing.settled()
    said.finish()
    var all: [String] = []
    for await problem in problems { all.append(problem) }
    #expect(all.count == 1)
    #expect(all.first?.hasPrefix("your other runs do not learn of this limit: ") == true)
    #expect(LimitBook(environment: [:]) == nil)
  }

  @Test("news is what has changed since the last look, without what is over")
  func news() async throws {
    let (book, now) = (try book, now)
    let sharing = LimitSharing(book, now: { now })
    #expect(await sharing.news().limits == [])
    _ = book.note(limit("claude", for: .seconds(90)), at: now)
    _ = book.note(limit("old", for: .seconds(9), at: now.adding(.seconds(-60))), at: now)
    #expect(await sharing.news().limits.map(\.account.description) == ["claude"])
    #expect(await sharing.news().limits == [])
    _ = book.note(limit("codex", for: .seconds(90)), at: now)
    #expect(await sharing.news().limits.count == 2)
  }
}
