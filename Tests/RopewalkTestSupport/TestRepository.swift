// Knows how to make a real repository for a test, and to see that it was left alone.
// Unaware of the code under test, but for the way in which it starts programs.

import Foundation
import RopewalkCore
import RopewalkEngine

/// A program that a test ran and that did not end with status 0.
package struct ScriptFailure: Error, CustomStringConvertible {
  package let description: String
}

/// A repository with a first commit, in a space of its own, untouched by the machine's git configuration.
package final class TestRepository: Sendable {
  package let space: TestSpace
  /// The top of the checkout.
  package let path: String

  package static func environment(_ space: TestSpace) -> [String: String] {
    [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "HOME": space.path, "XDG_CONFIG_HOME": space("config"), "XDG_STATE_HOME": space("state"),
      "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
    ]
  }

  package var environment: [String: String] { Self.environment(space) }

  private init(space: TestSpace, path: String) {
    self.space = space
    self.path = path
  }

  /// - Parameters:
  ///   - files: path and text of what the first commit holds; no commit is made when empty.
  ///   - options: for `git init`.
  package static func make(
    files: [String: String] = ["readme": "hello\n", "src/main": "one\n"], options: String = "",
    at name: String = "repo"
  ) async throws -> TestRepository {
    let space = TestSpace()
    let repository = TestRepository(space: space, path: space(name))
    try FileManager.default.createDirectory(
      atPath: repository.path, withIntermediateDirectories: true)
    try await repository.sh(
      """
      git init -q -b main \(options) .
      git config user.name Tester; git config user.email tester@example.com
      """)
    guard !files.isEmpty else { return repository }
    for (name, text) in files { try Files.write(text, to: "\(repository.path)/\(name)") }
    try await repository.sh("git add -A; git commit -qm first")
    return repository
  }

  /// Runs a shell script in the checkout, or in `directory`, and returns what it printed, trimmed.
  @discardableResult
  package func sh(
    _ script: String, in directory: String? = nil, environment: [String: String] = [:]
  ) async throws -> String {
    let result = try await ChildProcess.run(
      executable: "/bin/sh", arguments: ["-ec", script],
      environment: self.environment.merging(environment) { $1 }, directory: directory ?? path)
    guard result.end == .exited(0) else {
      throw ScriptFailure(
        description: "\(script)\n\(result.end)\n\(String(decoding: result.errors, as: UTF8.self))")
    }
    return String(decoding: result.output, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The commit that `revision` names.
  package func commit(_ revision: String = "HEAD") async throws -> ObjectID {
    guard let id = ObjectID(try await sh("git rev-parse '\(revision)'")) else {
      throw ScriptFailure(description: "no commit \(revision)")
    }
    return id
  }

  /// The paths of a commit, with their modes.
  package func listing(_ revision: String) async throws -> [String] {
    try await sh(
      "git -c core.quotePath=false ls-tree -r --format='%(objectmode) %(path)' \(revision)"
    )
    .split(separator: "\n").map(String.init)
  }

  /// The text of a file in a commit.
  package func text(_ path: String, in revision: ObjectID) async throws -> String {
    try await sh("git cat-file blob '\(revision):\(path)'")
  }
}

/// What must never change in a user's repository: every file and mode of the checkout, HEAD, index, stash,
/// configuration, hooks, and refs that are not ours.
package struct RepositoryFingerprint: Equatable, Sendable {
  package let lines: [String]

  /// The lines that only one of the two has.
  package func differences(from other: RepositoryFingerprint) -> [String] {
    Set(lines).symmetricDifference(other.lines).sorted()
  }

  package init(_ repository: TestRepository) async throws {
    let script = """
      find . -path ./.git -prune -o -path ./.ropewalk -prune -o -printf '%p %m %l ' \
        \\( -type f -printf '%T@ ' -exec md5sum {} \\; -o -printf '\\n' \\)
      for f in HEAD index config ORIG_HEAD packed-refs info/exclude logs/HEAD logs/refs/stash; do
        if [ -e .git/$f ]; then md5sum .git/$f; fi; done
      find .git/hooks -type f -exec md5sum {} +
      git for-each-ref | grep -v ropewalk || true
      find .git -name '*.lock'
      """
    lines = try await repository.sh(script).split(separator: "\n").map(String.init).sorted()
  }
}
