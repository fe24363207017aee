import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Testing

@Suite("The journal on disk", .timeLimit(.minutes(10)))
struct JournalTests {
  private func event(_ seq: Int, run: String = "r1") throws -> RunEvent {
    RunEvent(
      seq: seq, time: Timestamp(milliseconds: 0), run: try #require(RunID(run)),
      payload: .errorOccurred("number \(seq)"))
  }

  private func lines(_ count: Int) throws -> [UInt8] {
    try (1...count).flatMap { JournalLine.encode(try event($0)) }
  }

  private func read(_ path: String) throws -> (JournalReader.End, [Int]) {
    var seqs: [Int] = []
    let end = try JournalReader.read(path) { seqs.append($0.seq) }
    return (end, seqs)
  }

  @Test("what many commit at once is there, whole and in the order of the commits")
  func commits() async throws {
    let space = TestSpace()
    let path = space.path + "/journal.jsonl"
    let writer = try JournalWriter(creating: path)
    for seq in 1...200 {
      try await writer.commit(JournalLine.encode(try event(seq)), durable: seq.isMultiple(of: 10))
    }
    writer.close()
    let (end, seqs) = try read(path)
    #expect(end == .clean)
    #expect(seqs == Array(1...200))
  }

  @Test("an existing journal is never written over")
  func noOverwrite() throws {
    let space = TestSpace()
    let path = space.path + "/journal.jsonl"
    try FileBytes.create(path, [1])
    #expect(throws: SystemError.self) { try JournalWriter(creating: path) }
    #expect(try FileBytes.read(path) == [1])
  }

  @Test(
    "fault 46: a journal cut at any byte gives the whole lines before the cut and says the rest")
  func everyCut() throws {
    let space = TestSpace()
    let whole = try lines(4)
    for length in 0...whole.count {
      let path = space.path + "/cut-\(length)"
      try FileBytes.create(path, Array(whole.prefix(length)))
      let (end, seqs) = try read(path)
      let newlines = whole.prefix(length).count { $0 == UInt8(ascii: "\n") }
      let rest = length - (whole.prefix(length).lastIndex(of: UInt8(ascii: "\n")) ?? -1) - 1
      #expect(seqs == Array(1..<(newlines + 1)))
      #expect(end == (rest == 0 ? .clean : .torn(bytes: rest)))
    }
  }

  @Test("fault 47: a flipped byte is told by its line, and nothing after it is believed")
  func everyFlip() throws {
    let space = TestSpace()
    let whole = try lines(3)
    for index in whole.indices where whole[index] != UInt8(ascii: "\n") {
      var damaged = whole
      damaged[index] ^= 0x01
      let path = space.path + "/flip-\(index)"
      try FileBytes.create(path, damaged)
      let (end, seqs) = try read(path)
      let line = whole.prefix(index).count { $0 == UInt8(ascii: "\n") } + 1
      guard case .damaged(let told, _) = end else {
        Issue.record("byte \(index) was flipped and the journal is \(end)")
        continue
      }
      #expect(told == line)
      #expect(seqs == Array(1..<line))
    }
  }

  @Test("fault 47: a missing line, a foreign line and zeros are told by their line")
  func otherDamage() throws {
    let space = TestSpace()
    let first = JournalLine.encode(try event(1))
    let cases: [(String, [UInt8], String)] = [
      ("gap", first + JournalLine.encode(try event(3)), "it is number 3 where 2 should be"),
      (
        "foreign", first + JournalLine.encode(try event(2, run: "r2")),
        "it belongs to the run `r2`"
      ),
      ("zeros", first + Array(repeating: 0, count: 64) + [10], "its checksum does not fit"),
    ]
    for (name, bytes, reason) in cases {
      let path = space.path + "/" + name
      try FileBytes.create(path, bytes)
      let (end, seqs) = try read(path)
      #expect(end == .damaged(line: 2, reason))
      #expect(seqs == [1])
    }
  }

  @Test("fault 49: a journal that cannot be written says so to everyone from then on")
  func noRoom() async throws {
    let writer = try JournalWriter(opening: "/dev/full")
    await #expect(throws: SystemError.self) { try await writer.commit([1], durable: true) }
    await #expect(throws: SystemError.self) { try await writer.commit([2], durable: false) }
    writer.close()
  }

  @Test("a follower sees every line of a growing journal once, and stops at the end of the run")
  func follow() async throws {
    let space = TestSpace()
    let path = space.path + "/journal.jsonl"
    let writer = try JournalWriter(creating: path)
    let (changes, tick) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    async let seen = Self.follow(path, changes)
    for seq in 1...50 {
      try await writer.commit(JournalLine.encode(try event(seq)), durable: false)
      tick.yield()
    }
    let last = RunEvent(
      seq: 51, time: Timestamp(milliseconds: 0), run: try #require(RunID("r1")),
      payload: .runFinished(.completed, seconds: 1, status: .null))
    try await writer.commit(JournalLine.encode(last), durable: true)
    tick.finish()
    #expect(try await seen == Array(1...51))
    writer.close()
  }

  private static func follow(_ path: String, _ changes: AsyncStream<Void>) async throws -> [Int] {
    var seqs: [Int] = []
    _ = try await JournalFollower(path: path).follow(changes) { seqs.append($0.event.seq) }
    return seqs
  }
}
