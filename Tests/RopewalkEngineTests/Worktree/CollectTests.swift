// Knows what a collected worktree must yield, whatever an agent did in it.
// Unaware of how the files are staged.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

/// A repository, its store and one worktree in it.
struct Bench {
  let user: TestRepository
  let store: WorktreeStore
  let base: ObjectID
  let worktree: Worktree

  static func make(
    files: [String: String] = ["readme": "hello\n", "src/main": "one\n", ".gitignore": "*.log\n"],
    options: String = "", litter: [String] = [".aider*"], setUp: String = ":"
  ) async throws -> Bench {
    let user = try await TestRepository.make(files: files, options: options)
    try await user.sh(setUp)
    let repository = try await Repository.find(from: user.path, environment: user.environment)
    let store = WorktreeStore(repository: repository, run: RunID("r1")!, litter: litter)
    try await store.prepare()
    let base = try await user.commit()
    return Bench(
      user: user, store: store, base: base, worktree: try await store.add(name: "task", at: base))
  }

  /// Plays the agent.
  func agent(_ script: String) async throws { try await user.sh(script, in: worktree.path) }

  func collect() async throws -> Collected {
    try await store.collect(worktree, message: "task", base: base)
  }

  func parents(_ commit: ObjectID) async throws -> [String] {
    try await user.sh("git show -s --format=%P \(commit)").split(separator: " ").map(String.init)
  }
}

