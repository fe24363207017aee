// Knows how changes of git's own small files are seen. Unaware of refs and of checkouts' files.

import Foundation

/// Configuration, hooks, HEAD, index and the list of worktrees of a repository.
struct GitFiles: Sendable {
  private struct Small: Sendable, Equatable {
    var stamp: FileStamp?
    /// Told apart by what it holds: a file that is written again as it was has not changed.
    var content: Int?
  }

  private let common: String
  /// The git directory of the user's checkout.
  private let current: String
  private let hashBytes: Int
  private let isOwnWorktree: @Sendable (String) -> Bool
  private var files: [String: Small] = [:]
  private var index = Small()
  private var worktrees: Set<String> = []

  /// - Parameter isOwnWorktree: whether the folder of a worktree is one that a run of ours made.
  init(
    common: String, current: String, hashBytes: Int,
    isOwnWorktree: @escaping @Sendable (String) -> Bool
  ) {
    self.common = common
    self.current = current
    self.hashBytes = hashBytes
    self.isOwnWorktree = isOwnWorktree
    _ = look()
  }

  private var paths: Set<String> {
    var paths: Set = [
      "\(common)/config", "\(current)/config.worktree", "\(current)/HEAD", "\(common)/HEAD",
    ]
    for folder in ["\(common)/hooks", "\(common)/info"] {
      paths.formUnion(FolderNames.all(in: folder).map { "\(folder)/\($0)" })
    }
    return paths
  }

  /// The absolute paths of what came, went or changed since the look before. Blocks.
  mutating func look() -> [String] {
    var changed: [String] = []
    for path in paths.union(files.keys) {
      let old = files[path]
      let new = small(path, old) { $0.hashValue }
      if new.content != old?.content || new.stamp?.mode != old?.stamp?.mode { changed.append(path) }
      files[path] = new.stamp == nil ? nil : new
    }
    let path = current + "/index"
    let new = small(path, index) { [hashBytes] text in
      IndexFile.contents(text, hashBytes: hashBytes)
    }
    if new.content != index.content { changed.append(path) }
    index = new
    return changed.sorted() + lookAtWorktrees()
  }

  private func small(_ path: String, _ old: Small?, _ digest: ([UInt8]) -> Int) -> Small {
    let stamp = FileStamp(path)
    if let old, stamp == old.stamp { return old }
    guard let stamp else { return Small() }
    // What is no file, or cannot be read, is known by its stamp alone.
    guard stamp.isFile, let bytes = try? FileBytes.read(path, limit: 256 << 20) else {
      return Small(stamp: stamp, content: Int(truncatingIfNeeded: stamp.inode) ^ Int(stamp.changed))
    }
    return Small(stamp: stamp, content: digest(bytes))
  }

  private mutating func lookAtWorktrees() -> [String] {
    let folder = common + "/worktrees"
    let strangers = FolderNames.all(in: folder).filter { name in
      if worktrees.contains(name) { return true }
      // An entry whose link git has not written yet is looked at again next time.
      guard let link = SmallFile.read("\(folder)/\(name)/gitdir"), link.hasSuffix("\n") else {
        return false
      }
      return !isOwnWorktree((link as NSString).deletingLastPathComponent)
    }
    defer { worktrees = Set(strangers) }
    return worktrees.symmetricDifference(strangers).sorted().map { "\(folder)/\($0)" }
  }
}

extension IndexFile {
  /// Tells indexes apart by what they say, not by what they remember of files' times, which any `git status` renews.
  static func contents(_ bytes: [UInt8], hashBytes: Int) -> Int {
    var hasher = Hasher()
    let index = IndexFile(Data(bytes), hashBytes: hashBytes) { entry, name in
      hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: entry[24..<28]))
      hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: entry[40..<(42 + hashBytes)]))
      name.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
    return index == nil ? bytes.hashValue : hasher.finalize()
  }
}
