// Knows what one worktree is and how to see that it was tampered with.
// Unaware of how it is made, filled and emptied.

import CSystem
import Foundation
import RopewalkCore

/// One worktree, as recorded when it was made; the record, not the worktree, is believed later.
package struct Worktree: Sendable, Hashable, Codable {
  /// The folder's name within its run.
  package let name: String
  /// The folder of the files: absolute.
  package let path: String
  /// Git's folder about it, `COMMON/worktrees/NAME`: HEAD, index and log of this worktree.
  package let gitDirectory: String
  /// The folder's inode: another folder in its place is seen.
  let inode: UInt64
  /// What the link file `.git`, `commondir` and `config.worktree` held; nil for an absent file.
  let link: String?
  let common: String?
  let configuration: String?

  /// What differs from the record.
  struct Tampering: OptionSet {
    let rawValue: Int
    static let link = Tampering(rawValue: 1)
    static let administration = Tampering(rawValue: 2)
    static let configuration = Tampering(rawValue: 4)
    static let administrationGone = Tampering(rawValue: 8)
  }

  /// Compares with what stands on the disk now.
  ///
  /// - Throws: `WorktreeError.worktreeGone` where the folder is not the one that was made.
  func inspect() throws -> Tampering {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      UInt64(status.st_ino) == inode
    else { throw WorktreeError.worktreeGone(path: path) }
    var result: Tampering = []
    if SmallFile.read(path + "/.git") != link { result.insert(.link) }
    // A folder made anew may get the inode of the one that was removed; it has nothing in it then.
    if result == .link, isEmpty { throw WorktreeError.worktreeGone(path: path) }
    guard lstat(gitDirectory, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      return result.union(.administrationGone)
    }
    if SmallFile.read(gitDirectory + "/commondir") != common { result.insert(.administration) }
    if SmallFile.read(gitDirectory + "/config.worktree") != configuration {
      result.insert(.configuration)
    }
    return result
  }

  /// Whether the folder is empty.
  private var isEmpty: Bool {
    guard let stream = opendir(path) else { return false }
    defer { closedir(stream) }
    var entries = 0
    while readdir(stream) != nil { entries += 1 }
    return entries == 2
  }

  /// Where git may work on this worktree with its own index and HEAD.
  ///
  /// - Throws: `WorktreeError` where the worktree is gone or what git would read there was rewritten.
  func place(common: String) throws -> Git.Place {
    let tampering = try inspect()
    if tampering.contains(.administrationGone) { throw WorktreeError.worktreeGone(path: path) }
    if tampering.contains(.administration) {
      throw WorktreeError.rewritten(path: gitDirectory + "/commondir")
    }
    if tampering.contains(.configuration) {
      throw WorktreeError.rewritten(path: gitDirectory + "/config.worktree")
    }
    return .worktree(git: gitDirectory, common: common, files: path)
  }
}

/// Small files of git's own, read without following symbolic links.
enum SmallFile {
  /// The first `limit` bytes; nil where it is absent, no plain file, or unreadable.
  static func read(_ path: String, limit: Int = 65536) -> String? {
    let descriptor = csystem_open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    var bytes = [UInt8](repeating: 0, count: min(limit, Int(status.st_size)))
    let size = bytes.count
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, size) }
    guard count >= 0 else { return nil }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
