// Knows how objects that somebody else made come into the repository. Unaware of who made them.

import CSystem
import Foundation
import RopewalkCore

extension WorktreeStore {
  /// Copies every object of a store that stands apart into the repository, if all of them are sound and refer to
  /// nothing that is missing; else none.
  ///
  /// - Parameter folder: for what is made on the way; on the repository's file system.
  /// - Throws: `GitError` for objects that git refuses, `WorktreeError`.
  func importObjects(from objects: String, by folder: String) async throws {
    // The names of all that is in it, but for what it borrows.
    let (info, aside) = (objects + "/info", folder + "/info")
    try await Self.move(info, to: aside)
    let listed: Git.Answer
    do {
      listed = try await git.run(
        ["cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname)"],
        in: store, variables: ["GIT_OBJECT_DIRECTORY": objects])
    } catch {
      try await Self.move(aside, to: info)
      throw error
    }
    try await Self.move(aside, to: info)
    guard !listed.output.isEmpty else { return }
    let name = try await git.run(
      ["pack-objects", "-q", folder + "/made"], in: store, input: listed.output,
      variables: ["GIT_ALTERNATE_OBJECT_DIRECTORIES": objects]
    ).text
    guard name.utf8.allSatisfy({ $0 != UInt8(ascii: "/") }), !name.isEmpty else {
      throw GitError(kind: .failed, command: "git pack-objects", says: name)
    }
    let pack = "\(folder)/made-\(name)"
    try await git.run(
      ["index-pack", "--strict", "-o", pack + ".checked", pack + ".pack"], in: store)
    let target = "\(repository.commonDirectory)/objects/pack/pack-\(name)"
    // Git knows a pack by its index, which therefore comes last.
    try await Self.move(pack + ".pack", to: target + ".pack")
    try await Self.move(pack + ".checked", to: target + ".idx")
  }

  private static func move(_ from: String, to: String) async throws {
    try await offPool {
      guard rename(from, to) == 0 else {
        throw WorktreeError.unusable(path: to, code: csystem_errno())
      }
    }
  }
}

extension WorktreeStore {
  /// Makes a worktree's own HEAD, index, log and refs name nothing that is not in the repository: a name that leads
  /// nowhere would be in the way of every git that looks at all worktrees.
  ///
  /// - Parameters:
  ///   - commit: what HEAD is put at where it leads nowhere.
  ///   - isSuspicious: whether they are given up without being looked at.
  /// - Returns: whether they were given up.
  func mend(
    _ worktree: Worktree, at commit: ObjectID, isSuspicious: Bool
  ) async throws -> Bool {
    if !isSuspicious, let head = ObjectID(worktree.head ?? "") {
      let answer = try await git.run(
        ["rev-list", "--no-walk", "--quiet", head.text, "--"], in: store, accepting: [0, 128])
      if answer.status == 0 { return false }
    } else if !isSuspicious, worktree.head?.hasPrefix("ref: ") == true {
      return false
    }
    let own = worktree.gitDirectory
    try await offPool {
      for name in ["HEAD", "index", "logs", "refs", "ORIG_HEAD"] {
        try Folder.remove("\(own)/\(name)")
      }
      try Folder.place(commit.text + "\n", at: own + "/HEAD")
    }
    return true
  }
}
