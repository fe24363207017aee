import RopewalkCore
import Testing

@Suite("Lines of a stream")
struct LineSplitterTests {
  private func lines(_ chunks: [String], cap: Int = 100) -> [LineSplitter.Item] {
    var splitter = LineSplitter(cap: cap)
    let items = chunks.flatMap { splitter.take(Array($0.utf8)) }
    return items + [splitter.finish()].compactMap(\.self)
  }

  @Test(
    "fault 25: the lines are the same however the bytes arrive",
    arguments: [1, 2, 3, 7, 1000])
  func chunks(size: Int) {
    let text = "one\n\ntwo\r\nlast"
    let bytes = Array(text)
    let chunks = stride(from: 0, to: bytes.count, by: size).map {
      String(bytes[$0..<min($0 + size, bytes.count)])
    }
    #expect(
      lines(chunks) == ["one", "", "two\r", "last"].map { .line(Array($0.utf8)) })
  }

  @Test("fault 23: a line over the cap is counted, not kept, and the next one is read")
  func oversized() {
    #expect(
      lines(["12345", "6789", "0\nnext\n"], cap: 8)
        == [.oversized(byteCount: 10), .line(Array("next".utf8))])
  }

  @Test("fault 22: only a newline ends a line")
  func otherBreaks() {
    #expect(lines(["a\u{2028}b\u{0}c\rd\n"]) == [.line(Array("a\u{2028}b\u{0}c\rd".utf8))])
  }

  @Test("a million short lines and one of many megabytes take linear time")
  func linear() {
    var splitter = LineSplitter()
    #expect(
      splitter.take(Array(repeating: UInt8(ascii: "\n"), count: 1_000_000)).count == 1_000_000)
    let chunk = Array(repeating: UInt8(ascii: "x"), count: 1 << 16)
    for _ in 0..<512 { _ = splitter.take(chunk) }
    #expect(splitter.finish() == .oversized(byteCount: 512 << 16))
  }
}
