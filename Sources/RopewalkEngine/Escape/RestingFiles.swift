// Knows how changes of a worktree are seen in which nobody has any business. Unaware of whose it is.

import Foundation

/// All files of a worktree whose task has no attempt under way, ignored ones and its `.git` included.
struct RestingFiles: Sendable {
  let path: String
  private var stamps: [String: FileStamp] = [:]

  /// Worktrees of more entries are not looked at: nothing depends on what is written there but a repair.
  static let limit = 20_000

  /// Nil for a worktree that has too many files. Blocks.
  init?(_ path: String) {
    self.path = path
    guard let stamps = Self.stamps(in: path) else { return nil }
    self.stamps = stamps
  }

  var count: Int { stamps.count }

  private static func stamps(in top: String) -> [String: FileStamp]? {
    var stamps: [String: FileStamp] = [:]
    var open = [""]
    while let folder = open.popLast() {
      for name in FolderNames.all(in: folder.isEmpty ? top : "\(top)/\(folder)") {
        let path = folder.isEmpty ? name : "\(folder)/\(name)"
        guard let stamp = FileStamp("\(top)/\(path)") else { continue }
        if stamp.isFolder {
          open.append(path)
        } else {
          stamps[path] = stamp
          if stamps.count > limit { return nil }
        }
      }
    }
    return stamps
  }

  /// The files that came, went or changed since the look before. Blocks.
  mutating func look() -> [String] {
    let now = Self.stamps(in: path) ?? [:]
    var changed = now.filter { FileStamp?.some($1).differs(from: stamps[$0]) }.map(\.key)
    changed += stamps.keys.filter { now[$0] == nil }
    stamps = now
    return changed.sorted()
  }
}
