// Knows what the book of spending keeps, and that nothing about it can fail a run. Unaware of sums.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite("the book of spending")
struct SpendingBookTests {
  private let space = TestSpace()

  private func book(_ environment: [String: String]? = nil) throws -> SpendingBook {
    try #require(SpendingBook(environment: environment ?? ["XDG_STATE_HOME": space("state")]))
  }

  private func record(_ number: Int) -> SpendingRecord {
    SpendingRecord(
      time: Timestamp(milliseconds: number), run: "r", repository: "/repo", task: "t",
      attempt: number, agent: "a", runner: "claude", model: nil,
      usage: .init(tokens: nil, cost: .unknown))
  }

  private func attempts(_ book: SpendingBook) throws -> (attempts: [Int], unreadable: Int) {
    var attempts: [Int] = []
    let reading = try book.read { attempts.append($0.attempt) }
    return (attempts, reading.unreadableLines)
  }

  @Test("it is in the user's state folder, for the user alone")
  func place() throws {
    let book = try book()
    #expect(book.path == space("state") + "/ropewalk/spending.jsonl")
    #expect(try attempts(book).attempts == [])
    #expect(book.append(record(1)) == nil)
    #expect(book.append(record(2)) == nil)
    #expect(try attempts(book).attempts == [1, 2])
    let mode = { (path: String) in
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    #expect(try mode(book.path) == 0o600)
    #expect(try mode(space("state") + "/ropewalk") == 0o700)
    #expect(
      SpendingBook(environment: ["HOME": "/h"])?.path == "/h/.local/state/ropewalk/spending.jsonl")
    #expect(
      SpendingBook(environment: ["HOME": "/h", "XDG_STATE_HOME": "relative"])?.path
        == "/h/.local/state/ropewalk/spending.jsonl")
    #expect(SpendingBook(environment: [:]) == nil)
  }

  @Test("a torn last line is passed over, and does not swallow the next record")
  func torn() throws {
    let book = try book()
    let half = String(decoding: record(1).line.dropLast(9), as: UTF8.self)
    try Files.write(half, to: book.path)
    #expect(try attempts(book) == ([], 0))
    #expect(book.append(record(2)) == nil)
    #expect(try attempts(book) == ([2], 1))
  }

  @Test("a last line that lacks nothing but its newline counts")
  func noNewline() throws {
    let book = try book()
    try Files.write(String(decoding: record(1).line.dropLast(), as: UTF8.self), to: book.path)
    #expect(try attempts(book) == ([1], 0))
  }

  @Test("many writers at once lose no record")
  func manyWriters() async throws {
    let book = try book()
    await withTaskGroup { group in
      for number in 1...50 { group.addTask { _ = book.append(record(number)) } }
    }
    #expect(try attempts(book).attempts.sorted() == Array(1...50))
  }

  @Test("a book that cannot be written is told of and fails nothing")
  func unwritable() throws {
    try space.write("", to: "file")
    let book = try book(["XDG_STATE_HOME": space("file")])
    #expect(
      book.append(record(1))?.hasPrefix("the spending of this attempt is not written down: cannot")
        == true)
  }
}

@Suite("a user's prices")
struct PriceFileTests {
  private let space = TestSpace()
  private var file: PriceFile { PriceFile(environment: ["XDG_CONFIG_HOME": space.path]) }

  @Test("without a file the built-in prices count")
  func none() throws {
    #expect(try file.table() == .builtIn())
    #expect(try PriceFile(environment: [:]).table() == .builtIn())
  }

  @Test("a file adds prices and replaces those of its models")
  func own() throws {
    try space.write(
      "{ date: '2026-11-01', models: [{ match: 'gpt-5', input: 7, output: 8 }] }",
      to: "ropewalk/prices.json")
    let table = try file.table()
    #expect(table.price(of: "gpt-5")?.input == 7)
    #expect(table.price(of: "gpt-5-mini") == PriceTable.builtIn().price(of: "gpt-5-mini"))
  }

  @Test("a file that is wrong is refused by name and line")
  func wrong() throws {
    let path = try space.write("{\n  date: 1,\n  models: [] }", to: "ropewalk/prices.json")
    let refusal = #expect(throws: UserFileErrors.self) { try file.table() }
    #expect(refusal?.path == path)
    #expect(
      refusal?.errors.text(file: path).contains("prices.json:2:9, date") == true)
  }
}
