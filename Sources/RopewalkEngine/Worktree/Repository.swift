// Knows where a repository keeps its things, and what the user's checkout is at.
// Unaware of runs and of the worktrees that are made for them.

import CSystem
import Foundation
import RopewalkCore

/// A user's repository, found once at the start of a run.
package struct Repository: Sendable {
  /// Who stands in the commits that are made for agents.
  package struct Identity: Sendable, Hashable {
    package let name: String
    package let email: String
  }

  package let git: Git
  /// Git's common directory: absolute, without symbolic links.
  package let commonDirectory: String
  /// The git directory of the worktree that was started in: `commonDirectory` in the main one.
  package let currentGitDirectory: String
  /// The top of the worktree that was started in; nil in a bare repository.
  package let currentTop: String?
  /// The top of the main worktree; of a bare repository, its git directory.
  package let home: String
  package let isBare: Bool
  /// `sha1` or `sha256`.
  package let objectFormat: String
  package let identity: Identity
  /// The user's own file of ignore patterns for all repositories, where there is one.
  package let userExcludes: String?
  /// What a fresh worktree of this repository lacks or does otherwise; each a sentence for the user.
  package let notices: [String]

  /// Where runs keep their records: out of reach of `git clean` and out of sight of `git status`.
  package var stateDirectory: String { commonDirectory + "/ropewalk" }

  private static let locators: Set = [
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
  ]

  /// Finds the repository that `directory` belongs to, as git itself would, `GIT_DIR` and its like
  /// included.
  ///
  /// - Throws: `GitError`: no repository, git missing or too old, a repository of another user.
  package static func find(
    from directory: String, environment: [String: String],
    clock: any Clock<Duration> = ContinuousClock()
  ) async throws(GitError) -> Repository {
    let git = try Git(environment: environment, clock: clock)
    try await git.checkVersion(in: directory)
    let locators = environment.filter { Self.locators.contains($0.key) }
    func ask(_ arguments: [String]) async throws(GitError) -> String {
      try await git.run(["rev-parse"] + arguments, in: .directory(directory), variables: locators)
        .text
    }
    // Each path stands last or alone: a line break in it cannot be taken for the end of an answer.
    let facts = try await ask([
      "--is-inside-work-tree", "--show-object-format", "--path-format=absolute", "--git-common-dir",
    ]).split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    let common = resolved(facts[2])
    let current = resolved(try await ask(["--path-format=absolute", "--absolute-git-dir"]))
    let top =
      facts[0] == "true"
      ? resolved(try await ask(["--path-format=absolute", "--show-toplevel"])) : nil
    let settings = try await Settings.read(git: git, common: common)
    let isBare = settings["core.bare"] == "true" && (current != common || top == nil)
    return Repository(
      git: git, commonDirectory: common, currentGitDirectory: current, currentTop: top,
      home: home(common: common, current: current, top: top, isBare: isBare, settings: settings),
      isBare: isBare, objectFormat: facts[1],
      identity: settings.identity(environment: environment),
      userExcludes: settings.excludes(environment: environment),
      notices: settings.notices(common: common) + settings.absences(top: top))
  }

  private static func home(
    common: String, current: String, top: String?, isBare: Bool, settings: Settings
  ) -> String {
    if isBare { return common }
    if current == common, let top { return top }
    if let configured = settings["core.worktree"] {
      return resolved(configured.hasPrefix("/") ? configured : "\(common)/\(configured)")
    }
    let parent = (common as NSString).deletingLastPathComponent
    // A git directory kept apart does not say where its main worktree is: the one at hand will do.
    return common.hasSuffix("/.git") ? parent : top ?? common
  }

  /// `path` without symbolic links; as it is where it cannot be followed.
  static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// The place of the user's own checkout.
  private var current: Git.Place {
    guard let currentTop else { return .store(common: commonDirectory) }
    return .worktree(git: currentGitDirectory, common: commonDirectory, files: currentTop)
  }

  /// The commit that `revision` names, as seen from the worktree that was started in.
  ///
  /// - Throws: `GitError` of kind `unbornHead` in a repository without a commit, `unknownRevision` with the
  ///   nearest name otherwise.
  package func resolve(_ revision: String) async throws(GitError) -> ObjectID {
    let arguments = [
      "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}",
    ]
    let answer = try await git.run(arguments, in: current, accepting: [0, 1, 128])
    if answer.status == 0, let found = ObjectID(answer.text) { return found }
    let command = "git rev-parse --verify \(revision)"
    let names = try await git.run(
      ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags"],
      in: current
    ).text.split(separator: "\n").map(String.init)
    if names.isEmpty, revision == "HEAD" || revision == "@" {
      throw GitError(
        kind: .unbornHead, command: command, says: "the repository has no commit yet",
        remedy: "make a first commit: `git add -A && git commit`")
    }
    let near = NearName.nearest(to: revision, in: names)
    throw GitError(
      kind: .unknownRevision, command: command,
      says: "`\(revision)` is no commit, branch or tag here",
      remedy: near.map { "did you mean `\($0)`?" } ?? "see `git branch --all`")
  }

  /// How many paths of the user's checkout differ from its HEAD, untracked ones included: a run starts from
  /// a commit and does not see them. Nothing is written, the index is not refreshed.
  package func uncommittedChanges() async throws(GitError) -> Int {
    guard currentTop != nil else { return 0 }
    return try await git.run(["status", "--porcelain", "-z", "--no-renames"], in: current)
      .fields.count
  }
}
