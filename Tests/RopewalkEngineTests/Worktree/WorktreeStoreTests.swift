// Knows what making, resetting and removing worktrees must do to a repository, and what it must leave alone.
// Unaware of what agents do in them.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite("Worktrees of a run", .timeLimit(.minutes(10)))
struct WorktreeStoreTests {
  private func store(_ user: TestRepository, run: String = "r1", at path: String? = nil)
    async throws -> WorktreeStore
  {
    let repository = try await Repository.find(
      from: path ?? user.path, environment: user.environment, clock: InstantClock())
    return WorktreeStore(repository: repository, run: RunID(run)!)
  }

  @Test("what a dead engine has made or half made is the run's own, and nobody's escape")
  func madeEarlier() async throws {
    let user = try await TestRepository.make()
    let first = try await store(user)
    try await first.prepare()
    let half = first.folder + "/half"
    try await user.sh("git worktree add -q --detach '\(half)'")
    #expect(!first.isOwn(half))
    let second = try await store(user)
    try await second.prepare()
    #expect(second.isOwn(half))
    let surroundings = try await Surroundings.begin(second)
    try await second.removeUnrecorded("half")
    #expect(try await surroundings.look().names.isEmpty)
  }

  @Test("fault 71: a dirty checkout is byte for byte the same after a whole run")
  func untouched() async throws {
    let user = try await TestRepository.make()
    try await user.sh(
      """
      echo s > s; git add s; git stash -q; echo staged > st; git add st; echo dirty >> readme
      echo u > untracked; echo '*.o' >> .git/info/exclude; echo i > i.o; touch -d 2001-01-01 src/main
      """)
    let before = try await RepositoryFingerprint(user)
    let store = try await store(user)
    try await store.prepare()
    let base = try await user.commit()
    let worktree = try await store.add(name: "t", at: base)
    try await user.sh("echo x > x", in: worktree.path)
    let result = try await store.collect(worktree, message: "m", base: base)
    try await store.publish(branch: "ropewalk/r1/t", commit: result.commit, expecting: nil)
    let status = try await user.sh(
      "git status --porcelain", environment: ["GIT_OPTIONAL_LOCKS": "0"])
    #expect(status == "M readme\nA  st\n?? untracked")
    try await store.remove(worktree)
    try await store.finish()
    #expect(try await RepositoryFingerprint(user).differences(from: before) == [])
    #expect(!Files.exists(user.path + "/.git/worktrees"))
    #expect(!Files.exists(store.folder))
    try await user.sh("git fsck --strict --no-dangling")
  }

