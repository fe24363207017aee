// Knows whether two patterns of paths could mean the same file. Unaware of which files there are.

/// One pattern of a task's `touches`: a path, a folder, or a glob such as `src/api/**`.
package struct PathPattern: Hashable, Sendable {
  package let text: String
  /// What every path that it means begins with.
  private let head: String
  private let isPlain: Bool

  /// Nil for a pattern that leads out of the repository or means nothing.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }
    guard !text.hasPrefix("/"), !parts.isEmpty, !parts.contains("..") else { return nil }
    self.text = text
    let path = parts.joined(separator: "/")
    head = String(path.prefix { !"*?[{\\".contains($0) })
    isPlain = head.utf8.count == path.utf8.count
  }

  /// Whether some file could be meant by both. What stands behind the first wildcard is not looked
  /// at, so that the answer is never a wrong no; `*.md` and `*.swift` are taken to overlap.
  package func canOverlap(_ other: PathPattern) -> Bool {
    switch (isPlain, other.isPlain) {
    case (true, true): Self.isWithin(head, other.head) || Self.isWithin(other.head, head)
    case (true, false): other.canMean(head)
    case (false, true): canMean(other.head)
    case (false, false): head.hasPrefix(other.head) || other.head.hasPrefix(head)
    }
  }

  /// Whether a glob could mean a plain path or something in it.
  private func canMean(_ path: String) -> Bool {
    path.hasPrefix(head) || Self.isWithin(head, path)
  }

  /// Whether a path is another one or lies in it.
  private static func isWithin(_ path: String, _ folder: String) -> Bool {
    path == folder || path.hasPrefix(folder + "/")
  }
}
