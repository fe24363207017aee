// Knows how the files that an agent left become one commit, whatever state it left git in.
// Unaware of why they are collected and under what name the commit is kept.

import CSystem
import Foundation
import RopewalkCore

// Git runs on the shared store with an index of our own, so that nothing the agent can write is followed:
// not its `.git` file, not its git directory's `commondir` or configuration, not its index's lock.
extension WorktreeStore {
  /// Makes one commit of everything in the worktree that git does not ignore. Neither the worktree nor its
  /// HEAD and index are changed.
  ///
  /// The agent's own HEAD is the result when it has exactly these files and descends from `base`. Else a new
  /// commit is made: on HEAD, or on `base` and HEAD when the agent went elsewhere, or on `base` alone when
  /// HEAD is behind it. Commits that the agent made and left are tied by a ref below
  /// `refs/ropewalk/abandoned/`. Runs to its end also in a cancelled task.
  ///
  /// - Throws: `WorktreeError.worktreeGone`, `GitError`; the worktree is as it was.
  package func collect(
    _ worktree: Worktree, message: String, base: ObjectID, date: CommitDate? = nil
  ) async throws -> Collected {
    let tampering = try worktree.inspect()
    var oddities = Self.words(for: tampering, worktree)
    oddities += half(worktree)
    let head = try await head(of: worktree, base: base, oddities: &oddities)
    let place = Git.Place.worktree(
      git: repository.commonDirectory, common: repository.commonDirectory, files: worktree.path)
    let staging = Staging(
      git: git, place: place, index: privateIndex(worktree), excludes: excludes,
      userExcludes: repository.userExcludes,
      hashBytes: repository.objectFormat == "sha256" ? 32 : 20)
    let baseTree = try await tree(of: base)
    let staged = try await staging.stage(worktree, head: head ?? base, baseTree: baseTree)
    oddities += staged.oddities
    self.staged.withLock { $0[worktree.name] = staged.tree }
    let (commit, count) = try await commit(
      tree: staged.tree, baseTree: baseTree, head: head, base: base, message: message, date: date)
    try await tieAbandoned(worktree, result: commit, base: base, oddities: &oddities)
    return Collected(
      commit: commit, tree: staged.tree, changed: staged.tree != baseTree, agentCommits: count,
      files: staged.files, fileCount: staged.fileCount, oddities: oddities,
      keepsWorktree: staged.keepsWorktree)
  }

  /// Whether the worktree's files are exactly those of `tree` now, ignored ones aside.
  package func isTree(_ worktree: Worktree, _ tree: ObjectID) async throws -> Bool {
    _ = try worktree.inspect()
    let place = Git.Place.worktree(
      git: repository.commonDirectory, common: repository.commonDirectory, files: worktree.path)
    let index = ["GIT_INDEX_FILE": privateIndex(worktree)]
    if staged.withLock({ $0[worktree.name] }) != tree {
      try await git.run(["read-tree", tree.text], in: place, variables: index)
      staged.withLock { $0[worktree.name] = tree }
    }
    let answer = try await git.run(
      ["ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard"], in: place,
      configuration: ["core.excludesFile=\(excludes)"], variables: index)
    return answer.output.isEmpty
  }

  private static func words(for tampering: Worktree.Tampering, _ worktree: Worktree) -> [String] {
    var words: [String] = []
    if tampering.contains(.link) {
      words.append("the worktree's `.git` file was changed; it was not followed")
    }
    if tampering.contains(.administrationGone) {
      words.append("git's folder for the worktree is gone; the files were collected without it")
    } else if tampering.contains(.administration) {
      words.append("`\(worktree.gitDirectory)/commondir` was rewritten; it was not followed")
    }
    if tampering.contains(.configuration), !tampering.contains(.administrationGone) {
      words.append("`\(worktree.gitDirectory)/config.worktree` was rewritten; it was not read")
    }
    return words
  }

  private func half(_ worktree: Worktree) -> [String] {
    HalfDone.allCases.compactMap { half in
      var status = stat()
      guard lstat("\(worktree.gitDirectory)/\(half.rawValue)", &status) == 0 else { return nil }
      return "\(half.words) was left half done"
    }
  }

  /// The commit that HEAD is at; nil where it is at none that exists.
  private func head(
    of worktree: Worktree, base: ObjectID, oddities: inout [String]
  ) async throws -> ObjectID? {
    let text = worktree.head ?? ""
    if let direct = ObjectID(text) { return direct }
    guard text.hasPrefix("ref: refs/") else {
      if access(worktree.gitDirectory, F_OK) == 0 { oddities.append("HEAD cannot be read") }
      return worktree.headLog.last
    }
    let ref = String(text.dropFirst(5))
    oddities.append("the agent switched to the branch `\(ref.replacing("refs/heads/", with: ""))`")
    let answer = try await git.run(
      ["rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"], in: store,
      accepting: [0, 1, 128])
    if answer.status == 0, let found = ObjectID(answer.text) { return found }
    oddities.append("that branch has no commit")
    return nil
  }

