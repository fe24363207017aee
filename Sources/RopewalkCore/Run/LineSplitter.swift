// Knows how a stream of bytes falls into lines. Unaware of what the lines say.

/// Cuts a stream into lines at `\n` and nothing else, in linear time and bounded memory.
package struct LineSplitter: Sendable {
  package enum Item: Sendable, Equatable {
    /// A line without its newline.
    case line([UInt8])
    /// A line over the cap: only its length is known here, its bytes are in the file.
    case oversized(byteCount: Int)
  }

  /// Longer lines are counted, not kept.
  package static let defaultCap = 16 << 20

  private let cap: Int
  private var partial: [UInt8] = []
  /// The length so far of a line that is over the cap.
  private var skipped: Int?

  package init(cap: Int = Self.defaultCap) { self.cap = cap }

  package mutating func take(_ bytes: [UInt8]) -> [Item] {
    var items: [Item] = []
    var rest = bytes[...]
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      add(rest[..<newline])
      items.append(cut())
      rest = rest[(newline + 1)...]
    }
    add(rest)
    return items
  }

  /// The last line, when it has no newline.
  package mutating func finish() -> Item? {
    partial.isEmpty && skipped == nil ? nil : cut()
  }

  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    if let length = skipped {
      skipped = length + bytes.count
    } else if partial.count + bytes.count > cap {
      skipped = partial.count + bytes.count
      partial = []
    } else {
      partial.append(contentsOf: bytes)
    }
  }

  private mutating func cut() -> Item {
    defer {
      partial = []
      skipped = nil
    }
    return skipped.map { .oversized(byteCount: $0) } ?? .line(partial)
  }
}
