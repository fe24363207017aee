// Knows how many git processes the ordinary life of a task may cost.
// Unaware of how long they take.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite("Cost of a worktree", .timeLimit(.minutes(10)))
struct CostTests {
  @Test("one task's add, collection and branch take at most nine git calls")
  func calls() async throws {
    let files = Dictionary(
      uniqueKeysWithValues: (0..<200).map { ("d\($0 % 10)/f\($0)", "\($0)\n") })
    let user = try await TestRepository.make(files: files)
    let log = user.space("calls")
    try user.space.write(
      "#!/bin/sh\necho \"$*\" >> '\(log)'\nexec \(try await user.sh("command -v git")) \"$@\"\n",
      to: "bin/git", mode: 0o755)
    var environment = user.environment
    environment["PATH"] = "\(user.space("bin")):\(environment["PATH"]!)"
    let repository = try await Repository.find(from: user.path, environment: environment)
    let store = WorktreeStore(repository: repository, run: RunID("r1")!)
    try await store.prepare()
    let base = try await user.commit()
    func task(_ name: String) async throws {
      let worktree = try await store.add(name: name, at: base)
      try Files.write("new\n", to: worktree.path + "/new")
      let result = try await store.collect(worktree, message: name, base: base)
      #expect(result.files == ["new"])
      try await store.publish(
        branch: "ropewalk/r1/\(name)", commit: result.commit, expecting: nil)
      try await store.remove(worktree)
    }
    try await task("first")
    let before = try Files.text(log).split(separator: "\n").count
    try await task("second")
    #expect(try Files.text(log).split(separator: "\n").count - before <= 9)
  }
}