  func tree(of commit: ObjectID) async throws -> ObjectID {
    if let known = baseTrees.withLock({ $0[commit] }) { return known }
    let answer = try await git.run(
      ["rev-parse", "--verify", "--end-of-options", commit.text + "^{tree}"], in: store)
    guard let tree = ObjectID(answer.text) else {
      throw GitError(kind: .failed, command: "git rev-parse", says: answer.text)
    }
    baseTrees.withLock { $0[commit] = tree }
    return tree
  }

  private func commit(
    tree: ObjectID, baseTree: ObjectID, head: ObjectID?, base: ObjectID, message: String,
    date: CommitDate?
  ) async throws -> (ObjectID, agentCommits: Int) {
    func make(_ parents: [ObjectID]) async throws -> ObjectID {
      try await makeCommit(tree: tree, parents: parents, message: message, date: date)
    }
    guard let head, head != base else {
      guard tree != baseTree else { return (base, 0) }
      return (try await make([base]), 0)
    }
    let counts = try await git.run(
      ["rev-list", "--left-right", "--count", "\(base)...\(head)", "--"], in: store,
      accepting: [0, 128])
    let numbers = counts.text.split(separator: "\t").compactMap { Int($0) }
    // A HEAD whose commits cannot be read is no parent: the files are what counts.
    guard counts.status == 0, numbers.count == 2 else {
      return (try await make([base]), 0)
    }
    let (behind, ahead) = (numbers[0], numbers[1])
    if behind == 0 {
      if try await self.tree(of: head) == tree { return (head, ahead) }
      return (try await make([head]), ahead)
    }
    if ahead == 0 {
      guard tree != baseTree else { return (base, 0) }
      return (try await make([base]), 0)
    }
    return (try await make([base, head]), ahead)
  }

  func makeCommit(
    tree: ObjectID, parents: [ObjectID], message: String, date: CommitDate? = nil
  ) async throws -> ObjectID {
    let who = repository.identity
    var variables = [
      "GIT_AUTHOR_NAME": who.name, "GIT_AUTHOR_EMAIL": who.email,
      "GIT_COMMITTER_NAME": who.name, "GIT_COMMITTER_EMAIL": who.email,
    ]
    if let date {
      variables["GIT_AUTHOR_DATE"] = date.text
      variables["GIT_COMMITTER_DATE"] = date.text
    }
    let answer = try await git.run(
      ["commit-tree", tree.text] + parents.flatMap { ["-p", $0.text] } + ["-F", "-"], in: store,
      input: Data((message + "\n").utf8),
      variables: variables)
    guard let commit = ObjectID(answer.text) else {
      throw GitError(kind: .failed, command: "git commit-tree", says: answer.text)
    }
    return commit
  }

  /// Commits that only the worktree's log still names would be lost with it.
  private func tieAbandoned(
    _ worktree: Worktree, result: ObjectID, base: ObjectID, oddities: inout [String]
  ) async throws {
    var seen: Set = [result, base]
    let candidates = worktree.headLog.filter { seen.insert($0).inserted }
    guard !candidates.isEmpty else { return }
    let known = try await git.run(
      ["rev-list", "--stdin", "--ignore-missing", "--no-walk=unsorted"], in: store,
      input: Data(candidates.map { "\($0)\n" }.joined().utf8), accepting: [0, 128])
    let present = known.text.split(separator: "\n").map(String.init)
    guard known.status == 0, !present.isEmpty else { return }
    let lines = present + ["^\(result)", "^\(base)"]
    // Leaves out what a branch of the agent's still holds. Not `--all`: it also reads the HEADs of other worktrees,
    // and one that is just being made has none yet.
    let left = try await git.run(
      ["rev-list", "--stdin", "--not", "--glob=refs/*"], in: store,
      input: Data(lines.map { "\($0)\n" }.joined().utf8))
    let lost = Set(left.text.split(separator: "\n").map(String.init))
    let tips = present.filter(lost.contains)
    guard !tips.isEmpty else { return }
    let refs = tips.map { "refs/ropewalk/abandoned/\(run)/\(worktree.name)/\($0)" }
    let updates = zip(refs, tips).map { "create \($0) \($1)\n" }.joined()
    try await git.run(["update-ref", "--stdin"], in: store, input: Data(updates.utf8))
    oddities.append(
      "the agent made and left \(lost.count) commits; they are kept under "
        + "`refs/ropewalk/abandoned/\(run)/\(worktree.name)`")
  }
}
