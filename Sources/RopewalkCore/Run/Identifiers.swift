// Knows the names by which runs, tasks and commits are called, and what a valid name is.
// Unaware of where they are kept.

/// A task's name within its plan. Paths and refs are built from it, so its form is checked once, here.
package struct TaskID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  /// The rule, as messages state it.
  package static let rule = "a letter or digit, then up to 63 letters, digits, `.`, `_` or `-`"

  /// Nil when `text` breaks the rule, or when git could not make a branch of that name.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard (1...64).contains(bytes.count), Self.isPlain(bytes[0]),
      bytes.allSatisfy({ Self.isPlain($0) || ".-_".utf8.contains($0) }),
      bytes.last != UInt8(ascii: "."), !text.contains(".."), !text.lowercased().hasSuffix(".lock")
    else { return nil }
    self.text = text
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }

  package static func < (left: TaskID, right: TaskID) -> Bool { left.text < right.text }
  package var description: String { text }
}

/// The name of one execution of a plan: `20261121-040251-k3f9`, the start in UTC and four random letters.
package struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  /// Nil when `text` could not be a folder and part of a ref; the same rule as for tasks.
  package init?(_ text: String) {
    guard TaskID(text) != nil else { return nil }
    self.text = text
  }

  package static func < (left: RunID, right: RunID) -> Bool { left.text < right.text }
  package var description: String { text }
}

/// A git object name in full: 40 or 64 hexadecimal digits.
package struct ObjectID: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init?(_ text: String) {
    guard text.utf8.count == 40 || text.utf8.count == 64,
      text.utf8.allSatisfy({
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
          || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f"))
      })
    else { return nil }
    self.text = text
  }

  /// The first ten digits, for people.
  package var short: String { String(text.prefix(10)) }
  package var description: String { text }
}
