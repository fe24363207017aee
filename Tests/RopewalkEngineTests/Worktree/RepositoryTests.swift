// Knows from where and in what state a repository must be found.
// Unaware of worktrees of ours.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite("Finding a repository", .timeLimit(.minutes(10)))
struct RepositoryTests {
  private func find(
    _ user: TestRepository, from directory: String? = nil, _ more: [String: String] = [:]
  ) async throws -> Repository {
    try await Repository.find(
      from: directory ?? user.path, environment: user.environment.merging(more) { $1 })
  }

  @Test("the top of a checkout is home, its git directory holds the state")
  func plain() async throws {
    let user = try await TestRepository.make()
    let found = try await find(user)
    #expect(found.home == user.path)
    #expect(found.commonDirectory == user.path + "/.git")
    #expect(found.stateDirectory == user.path + "/.git/ropewalk")
    #expect(!found.isBare)
    #expect(found.objectFormat == "sha1")
    #expect(found.identity == Repository.Identity(name: "Tester", email: "tester@example.com"))
  }

  @Test("fault 73: a subdirectory, another worktree, a link and `GIT_DIR` lead to the same place")
  func manyRoads() async throws {
    let user = try await TestRepository.make(at: "a repo\n2")
    try await user.sh("git worktree add -q ../other; ln -s \"$PWD\" ../link")
    let other = user.space("other")
    for (directory, more) in [
      (user.path + "/src", [:]), (other + "/src", [:]), (user.space("link") + "/src", [:]),
      (user.space.path, ["GIT_DIR": user.path + "/.git", "GIT_WORK_TREE": user.path]),
    ] {
      let found = try await find(user, from: directory, more)
      #expect(found.home == user.path)
      #expect(found.commonDirectory == user.path + "/.git")
      #expect(found.git.environment["GIT_DIR"] == nil)
    }
  }

  @Test("fault 73: HEAD is that of the worktree that was started in")
  func headOfLinked() async throws {
    let user = try await TestRepository.make()
    try await user.sh("git worktree add -q ../other; cd ../other; git commit -q --allow-empty -m o")
    let found = try await find(user, from: user.space("other"))
    #expect(try await found.resolve("HEAD").text == user.sh("git rev-parse other"))
  }

  @Test("fault 73: a bare repository is its own home, also from one of its worktrees")
  func bare() async throws {
    let user = try await TestRepository.make()
    try await user.sh(
      "git clone -q --bare . ../bare.git; git -C ../bare.git worktree add -q ../w main")
    for place in ["bare.git", "w"] {
      let found = try await find(user, from: user.space(place))
      #expect(found.isBare)
      #expect(found.home == user.space("bare.git"))
    }
  }

  @Test("fault 73: a submodule and a git directory kept apart have their checkout as home")
  func submodule() async throws {
    let user = try await TestRepository.make()
    try await user.sh(
      """
      git init -q --separate-git-dir ../apart.git ../apart; git init -q ../super; cd ../super
      git -c protocol.file.allow=always submodule --quiet add "\(user.path)" sub
      """)
    let sub = try await find(user, from: user.space("super/sub/src"))
    #expect(sub.home == user.space("super/sub"))
    #expect(sub.commonDirectory == user.space("super/.git/modules/sub"))
    #expect(try await find(user, from: user.space("apart")).home == user.space("apart"))
  }

  @Test("fault 72: an unborn HEAD asks for a first commit, a detached one works")
  func unborn() async throws {
    let empty = try await TestRepository.make(files: [:])
    let found = try await find(empty)
    let error = await #expect(throws: GitError.self) { try await found.resolve("HEAD") }
    #expect(error?.kind == .unbornHead)
    #expect(error?.description.contains("make a first commit") == true)
    let user = try await TestRepository.make()
    try await user.sh("git checkout -q --detach")
    #expect(try await find(user).resolve("HEAD") == user.commit())
  }

  @Test("an unknown revision names the near branches; options are no revisions")
  func unknown() async throws {
    let user = try await TestRepository.make()
    try await user.sh("git branch feature")
    let found = try await find(user)
    let error = await #expect(throws: GitError.self) { try await found.resolve("featrue") }
    #expect(error?.kind == .unknownRevision)
    #expect(error?.remedy == "did you mean `feature`?")
    await #expect(throws: GitError.self) { try await found.resolve("--all") }
    #expect(try await found.resolve("feature") == user.commit())
  }

