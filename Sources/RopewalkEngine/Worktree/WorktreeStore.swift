// Knows how the worktrees of one run are made, reset and removed.
// Unaware of agents, and of what a worktree's content means.

import CSystem
import Foundation
import RopewalkCore
import Synchronization

/// The worktrees of one run, in `HOME/.ropewalk/worktrees/RUN/`, and the commits made from them.
///
/// The user's checkout, index, HEAD, configuration, stash and hooks are never written. Git is never ended
/// half-way: `add`, `restore` and `merge` finish what they are at and then throw `CancellationError`; the
/// calls that keep or publish work, and `remove`, do all of it also in a cancelled task.
package final class WorktreeStore: Sendable {
  package let repository: Repository
  package let run: RunID
  /// Ignore patterns of what agent CLIs leave behind for themselves.
  let litter: [String]
  let isResumed: Bool
  /// One worktree is added at a time; files are written for as many as there are cores.
  private let adding = Gate(width: 1)
  private let filling = Gate(width: max(1, ProcessInfo.processInfo.activeProcessorCount))
  /// What each private index was last brought to; see `isTree`.
  let staged = Mutex<[String: ObjectID]>([:])
  let baseTrees = Mutex<[ObjectID: ObjectID]>([:])
  let git: Git
  /// The paths of worktrees that are or were being made.
  private let made = Mutex<Set<String>>([])

  /// - Parameter isResumed: whether another engine has worked on the run, so that refs of it may be there already.
  package init(
    repository: Repository, run: RunID, litter: [String] = [], isResumed: Bool = false
  ) {
    self.repository = repository
    self.isResumed = isResumed
    // An engine that goes on with the run waits for those of an engine that died.
    git = repository.git.marked([Self.mark: run.text])
    self.run = run
    self.litter = litter
  }

  /// The variable by which the calls of a run's engine are known.
  package static let mark = "ROPEWALK_GIT"

  var store: Git.Place { .store(common: repository.commonDirectory) }
  /// The folder that holds the run's worktrees.
  package var folder: String { "\(repository.home)/.ropewalk/worktrees/\(run)" }
  /// Where the run keeps its private indexes and its ignore patterns.
  var records: String { "\(repository.stateDirectory)/worktrees/\(run)" }
  var excludes: String { records + "/excludes" }

  /// Whether a worktree at `path` is one of this run's, or of another run's.
  func isOwn(_ path: String) -> Bool {
    if path.hasPrefix(folder + "/") { return made.withLock { $0.contains(path) } }
    return path.hasPrefix("\(repository.home)/.ropewalk/worktrees/")
  }

  /// Hides everything in `.ropewalk` from `git status`, itself included, but what users write there.
  static let hiding = "/*\n!/runners/\n!/config.json5\n"

  /// Makes the folders of the run; to be called once, before anything else. Folders that are there stay.
  ///
  /// - Throws: `WorktreeError` where something else stands in their place or the disk refuses.
  package func prepare() async throws {
    let excludes = try excludePatterns()
    try await offPool { [self] in
      guard access(repository.commonDirectory, F_OK) == 0 else {
        throw WorktreeError.repositoryGone(path: repository.commonDirectory)
      }
      let hidden = repository.home + "/.ropewalk"
      for path in [hidden, hidden + "/worktrees", folder] { try Folder.make(path, mode: 0o755) }
      try Folder.place(Self.hiding, at: hidden + "/.gitignore")
      let state = repository.stateDirectory
      for path in [state, state + "/worktrees", records] { try Folder.make(path, mode: 0o700) }
      try excludes.write(to: URL(fileURLWithPath: self.excludes), options: .atomic)
      // What an engine before this one has made, or died while it made it, is the run's own.
      let earlier = FolderNames.all(in: folder).map { "\(folder)/\($0)" }
      made.withLock { $0.formUnion(earlier) }
    }
  }

  private func excludePatterns() throws -> Data {
    var patterns = Data()
    // An absent or unreadable file of the user's own is no patterns, as for git.
    if let path = repository.userExcludes,
      let data = try? Data(contentsOf: URL(fileURLWithPath: path))
    {
      patterns = data + Data("\n".utf8)
    }
    return patterns + Data(litter.map { $0 + "\n" }.joined().utf8)
  }

  /// Makes the worktree `name` with the files of `commit`, its HEAD detached there.
  ///
  /// It is locked against `git worktree prune`. One is registered at a time, also among several runs.
  ///
  /// - Throws: `WorktreeError.pathTaken` and its like, `GitError`, `CancellationError`; no trace of the
  ///   worktree is left then.
  package func add(name: String, at commit: ObjectID) async throws -> Worktree {
    let path = try checkedPath(name)
    let worktree = try await alone {
      try Task.checkCancellation()
      return try await register(name: name, path: path, commit: commit)
    }
    do {
      try await filling.pass {
        try Task.checkCancellation()
        try await fill(worktree, with: commit)
      }
      try Task.checkCancellation()
      try await keepRecord(worktree)
    } catch {
      try await remove(worktree)
      throw error
    }
    return worktree
  }

  /// Does what changes git's list of worktrees while no other run of ours does: git itself fails on entries
  /// that come or go while it reads them.
  private func alone<Value: Sendable>(
    _ work: @Sendable () async throws -> Value
  ) async throws -> Value {
    try await adding.pass {
      let lock = try await offPool { [self] in
        guard access(repository.commonDirectory, F_OK) == 0 else {
          throw WorktreeError.repositoryGone(path: repository.commonDirectory)
        }
        return try RepositoryLock.take(repository.stateDirectory + "/lock")
      }
      // The lock is released with the handle.
      defer { withExtendedLifetime(lock) {} }
      return try await work()
    }
  }

  private func checkedPath(_ name: String) throws(WorktreeError) -> String {
    guard !name.isEmpty, name != ".", name != "..", !name.hasPrefix("-"),
      !name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") || $0 == 10 })
    else { throw .badName(name) }
    let path = "\(folder)/\(name)"
    if name.utf8.count > 255 { throw .tooLong(path: name, bytes: name.utf8.count, limit: 255) }
    // Room for `/.git` and for git's own temporary names.
    let limit = Int(PATH_MAX) - 64
    if path.utf8.count > limit { throw .tooLong(path: path, bytes: path.utf8.count, limit: limit) }
    return path
  }

  private func register(name: String, path: String, commit: ObjectID) async throws -> Worktree {
    var status = stat()
    guard lstat(path, &status) != 0 else { throw WorktreeError.pathTaken(path: path) }
    guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw WorktreeError.notAFolder(path: folder)
    }
    made.withLock { _ = $0.insert(path) }
    do {
      try await git.run(
        [
          "worktree", "add", "--quiet", "--detach", "--no-checkout", "--lock", "--reason",
          "in use by ropewalk run \(run)", "--", path, commit.text,
        ], in: store)
      return try record(name: name, path: path)
    } catch {
      let administration = SmallFile.read(path + "/.git").flatMap(linkTarget)
      try await offPool {
        try Folder.remove(path)
        if let administration { try Folder.remove(administration) }
      }
      throw error
    }
  }

  /// The folder that a link file names, where it is one of this repository's own.
  private func linkTarget(_ link: String) -> String? {
    guard link.hasPrefix("gitdir: ") else { return nil }
    let target = String(link.dropFirst(8)).trimmingCharacters(in: .newlines)
    let parent = (target as NSString).deletingLastPathComponent
    return Repository.resolved(parent) == repository.commonDirectory + "/worktrees" ? target : nil
  }

  /// Takes down what git has just made, before anyone else can touch it.
  private func record(name: String, path: String) throws -> Worktree {
    var status = stat()
    let link = SmallFile.read(path + "/.git")
    guard lstat(path, &status) == 0, let target = link.flatMap(linkTarget) else {
      throw WorktreeError.worktreeGone(path: path)
    }
    return Worktree(
      name: name, path: path, gitDirectory: target, inode: UInt64(status.st_ino), link: link,
      common: SmallFile.read(target + "/commondir"),
      configuration: SmallFile.read(target + "/config.worktree"))
  }

  private func fill(_ worktree: Worktree, with commit: ObjectID) async throws {
    let place = try worktree.place(common: repository.commonDirectory)
    try await git.run(["reset", "--quiet", "--hard", commit.text], in: place)
  }

  /// Brings the worktree back to the files of `commit` for another try; ignored files and nested
  /// repositories stay.
  ///
  /// A HEAD that the agent put on a branch is taken off it first: no branch is moved.
  ///
  /// - Parameter processesGone: nothing runs in the worktree any more, so a lock file there is stale.
  package func restore(
    _ worktree: Worktree, to commit: ObjectID, processesGone: Bool
  ) async throws {
    try Task.checkCancellation()
    let place = try worktree.place(common: repository.commonDirectory)
    let hashBytes = repository.objectFormat == "sha256" ? 32 : 20
    try await offPool {
      let own = worktree.gitDirectory
      if processesGone {
        for lock in ["index.lock", "HEAD.lock"] { try Folder.remove("\(own)/\(lock)") }
      }
      for half in HalfDone.allCases { try Folder.remove("\(own)/\(half.rawValue)") }
      let index = URL(fileURLWithPath: own + "/index")
      // An absent or unreadable index is written anew by git, as is one that hides paths from it.
      let known = (try? Data(contentsOf: index)).flatMap { IndexFile($0, hashBytes: hashBytes) }
      if known == nil || known?.assumed.isEmpty == false { try Folder.remove(index.path) }
    }
    if ObjectID(worktree.head ?? "") == nil {
      try await git.run(["update-ref", "--no-deref", "HEAD", commit.text], in: place)
    }
    try await filling.pass {
      try await git.run(["reset", "--quiet", "--hard", commit.text], in: place)
      try await git.run(
        ["clean", "--quiet", "-d", "--force"], in: place,
        configuration: ["core.excludesFile=\(excludes)"])
    }
    staged.withLock { $0[worktree.name] = nil }
    if try worktree.inspect() != [] {
      try await relink(worktree)
    }
    try Task.checkCancellation()
  }

  /// Puts the link file back, which the next agent's own git needs.
  private func relink(_ worktree: Worktree) async throws {
    try await offPool {
      let path = worktree.path + "/.git"
      try Folder.remove(path)
      if let link = worktree.link { try Folder.place(link, at: path) }
    }
  }

  /// Removes the worktree with all that is in it, and git's knowledge of it; an absent one is fine.
  ///
  /// Symbolic links are removed, not followed. Keep what is wanted first. Other worktrees are not pruned.
  package func remove(_ worktree: Worktree) async throws {
    staged.withLock { $0[worktree.name] = nil }
    let paths = [worktree.path, privateIndex(worktree), recordPath(worktree.name)]
    try await offPool {
      for path in paths { try Folder.remove(path) }
    }
    try await removeAdministration(worktree.gitDirectory, worktree.name)
  }

  /// Removes git's knowledge of a worktree, in one step for those who look.
  func removeAdministration(_ path: String, _ name: String) async throws {
    let away = "\(records)/\(name).gone"
    try await offPool { try Folder.remove(away) }
    try await alone {
      guard rename(path, away) != 0, csystem_errno() != ENOENT else { return }
      throw WorktreeError.unusable(path: path, code: csystem_errno())
    }
    try await offPool { try Folder.remove(away) }
  }

  /// Removes the run's empty folders; worktrees that are still there stay.
  ///
  /// - Parameter isOver: whether nobody will go on with the run, so that its private records go too.
  package func finish(isOver: Bool = true) async throws {
    try await alone {
      // Git leaves no empty folder either; one that is not empty stays.
      rmdir(folder)
      rmdir(repository.commonDirectory + "/worktrees")
    }
    guard isOver else { return }
    try await offPool { [self] in try Folder.remove(records) }
  }

  func privateIndex(_ worktree: Worktree) -> String { "\(records)/\(worktree.name).index" }
}
