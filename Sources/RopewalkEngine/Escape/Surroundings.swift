// Knows all that lies outside of the worktrees of a run's live attempts and must not change. Unaware of attempts.

import Foundation
import RopewalkCore
import Synchronization

/// The user's checkout, git's own files, foreign refs and the worktrees in which nobody works.
final class Surroundings: Sendable {
  private struct State: Sendable {
    var checkouts: [Checkout]
    var git: GitFiles
    var refs: RefValues
    /// The last to rest stand last.
    var resting: [(worktree: Worktree, files: RestingFiles)] = []
  }

  private struct Checkout: Sendable {
    var files: CheckoutFiles
    var place: Git.Place
  }

  /// What one look found, by the names that people know.
  struct Findings: Sendable {
    var names: [String] = []
    var refs: [RefValues.Change] = []
    /// Files of which git has to say whether they are ignored.
    var doubtful: [(place: Git.Place, top: String, paths: [String])] = []
  }

  private let repository: Repository
  private let state: Mutex<State>

  /// So many worktrees at rest, the last ones, are looked at, as long as they have no more files than that.
  private static let restingLimit = (worktrees: 8, files: RestingFiles.limit)

  private init(repository: Repository, state: sending State) {
    self.repository = repository
    self.state = Mutex(state)
  }

  /// Takes everything down as it is now.
  ///
  /// - Throws: `GitError` where git cannot list the checkout's files.
  static func begin(_ worktrees: WorktreeStore) async throws -> Surroundings {
    let repository = worktrees.repository
    var listed: [(top: String, place: Git.Place, paths: [String])] = []
    if let top = repository.currentTop {
      let place = Git.Place.worktree(
        git: repository.currentGitDirectory, common: repository.commonDirectory, files: top)
      listed.append((top, place, try await files(in: place, repository)))
    }
    if !repository.isBare, repository.home != repository.currentTop,
      repository.home != repository.commonDirectory
    {
      let place = Git.Place.worktree(
        git: repository.commonDirectory, common: repository.commonDirectory, files: repository.home)
      listed.append((repository.home, place, try await files(in: place, repository)))
    }
    return try await offPool { [listed] in
      Surroundings(
        repository: repository,
        state: State(
          checkouts: listed.map {
            Checkout(files: CheckoutFiles(top: $0.top, paths: $0.paths), place: $0.place)
          },
          git: GitFiles(
            common: repository.commonDirectory, current: repository.currentGitDirectory,
            hashBytes: repository.objectFormat == "sha256" ? 32 : 20,
            isOwnWorktree: { worktrees.isOwn($0) }),
          refs: RefValues(common: repository.commonDirectory, run: worktrees.run.text)))
    }
  }

  private static func files(
    in place: Git.Place, _ repository: Repository
  ) async throws(GitError) -> [String] {
    try await repository.git.run(
      ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], in: place
    ).fields
  }

  // MARK: - Looking

  /// What differs from the look before.
  func look() async throws -> Findings {
    try await offPool { [self] in
      state.withLock { state in
        var findings = Findings()
        for index in state.checkouts.indices {
          let top = state.checkouts[index].files.top
          let (changed, appeared) = state.checkouts[index].files.look()
          findings.names += changed.map { name("\(top)/\($0)") }
          if !appeared.isEmpty {
            findings.doubtful.append((state.checkouts[index].place, top, appeared))
          }
        }
        findings.names += state.git.look().map(name)
        findings.refs = state.refs.look()
        for index in state.resting.indices {
          let paths = state.resting[index].files.look()
          if !paths.isEmpty {
            findings.doubtful.append(doubt(state.resting[index].worktree, paths))
          }
        }
        return findings
      }
    }
  }

  private func doubt(
    _ worktree: Worktree, _ paths: [String]
  ) -> (place: Git.Place, top: String, paths: [String]) {
    let place = Git.Place.worktree(
      git: worktree.gitDirectory, common: repository.commonDirectory, files: worktree.path)
    return (place, worktree.path, paths)
  }

  /// A file below the home of the repository by its path from there, any other by its whole path.
  private func name(_ path: String) -> String {
    path.hasPrefix(repository.home + "/") ? String(path.dropFirst(repository.home.count + 1)) : path
  }

  /// The names of those doubtful files that git does not ignore; they are looked at from now on.
  func settle(_ doubtful: (place: Git.Place, top: String, paths: [String])) async -> [String] {
    let ignored = await ignored(doubtful.paths, in: doubtful.place)
    let counted = doubtful.paths.filter { !ignored.contains($0) }
    state.withLock { state in
      for index in state.checkouts.indices where state.checkouts[index].files.top == doubtful.top {
        state.checkouts[index].files.watch(counted)
      }
    }
    return counted.map { name("\(doubtful.top)/\($0)") }
  }

  private func ignored(_ paths: [String], in place: Git.Place) async -> Set<String> {
    let input = Data(paths.map { $0 + "\0" }.joined().utf8)
    do throws(GitError) {
      let answer = try await repository.git.run(
        ["check-ignore", "-z", "--stdin"], in: place, input: input, accepting: [0, 1])
      return Set(answer.fields)
    } catch {
      // What git cannot say anything about is not ignored.
      return []
    }
  }

  // MARK: - Worktrees at rest

  /// Nobody has any business in the worktree until `wake`.
  func rest(_ worktree: Worktree) async throws {
    try await offPool { [self] in
      guard let files = RestingFiles(worktree.path) else { return }
      state.withLock { state in
        state.resting.removeAll { $0.worktree.path == worktree.path }
        state.resting.append((worktree, files))
        var count = 0
        let kept = state.resting.reversed().prefix(Self.restingLimit.worktrees).prefix {
          count += $0.files.count
          return count <= Self.restingLimit.files
        }
        state.resting = kept.reversed()
      }
    }
  }

  func wake(_ worktree: Worktree) {
    state.withLock { state in state.resting.removeAll { $0.worktree.path == worktree.path } }
  }

  func isResting(_ worktree: Worktree) -> Bool {
    state.withLock { state in state.resting.contains { $0.worktree.path == worktree.path } }
  }
}
