// Knows how the files of a worktree become a tree, through an index that the agent cannot reach.
// Unaware of commits, refs and runs.

import CSystem
import Foundation
import RopewalkCore

/// Stages everything that a worktree holds, as `git add -A` would, and tells what could not be staged.
struct Staging: Sendable {
  let git: Git
  let place: Git.Place
  /// The private index; made anew by each `stage`.
  let index: String
  /// Patterns of the user and of litter, and the user's alone.
  let excludes: String
  let userExcludes: String?
  let hashBytes: Int

  /// A tree, and how it differs from the base's.
  struct Result: Sendable {
    var tree: ObjectID
    var files: [String] = []
    var fileCount = 0
    var oddities: [String] = []
    var keepsWorktree = false
  }

  /// - Parameters:
  ///   - head: what the index is filled from where the agent's own cannot be used.
  ///   - baseTree: what `files` are told against.
  func stage(
    _ worktree: Worktree, head: ObjectID, baseTree: ObjectID
  ) async throws -> Result {
    var oddities: [String] = []
    var keeps = false
    if try await !takeIndex(of: worktree, oddities: &oddities) {
      try await git.run(["read-tree", head.text], in: place, variables: variables)
    }
    var complaint = try await add()
    if complaint == nil {
      // The agent's index was readable, but git could not use it: a fresh one knows the same files.
      try await offPool { [index] in try Folder.remove(index) }
      try await git.run(["read-tree", head.text], in: place, variables: variables)
      complaint = try await add(accepting: [0, 1])
    }
    async let ignored = ignoredCount()
    var tree = try await writtenTree(baseTree, &oddities)
    var difference =
      tree == baseTree ? Difference() : try await self.difference(from: baseTree, to: tree)
    let nested = try await absorb(
      difference.newLinks + Self.unborn(in: complaint ?? ""), in: worktree)
    if !nested.isEmpty {
      tree = try await writeTree()
      difference = try await self.difference(from: baseTree, to: tree)
      keeps = true
      oddities += nested.map {
        "`\($0)` is a repository of its own: its files are in the result, its history is only in "
          + "the worktree"
      }
    }
    let unstaged = Self.unstaged(in: complaint ?? "")
    if !unstaged.isEmpty {
      keeps = true
      oddities += unstaged.prefix(20).map { "not in the result: \($0)" }
    }
    if !difference.movedLinks.isEmpty {
      keeps = true
      oddities += difference.movedLinks.prefix(20).map {
        "the submodule `\($0)` is at another commit, which only the worktree may have"
      }
    }
    let count = try await ignored
    if count > 0 { oddities.append("\(count) ignored files or folders are not in the result") }
    return Result(
      tree: tree, files: Array(difference.files.prefix(Collected.fileLimit)),
      fileCount: difference.files.count, oddities: oddities, keepsWorktree: keeps)
  }

  private var variables: [String: String] { ["GIT_INDEX_FILE": index] }

  /// Copies the agent's index, which knows the files' times and what was staged by force. False where it is
  /// absent or no index.
  private func takeIndex(
    of worktree: Worktree, oddities: inout [String]
  ) async throws -> Bool {
    let (index, hashBytes) = (index, hashBytes)
    let found = try await offPool { () -> IndexFile? in
      for path in [index, index + ".lock"] { try Folder.remove(path) }
      return try IndexFile.copy(
        worktree.gitDirectory + "/index", to: index, hashBytes: hashBytes)
    }
    guard let found else {
      oddities.append("the worktree's index is missing or damaged")
      return false
    }
    if found.hasUnmerged { oddities.append("conflicts were left unresolved in the index") }
    try await unhide(found.assumed, option: "--no-assume-unchanged")
    // A path that a sparse checkout leaves out is absent by right; one that is there counts.
    let present = found.skipped.filter { name in
      var status = stat()
      let path = Array(worktree.path.utf8) + [UInt8(ascii: "/")] + name + [0]
      return path.withUnsafeBytes {
        lstat($0.assumingMemoryBound(to: CChar.self).baseAddress!, &status)
      } == 0
    }
    try await unhide(present, option: "--no-skip-worktree")
    return true
  }

  private func unhide(_ paths: [Data], option: String) async throws {
    guard !paths.isEmpty else { return }
    let input = Data(paths.joined(separator: [0])) + Data([0])
    try await git.run(
      ["update-index", option, "-z", "--stdin"], in: place, input: input, variables: variables)
  }

