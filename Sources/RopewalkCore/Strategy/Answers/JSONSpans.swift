// Knows where JSON objects and lists may stand in prose. Unaware of what they say.

/// The stretches of a text that may be JSON objects or lists, found in one pass.
///
/// Agents print megabytes and never close a bracket, so no bracket is looked at twice: a bracket
/// that opens is kept until its partner comes, and whatever no JSON text can hold (a wrong partner,
/// a line break within a string, a code fence) forgets all that are open.
struct JSONSpans {
  struct Span {
    var range: Range<Int>
    /// Whether it stands in a code block that is marked as JSON.
    var isFenced: Bool
  }

  /// A code block that has begun.
  private struct Fence {
    var ticks: Int
    var isJSON: Bool
  }

  /// In the order of their ends, so that what is inside a span comes right before it.
  private(set) var spans: [Span] = []
  private let bytes: [UInt8]
  private var open: [Int] = []
  private var fence: Fence?

  /// Takes time linear in the text.
  init(of bytes: [UInt8]) {
    self.bytes = bytes
    var at = 0
    while at < bytes.count {
      let isLineStart = at == 0 || bytes[at - 1] == UInt8(ascii: "\n")
      if isLineStart, let end = passFence(from: at) {
        at = end
      } else {
        at = pass(at)
      }
    }
  }

  /// Takes in what stands at an offset; the offset after it.
  private mutating func pass(_ at: Int) -> Int {
    switch bytes[at] {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      if mayOpen(at) { open.append(at) }
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      close(at)
    case UInt8(ascii: "\"") where !open.isEmpty:
      // In prose quotes mean nothing; within a bracket they begin a string.
      return passString(from: at)
    default: break
    }
    return at + 1
  }

  /// Whether what follows the bracket could stand there in JSON; most brackets of prose end here.
  private func mayOpen(_ at: Int) -> Bool {
    guard let next = bytes[(at + 1)...].first(where: { $0 > 0x20 }) else { return false }
    let isObject = bytes[at] == UInt8(ascii: "{")
    switch next {
    case UInt8(ascii: "\""): return true
    case UInt8(ascii: "}"): return isObject
    case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "-"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "t"), UInt8(ascii: "f"),
      UInt8(ascii: "n"):
      return !isObject
    default: return false
    }
  }

  private mutating func close(_ at: Int) {
    guard let start = open.popLast() else { return }
    let isPartner = (bytes[start] == UInt8(ascii: "{")) == (bytes[at] == UInt8(ascii: "}"))
    if isPartner {
      spans.append(Span(range: start..<at + 1, isFenced: fence?.isJSON == true))
    } else {
      open.removeAll()
    }
  }

  private mutating func passString(from start: Int) -> Int {
    var at = start + 1
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\\"): at += 2
      case UInt8(ascii: "\""): return at + 1
      case UInt8(ascii: "\n"):
        open.removeAll()
        return at
      default: at += 1
      }
    }
    return bytes.count
  }

  /// Takes in the line when it begins or ends a code block; the offset of its end.
  private mutating func passFence(from start: Int) -> Int? {
    let ticksStart = bytes[start...].firstIndex { $0 != UInt8(ascii: " ") } ?? bytes.endIndex
    let ticksEnd =
      bytes[ticksStart...].firstIndex { $0 != UInt8(ascii: "`") } ?? bytes.endIndex
    let ticks = ticksEnd - ticksStart
    guard ticks >= 3 else { return nil }
    let end = bytes[ticksEnd...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
    let label = String(decoding: bytes[ticksEnd..<end].prefix(32), as: UTF8.self).trimmed
    if let begun = fence {
      if label.isEmpty, ticks >= begun.ticks { fence = nil }
    } else {
      fence = Fence(ticks: ticks, isJSON: label.lowercased() == "json")
    }
    open.removeAll()
    return end
  }
}
