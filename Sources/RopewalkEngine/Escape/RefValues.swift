// Knows how a repository's refs are read without running git. Unaware of who moves them.

import Foundation

/// The refs that an agent has no business with, by name.
///
/// Left out are those of a run's own, remote-tracking ones (fetching harms nobody, and editors do it by themselves),
/// and those that each worktree has for itself.
struct RefValues: Sendable {
  private let common: String
  private let ours: [String]
  private var packedStamp: FileStamp?
  private var packed: [String: String] = [:]
  private var values: [String: String] = [:]

  init(common: String, run: String) {
    self.common = common
    ours = [
      "refs/heads/ropewalk/\(run)", "refs/ropewalk", "refs/remotes", "refs/worktree",
      "refs/bisect", "refs/rewritten",
    ]
    values = read()
  }

  /// What a look finds of one ref.
  struct Change: Sendable, Equatable {
    var name: String
    var isNew: Bool
  }

  /// The refs that came, went or moved since the look before, wherever they are kept. Blocks.
  mutating func look() -> [Change] {
    let now = read()
    defer { values = now }
    guard now != values else { return [] }
    return Set(now.keys).union(values.keys).sorted().compactMap { name in
      guard now[name] != values[name] else { return nil }
      return Change(name: name, isNew: values[name] == nil)
    }
  }

  private func isOurs(_ name: String) -> Bool {
    ours.contains { name == $0 || name.hasPrefix($0 + "/") }
  }

  private mutating func read() -> [String: String] {
    let stamp = FileStamp(common + "/packed-refs")
    if stamp != packedStamp {
      packedStamp = stamp
      packed = readPacked()
    }
    var values = packed
    var open = ["refs"]
    while let folder = open.popLast() {
      for name in FolderNames.all(in: "\(common)/\(folder)") where !name.hasSuffix(".lock") {
        let ref = "\(folder)/\(name)"
        if isOurs(ref) { continue }
        guard let stamp = FileStamp("\(common)/\(ref)") else { continue }
        if stamp.isFolder {
          open.append(ref)
        } else if let text = SmallFile.read("\(common)/\(ref)", limit: 4096) {
          values[ref] = text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
      }
    }
    return values
  }

  private func readPacked() -> [String: String] {
    guard let text = SmallFile.read(common + "/packed-refs", limit: 64 << 20) else { return [:] }
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix("^") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, !isOurs(String(parts[1])) else { continue }
      values[String(parts[1])] = String(parts[0])
    }
    return values
  }
}