  /// What git said about files that it could not stage; nil where it staged nothing at all.
  private func add(accepting: Set<Int32> = [0, 1, 128]) async throws -> String? {
    let answer = try await git.run(
      ["add", "--all", "--ignore-errors", "--", "."], in: place,
      configuration: ["core.excludesFile=\(excludes)"], variables: variables,
      accepting: accepting)
    return answer.status == 128 ? nil : answer.status == 0 ? "" : answer.errors
  }

  /// The tree of the index. Where objects that it names are gone, that of the files, all of them read anew.
  private func writtenTree(_ baseTree: ObjectID, _ oddities: inout [String]) async throws
    -> ObjectID
  {
    do {
      return try await writeTree()
    } catch is GitError {
      try await offPool { [index] in try Folder.remove(index) }
      try await git.run(["read-tree", baseTree.text], in: place, variables: variables)
      _ = try await add(accepting: [0, 1])
      oddities.append("objects that the worktree's index names are gone; its files were read anew")
      return try await writeTree()
    }
  }

  private func writeTree() async throws -> ObjectID {
    let answer = try await git.run(["write-tree"], in: place, variables: variables)
    guard let tree = ObjectID(answer.text) else {
      throw GitError(kind: .failed, command: "git write-tree", says: answer.text)
    }
    return tree
  }

  /// Folders count as one. Litter is not counted: nobody misses it.
  private func ignoredCount() async throws -> Int {
    let excludes = userExcludes ?? "/dev/null"
    return try await git.run(
      [
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory",
        "--no-empty-directory",
      ], in: place, configuration: ["core.excludesFile=\(excludes)"], variables: variables
    ).fields.count
  }
}

// Repositories inside the worktree.
extension Staging {
  /// Git says so, and stages nothing, of a nested repository without a commit.
  private static func unborn(in complaint: String) -> [String] {
    complaint.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("error: '"), line.hasSuffix("' does not have a commit checked out")
      else { return nil }
      let path = line.dropFirst(8).dropLast("' does not have a commit checked out".count)
      return String(path.hasSuffix("/") ? path.dropLast() : path)
    }
  }

  private static func unstaged(in complaint: String) -> [String] {
    complaint.split(separator: "\n").filter {
      $0.hasPrefix("error: ") && !$0.hasSuffix("does not have a commit checked out")
        && !$0.hasPrefix("error: unable to index file")
    }.map { String($0.dropFirst(7)) }
  }

  /// Replaces links to nested repositories by the files in them, for nobody else could read such a link.
  /// Returns those that were there.
  private func absorb(_ paths: [String], in worktree: Worktree) async throws -> [String] {
    var absorbed: [String] = []
    for path in Set(paths).sorted() {
      var status = stat()
      let folder = "\(worktree.path)/\(path)"
      guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
      let inner = Staging(
        git: git, place: place.with(files: folder), index: index + ".nested", excludes: excludes,
        userExcludes: userExcludes, hashBytes: hashBytes)
      try await git.run(["read-tree", "--empty"], in: inner.place, variables: inner.variables)
      _ = try await inner.add(accepting: [0, 1])
      let tree = try await inner.writeTree()
      try await git.run(
        ["update-index", "-z", "--force-remove", "--stdin"], in: place,
        input: Data(path.utf8) + Data([0]), variables: variables)
      try await git.run(
        ["read-tree", "--prefix=\(path)/", tree.text], in: place, variables: variables)
      try await offPool { try Folder.remove(inner.index) }
      absorbed.append(path)
    }
    return absorbed
  }
}

// What changed.
extension Staging {
  /// The paths that differ between two trees.
  struct Difference: Sendable {
    var files: [String] = []
    /// Paths that became links to repositories, and links that name another commit.
    var newLinks: [String] = []
    var movedLinks: [String] = []
  }

  private func difference(from old: ObjectID, to new: ObjectID) async throws -> Difference {
    let fields = try await git.run(
      [
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", old.text, new.text, "--",
      ],
      in: place
    ).fields
    var result = Difference()
    for start in stride(from: 0, to: fields.count - 1, by: 2) {
      let (modes, path) = (fields[start], fields[start + 1])
      result.files.append(path)
      let isLink = modes.dropFirst(8).hasPrefix("160000")
      let wasLink = modes.hasPrefix(":160000")
      if isLink, wasLink { result.movedLinks.append(path) }
      if isLink, !wasLink { result.newLinks.append(path) }
    }
    return result
  }
}

extension Git.Place {
  fileprivate func with(files: String) -> Git.Place {
    guard case .worktree(let git, let common, _) = self else { return self }
    return .worktree(git: git, common: common, files: files)
  }
}