@Suite("Collecting a worktree", .timeLimit(.minutes(10)))
struct CollectTests {
  @Test("changed, new and removed files become one commit on the base")
  func plain() async throws {
    let bench = try await Bench.make()
    try await bench.agent("echo two > src/main; echo new > 'a b'; rm readme; echo x > .aider.chat")
    let result = try await bench.collect()
    #expect(result.changed)
    #expect(result.agentCommits == 0)
    #expect(result.files == ["a b", "readme", "src/main"])
    #expect(result.oddities == [])
    #expect(try await bench.parents(result.commit) == [bench.base.text])
    #expect(
      try await bench.user.listing(result.commit.text) == [
        "100644 .gitignore", "100644 a b", "100644 src/main",
      ])
    #expect(
      try await bench.user.sh("git show -s --format=%an,%ce \(result.commit)")
        == "Tester,tester@example.com")
  }

  @Test("an untouched worktree yields the base")
  func nothing() async throws {
    let bench = try await Bench.make()
    let result = try await bench.collect()
    #expect(result.commit == bench.base)
    #expect(!result.changed)
    #expect(result.files.isEmpty)
  }

  @Test("fault 88: modes, links and case twins are kept, ignored files are counted as not kept")
  func modes() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      "echo x > run; chmod +x run; ln -s /nowhere link; echo 1 > File; echo 2 > file; echo l > a.log"
    )
    let result = try await bench.collect()
    let listing = try await bench.user.listing(result.commit.text)
    #expect(listing.contains("100755 run"))
    #expect(listing.contains("120000 link"))
    #expect(listing.contains("100644 File") && listing.contains("100644 file"))
    #expect(result.oddities == ["1 ignored files or folders are not in the result"])
  }

  @Test("fault 87: names with line breaks, quotes, leading dashes and invalid UTF-8 are exact")
  func names() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      #"printf x > "$(printf 'a\nb')"; printf x > ./-rf; printf x > "$(printf 'z\377')"; printf x > '"q" '"#
    )
    let result = try await bench.collect()
    #expect(result.files.contains("a\nb"))
    #expect(result.files.contains("-rf"))
    #expect(result.files.contains("\"q\" "))
    let raw = try await bench.user.sh(
      "git ls-tree -r -z --name-only \(result.commit) | od -An -c | tr -d ' \\n'")
    #expect(raw.contains("z377"))
  }

  @Test("fault 82: the agent's own commits are the result when nothing was left uncommitted")
  func commits() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      "echo 2 > src/main; git commit -qam a; echo 3 > src/main; git commit -qam b")
    let head = try await bench.user.sh("git rev-parse HEAD", in: bench.worktree.path)
    let result = try await bench.collect()
    #expect(result.commit.text == head)
    #expect(result.agentCommits == 2)
  }

  @Test("fault 82: what was left beside the agent's commit goes on top of it")
  func commitAndMore() async throws {
    let bench = try await Bench.make()
    try await bench.agent("echo 2 > src/main; git commit -qam a; echo 3 > more")
    let head = try await bench.user.sh("git rev-parse HEAD", in: bench.worktree.path)
    let result = try await bench.collect()
    #expect(try await bench.parents(result.commit) == [head])
    #expect(result.files == ["more", "src/main"])
  }

  @Test("fault 82: a reset to before the base loses neither the base nor the files")
  func resetBehind() async throws {
    let bench = try await Bench.make(
      setUp: "echo second > second; git add -A; git commit -qm second")
    try await bench.agent("git reset -q --hard HEAD~1; echo mine > mine")
    let result = try await bench.collect()
    #expect(try await bench.parents(result.commit) == [bench.base.text])
    #expect(result.files == ["mine", "second"])
  }

  @Test("fault 82: commits elsewhere are a second parent of the result")
  func elsewhere() async throws {
    let bench = try await Bench.make(
      setUp: "echo second > second; git add -A; git commit -qm second")
    try await bench.agent(
      "git reset -q --hard HEAD~1; echo mine > mine; git add -A; git commit -qm m")
    let head = try await bench.user.sh("git rev-parse HEAD", in: bench.worktree.path)
    let result = try await bench.collect()
    #expect(try await bench.parents(result.commit) == [bench.base.text, head])
    #expect(result.agentCommits == 1)
  }

  @Test("fault 82: commits that were made and reset away stay reachable")
  func abandoned() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      "echo 1 > lost; git add -A; git commit -qm l; git rev-parse HEAD > ../id; git reset -q --hard HEAD~1"
    )
    let lost = try Files.text("\(bench.store.folder)/id").trimmingCharacters(in: .newlines)
    let result = try await bench.collect()
    #expect(result.commit == bench.base)
    #expect(result.oddities.count == 1)
    #expect(
      try await bench.user.sh("git for-each-ref --format='%(objectname)' refs/ropewalk/abandoned")
        == lost)
    #expect(try await bench.collect().oddities == [])
  }

  @Test(
    "fault 82: a switched branch, an unborn one and a half-done merge are told, the files are kept")
  func oddStates() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      """
      git checkout -q -b mine; echo 1 > src/main; git commit -qam 1; git checkout -q -b other HEAD~1
      echo 2 > src/main; git commit -qam 2; git merge mine >/dev/null || true
      """)
    let merged = try await bench.collect()
    #expect(merged.oddities.contains("a merge was left half done"))
    #expect(merged.oddities.contains("the agent switched to the branch `other`"))
    #expect(merged.oddities.contains("conflicts were left unresolved in the index"))
    #expect(try await bench.user.text("src/main", in: merged.commit).contains("<<<<<<<"))
    try await bench.agent("git merge --abort; git checkout -q --orphan none; echo z > z")
    let unborn = try await bench.collect()
    #expect(unborn.oddities.contains("that branch has no commit"))
    #expect(unborn.files == ["src/main", "z"])
    #expect(try await bench.parents(unborn.commit) == [bench.base.text])
  }

  @Test("fault 82: nested repositories, with and without a commit, give their files")
  func nested() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      """
      mkdir -p deep/one two; echo 1 > deep/one/f; echo 2 > two/f; echo s > side
      git -C two init -q; git -C deep/one init -q; git -C deep/one add -A
      git -C deep/one -c user.name=a -c user.email=b commit -qm n
      """)
    let result = try await bench.collect()
    #expect(result.files == ["deep/one/f", "side", "two/f"])
    #expect(result.keepsWorktree)
    #expect(result.oddities.count == 2)
    #expect(try await bench.store.isTree(bench.worktree, result.tree))
  }

  @Test("fault 82: changes that were hidden from git are found")
  func hidden() async throws {
    let bench = try await Bench.make()
    try await bench.agent(
      """
      git update-index --assume-unchanged readme; git update-index --skip-worktree src/main
      echo a > readme; echo b > src/main; touch .git_is_not_here; echo f > forced.log
      git add -f forced.log
      """)
    #expect(
      try await bench.collect().files == [".git_is_not_here", "forced.log", "readme", "src/main"])
  }

  @Test("fault 78: a stale or damaged index in the worktree is no obstacle")
  func staleLock() async throws {
    let bench = try await Bench.make()
    let own = bench.worktree.gitDirectory
    try await bench.agent("echo 2 > readme; : > '\(own)/index.lock'")
    #expect(try await bench.collect().files == ["readme"])
    try await bench.agent("head -c 100 '\(own)/index' > '\(own)/i'; mv '\(own)/i' '\(own)/index'")
    let result = try await bench.collect()
    #expect(result.files == ["readme"])
    #expect(result.oddities == ["the worktree's index is missing or damaged"])
    try await bench.store.restore(bench.worktree, to: bench.base, processesGone: true)
    #expect(!Files.exists(own + "/index.lock"))
    #expect(try await bench.collect().commit == bench.base)
  }

  @Test("fault 83: a rewritten `.git`, commondir or configuration is not followed and is told")
  func rewritten() async throws {
    let bench = try await Bench.make()
    let own = bench.worktree.gitDirectory
    let mark = bench.user.space("ran")
    try await bench.agent(
      """
      cp -r '\(bench.user.path)/.git' ../evil; git -C ../evil config core.fsmonitor 'touch \(mark)'
      git -C ../evil config core.hooksPath /tmp; echo "gitdir: $(cd ../evil; pwd)" > .git
      echo "$(cd ../evil; pwd)" > '\(own)/commondir'
      printf '[core]\\n fsmonitor = touch \(mark)\\n' > '\(own)/config.worktree'
      echo 2 > readme
      """)
    let result = try await bench.collect()
    #expect(result.files == ["readme"])
    #expect(result.oddities.count == 3)
    #expect(!Files.exists(mark))
    await #expect(throws: WorktreeError.rewritten(path: own + "/commondir")) {
      try await bench.store.restore(bench.worktree, to: bench.base, processesGone: true)
    }
  }

  @Test("fault 83: a removed `.git` or git directory costs no file")
  func unlinked() async throws {
    let bench = try await Bench.make()
    try await bench.agent("rm .git; echo 2 > readme")
    #expect(try await bench.collect().files == ["readme"])
    try await bench.store.restore(bench.worktree, to: bench.base, processesGone: true)
    try await bench.agent(
      "git status >/dev/null; echo 3 > readme; rm -r '\(bench.worktree.gitDirectory)'")
    let result = try await bench.collect()
    #expect(result.files == ["readme"])
    #expect(result.oddities.contains { $0.contains("git's folder for the worktree is gone") })
  }

  @Test(
    "fault 84: a worktree that was removed or replaced is reported as gone",
    arguments: [
      "rm -rf task", "mv task x; ln -s x task", "rm -rf task; mkdir task", "rm -rf task; : > task",
    ])
  func gone(script: String) async throws {
    let bench = try await Bench.make()
    try await bench.user.sh(script, in: bench.store.folder)
    await #expect(throws: WorktreeError.worktreeGone(path: bench.worktree.path)) {
      try await bench.collect()
    }
  }

  @Test("fault 91: no program that the repository or a nested one names is run")
  func programs() async throws {
    let bench = try await Bench.make()
    let mark = bench.user.space("ran")
    try await bench.user.sh(
      """
      for k in core.fsmonitor diff.external core.editor core.pager merge.tool; do
        git config $k 'touch \(mark)'; done
      printf '#!/bin/sh\\ntouch \(mark)\\n' > .git/hooks/post-checkout; chmod +x .git/hooks/post-checkout
      cp .git/hooks/post-checkout .git/hooks/reference-transaction
      cp .git/hooks/post-checkout .git/hooks/post-index-change; rm -f \(mark)
      """)
    try await bench.agent(
      """
      mkdir n; cd n; git init -q; git config core.fsmonitor 'touch \(mark)'; echo 1 > f
      git -c core.fsmonitor=false add -A
      git -c core.fsmonitor=false -c user.name=a -c user.email=b commit -qm n
      cd ..; git -c core.fsmonitor=false -c core.hooksPath=/dev/null add n
      git -c core.fsmonitor=false -c core.hooksPath=/dev/null commit -qm link; echo 2 > n/f; rm -f \(mark)
      """)
    let result = try await bench.collect()
    #expect(result.files == ["n/f"])
    _ = try await bench.store.isTree(bench.worktree, result.tree)
    try await bench.store.restore(bench.worktree, to: bench.base, processesGone: true)
    let second = try await bench.store.add(name: "second", at: bench.base)
    try await bench.store.publish(branch: "ropewalk/r1/task", commit: result.commit, expecting: nil)
    try await bench.store.remove(second)
    #expect(!Files.exists(mark))
  }

  @Test("a verification that changes a file, adds one or removes one is seen; ignored ones are not")
  func sameTree() async throws {
    let bench = try await Bench.make()
    try await bench.agent("echo 2 > readme")
    let tree = try await bench.collect().tree
    try await bench.agent("touch readme; echo x > a.log; echo y > .aider.x")
    #expect(try await bench.store.isTree(bench.worktree, tree))
    try await bench.agent("echo 3 > readme")
    #expect(try await !bench.store.isTree(bench.worktree, tree))
    try await bench.agent("echo 2 > readme; echo n > n")
    #expect(try await !bench.store.isTree(bench.worktree, tree))
    try await bench.agent("rm n; rm src/main")
    #expect(try await !bench.store.isTree(bench.worktree, tree))
    try await bench.agent("echo one > src/main")
    #expect(try await bench.store.isTree(bench.worktree, tree))
  }
}