  @Test("`.ropewalk` hides all but what users write there, and a user's own `.gitignore` stays")
  func hiding() async throws {
    let user = try await TestRepository.make()
    let first = try await store(user)
    try await first.prepare()
    try Files.write("x", to: user.path + "/.ropewalk/runners/a.json")
    try Files.write("x", to: user.path + "/.ropewalk/config.json5")
    try Files.write("x", to: user.path + "/.ropewalk/other")
    #expect(
      try await user.sh("git status --porcelain -uall")
        == "?? .ropewalk/config.json5\n?? .ropewalk/runners/a.json")
    try Files.write("mine\n", to: user.path + "/.ropewalk/.gitignore")
    try await store(user, run: "r2").prepare()
    #expect(try Files.text(user.path + "/.ropewalk/.gitignore") == "mine\n")
  }

  @Test(
    "a `.ropewalk` that is a file or a link is refused and left",
    arguments: ["echo x >", "ln -s src"])
  func notAFolder(make: String) async throws {
    let user = try await TestRepository.make()
    try await user.sh("\(make) .ropewalk")
    let store = try await store(user)
    await #expect(throws: WorktreeError.notAFolder(path: user.path + "/.ropewalk")) {
      try await store.prepare()
    }
    #expect(try Files.names(in: user.path + "/src") == ["main"])
  }

  @Test(
    "fault 76: a path that is taken is refused by name and not touched",
    arguments: ["mkdir", "touch", "ln -s /nowhere"])
  func taken(make: String) async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    try await store.prepare()
    try await user.sh("\(make) '\(store.folder)/t'")
    let base = try await user.commit()
    await #expect(throws: WorktreeError.pathTaken(path: store.folder + "/t")) {
      try await store.add(name: "t", at: base)
    }
    try await user.sh("[ -e '\(store.folder)/t' -o -L '\(store.folder)/t' ]")
  }

  @Test(
    "fault 87: names that cannot be folders are refused",
    arguments: ["", "..", "a/b", "-x", "a\0b"])
  func badNames(name: String) async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    let base = try await user.commit()
    await #expect(throws: WorktreeError.badName(name)) { try await store.add(name: name, at: base) }
    await #expect(throws: WorktreeError.self) {
      try await store.add(name: String(repeating: "x", count: 256), at: base)
    }
  }

  @Test("fault 76: an add that fails half-way leaves nothing")
  func undone() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    try await store.prepare()
    let nothing = try #require(ObjectID(String(repeating: "1", count: 40)))
    await #expect(throws: GitError.self) { try await store.add(name: "t", at: nothing) }
    try await user.sh(
      "echo 'readme filter=broken' > .git/info/attributes; git config filter.broken.smudge false; git config filter.broken.required true"
    )
    let base = try await user.commit()
    await #expect(throws: GitError.self) { try await store.add(name: "t", at: base) }
    #expect(try Files.names(in: store.folder) == [])
    try await store.finish()
    #expect(!Files.exists(user.path + "/.git/worktrees"))
  }

  @Test("fault 77: forty adds at once by two runs all succeed")
  func many() async throws {
    let user = try await TestRepository.make()
    let stores = [try await store(user, run: "r1"), try await store(user, run: "r2")]
    for store in stores { try await store.prepare() }
    let base = try await user.commit()
    let worktrees = try await withThrowingTaskGroup(of: Worktree.self) { group in
      for store in stores {
        for n in 0..<20 { group.addTask { try await store.add(name: "t\(n)", at: base) } }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(worktrees.map(\.gitDirectory)).count == 40)
    for worktree in worktrees {
      #expect(try Files.text(worktree.path + "/src/main") == "one\n")
    }
    #expect(try await user.sh("git worktree list | wc -l") == "41")
  }

  @Test("fault 77: adds and removals at once disturb each other in nothing")
  func churn() async throws {
    let user = try await TestRepository.make()
    let stores = [try await store(user, run: "r1"), try await store(user, run: "r2")]
    for store in stores { try await store.prepare() }
    let base = try await user.commit()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for store in stores {
        for n in 0..<20 {
          group.addTask {
            let worktree = try await store.add(name: "t\(n)", at: base)
            #expect(try await store.collect(worktree, message: "m", base: base).commit == base)
            try await store.remove(worktree)
          }
        }
      }
      try await group.waitForAll()
    }
    for store in stores { try await store.finish() }
    #expect(!Files.exists(user.path + "/.git/worktrees"))
    #expect(try await user.sh("find .git -name '*.lock'") == "")
  }

  @Test("fault 89: prune, gc and commits of the user change nothing for a worktree")
  func prune() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    try await store.prepare()
    let base = try await user.commit()
    let worktree = try await store.add(name: "t", at: base)
    try await user.sh("echo work > work; git add work; echo more > more", in: worktree.path)
    try await user.sh(
      """
      mv '\(worktree.path)' '\(worktree.path).away'; git worktree prune --expire=now
      mv '\(worktree.path).away' '\(worktree.path)'; git checkout -q -b elsewhere
      git commit -q --allow-empty -m c; git gc -q --prune=now
      """)
    let result = try await store.collect(worktree, message: "m", base: base)
    #expect(result.files == ["more", "work"])
    #expect(result.oddities == [])
  }

  @Test("restore brings the files back, keeps ignored ones and moves no branch")
  func restore() async throws {
    let bench = try await Bench.make()
    try await bench.user.sh("git branch precious")
    try await bench.agent(
      """
      git checkout -q precious; echo 2 > src/main; git add -A; echo new > new; mkdir d; echo l > d/x.log
      git update-index --assume-unchanged readme; echo 2 > readme; git merge --no-commit -q HEAD
      git -c user.name=a -c user.email=b commit -q --allow-empty -m kept; rm .git
      """)
    let precious = try await bench.user.commit("precious")
    try await bench.store.restore(bench.worktree, to: bench.base, processesGone: true)
    #expect(try await bench.user.commit("precious") == precious)
    #expect(try Files.text(bench.worktree.path + "/readme") == "hello\n")
    #expect(!Files.exists(bench.worktree.path + "/new"))
    #expect(Files.exists(bench.worktree.path + "/d/x.log"))
    #expect(
      try await bench.user.sh("git status --porcelain; git rev-parse HEAD", in: bench.worktree.path)
        == bench.base.text)
  }

  @Test("fault 84: removal follows no link and opens closed folders; twice is fine")
  func removal() async throws {
    let bench = try await Bench.make()
    try bench.user.space.write("x", to: "outside/file")
    try await bench.agent(
      "ln -s '\(bench.user.space("outside"))' link; mkdir -p a/b; echo x > a/b/c; chmod 000 a/b a; : > \"$(printf 'z\\377')\""
    )
    try await bench.store.remove(bench.worktree)
    try await bench.store.remove(bench.worktree)
    #expect(Files.exists(bench.user.space("outside/file")))
    #expect(!Files.exists(bench.worktree.path))
    #expect(!Files.exists(bench.worktree.gitDirectory))
    let again = try await Bench.make()
    try await again.user.sh(
      "mv task ../moved; ln -s ../moved task", in: again.store.folder)
    try await again.store.remove(again.worktree)
    #expect(Files.exists(again.store.folder + "/../moved/readme"))
  }

  @Test("a cancelled add leaves no worktree and says that it was cancelled")
  func cancelled() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    try await store.prepare()
    let base = try await user.commit()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await store.add(name: "t", at: base)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try Files.names(in: store.folder) == [])
  }

  @Test("work is collected and kept in a cancelled task")
  func collectCancelled() async throws {
    let bench = try await Bench.make()
    try await bench.agent("echo 2 > readme")
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await bench.store.keepSnapshot(
        bench.worktree, ref: "refs/ropewalk/snapshots/r1/task/1", message: "m", base: bench.base)
    }
    let kept = try #require(try await task.value)
    #expect(try await bench.user.commit("refs/ropewalk/snapshots/r1/task/1") == kept.commit)
  }

  @Test("fault 85: a repository that is gone is reported and not made again")
  func repositoryGone() async throws {
    let user = try await TestRepository.make()
    let store = try await store(user)
    try await store.prepare()
    let base = try await user.commit()
    try FileManager.default.moveItem(atPath: user.path, toPath: user.space("away"))
    let common = user.path + "/.git"
    await #expect(throws: WorktreeError.repositoryGone(path: common)) {
      try await store.add(name: "t", at: base)
    }
    await #expect(throws: WorktreeError.repositoryGone(path: common)) { try await store.prepare() }
    #expect(!Files.exists(user.path))
  }

  @Test(
    "fault 80: SHA-256, shallow, sparse and bare repositories work",
    arguments: ["sha256", "shallow", "sparse", "bare"])
  func kinds(kind: String) async throws {
    let user = try await TestRepository.make(
      files: ["readme": "hello\n", "src/main": "one\n", "docs/a": "a\n"],
      options: kind == "sha256" ? "--object-format=sha256" : "")
    try await user.sh("echo 2 > readme; git commit -qam second")
    let place = user.space("clone")
    switch kind {
    case "sha256": break
    case "shallow": try await user.sh("git clone -q --depth 1 'file://\(user.path)' '\(place)'")
    case "bare": try await user.sh("git clone -q --bare . '\(place)'")
    default:
      try await user.sh("git clone -q . '\(place)'; cd '\(place)'; git sparse-checkout set src")
    }
    let store = try await store(user, at: kind == "sha256" ? nil : place)
    try await store.prepare()
    let base = try await user.commit()
    let worktree = try await store.add(name: "t", at: base)
    #expect(Files.exists(worktree.path + "/docs/a") == (kind != "sparse"))
    try await user.sh("echo new > src/new", in: worktree.path)
    let result = try await store.collect(worktree, message: "m", base: base)
    #expect(result.files == ["src/new"])
    #expect(result.oddities == [])
    #expect(try await store.isTree(worktree, result.tree))
    try await store.publish(branch: "ropewalk/r1/t", commit: result.commit, expecting: nil)
    try await store.restore(worktree, to: base, processesGone: true)
    #expect(try await !store.isTree(worktree, result.tree))
    #expect(try await store.collect(worktree, message: "m", base: base).commit == base)
  }

  @Test("fault 80: submodules are links in the result, and one that was moved is told")
  func submodules() async throws {
    let other = try await TestRepository.make()
    let user = try await TestRepository.make()
    try await user.sh(
      "git -c protocol.file.allow=always submodule --quiet add '\(other.path)' sub; git commit -qm sub"
    )
    let store = try await store(user)
    try await store.prepare()
    let base = try await user.commit()
    let worktree = try await store.add(name: "t", at: base)
    #expect(try await store.collect(worktree, message: "m", base: base).commit == base)
    try await user.sh(
      """
      git -c protocol.file.allow=always submodule --quiet update --init; cd sub
      git -c user.name=a -c user.email=b commit -q --allow-empty -m moved
      """, in: worktree.path)
    let moved = try await store.collect(worktree, message: "m", base: base)
    #expect(moved.files == ["sub"])
    #expect(moved.keepsWorktree)
    #expect(moved.oddities.contains { $0.contains("`sub`") })
  }
}