  @Test("fault 74: outside a repository and in someone else's, git's own remedy is given")
  func refusals() async throws {
    let space = TestSpace()
    let error = await #expect(throws: GitError.self) {
      try await Repository.find(
        from: space.path, environment: TestRepository.environment(space))
    }
    #expect(error?.kind == .notARepository)
    #expect(error?.remedy?.contains("git init") == true)
    guard getuid() == 0 else { return }
    let user = try await TestRepository.make()
    try await user.sh("chown -R 12345 .")
    let dubious = await #expect(throws: GitError.self) { try await find(user) }
    #expect(dubious?.kind == .dubiousOwnership)
    #expect(
      dubious?.remedy?.contains("git config --global --add safe.directory \(user.path)") == true)
  }

  @Test("a missing and an old git are named with what is needed")
  func noGit() async throws {
    let user = try await TestRepository.make()
    let missing = await #expect(throws: GitError.self) {
      try await find(user, nil, ["PATH": "/nowhere"])
    }
    #expect(missing?.kind == .missing)
    try user.space.write("#!/bin/sh\necho git version 2.30.1\n", to: "bin/git", mode: 0o755)
    let old = await #expect(throws: GitError.self) {
      try await find(user, nil, ["PATH": user.space("bin")])
    }
    #expect(old?.kind == .tooOld)
    #expect(old?.description.contains("2.38") == true)
  }

  private func find(
    _ user: TestRepository, _ directory: String?, _ more: [String: String]
  ) async throws -> Repository { try await find(user, from: directory, more) }

  @Test("fault 71: uncommitted changes are counted and nothing is written by that")
  func uncommitted() async throws {
    let user = try await TestRepository.make()
    try await user.sh(
      "echo x >> readme; git mv src/main src/n; echo u > u; touch -d 2001-01-01 src/n")
    let before = try await RepositoryFingerprint(user)
    #expect(try await find(user).uncommittedChanges() == 4)
    #expect(try await RepositoryFingerprint(user) == before)
  }

  @Test("fault 80: what a fresh worktree lacks or does otherwise is told")
  func notices() async throws {
    let user = try await TestRepository.make()
    try await user.sh("git clone -q --depth 1 'file://\(user.path)' ../shallow")
    try await user.sh("git -C ../shallow sparse-checkout set src")
    let notices = try await find(user, from: user.space("shallow")).notices
    #expect(notices.count == 2)
    #expect(notices.first?.contains("shallow") == true)
    #expect(notices.last?.contains("sparse") == true)
  }

  @Test("fault 80: empty submodules and the pointers of Git LFS are told beforehand")
  func absences() async throws {
    let user = try await TestRepository.make(files: [
      ".gitmodules": "", ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    ])
    let notices = try await find(user, from: user.path).notices
    #expect(notices.count == 2)
    #expect(notices.first?.hasPrefix("submodules are empty in the worktrees") == true)
    #expect(notices.last?.hasPrefix("files kept by Git LFS are pointers") == true)
    try await user.sh("git config filter.lfs.process 'git-lfs filter-process'")
    #expect(try await find(user, from: user.path).notices.count == 1)
  }

  @Test("a lock that another process holds is named with its path; it is never removed")
  func locked() async throws {
    let user = try await TestRepository.make()
    let repository = try await Repository.find(
      from: user.path, environment: user.environment, clock: InstantClock())
    let lock = user.path + "/.git/refs/heads/x.lock"
    try Files.write("", to: lock)
    let commit = try await user.commit()
    let error = await #expect(throws: GitError.self) {
      try await repository.git.run(
        ["update-ref", "refs/heads/x", commit.text], in: .store(common: repository.commonDirectory))
    }
    #expect(error?.kind == .locked)
    #expect(error?.remedy?.contains(lock) == true)
    #expect(Files.exists(lock))
  }
}

/// A clock on which every wait is over at once.
struct InstantClock: Clock {
  struct Instant: InstantProtocol {
    var offset = Duration.zero
    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }
  var now: Instant { Instant() }
  var minimumResolution: Duration { .zero }
  func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}
