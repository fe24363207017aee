// Knows how git is called: its options, its environment, its locks.
// Unaware of worktrees, tasks and runs.

import Foundation

/// One installed git, with the environment that every call of ours gets.
///
/// No hook, editor, pager, prompt, background collection or file-system monitor is started by our calls,
/// whatever the repository's configuration says.
package struct Git: Sendable {
  /// Where a call looks for its repository. Named by us, never found by what a worktree's `.git` says.
  package enum Place: Sendable {
    /// Git's own search from a directory upwards: for the user's checkout only.
    case directory(String)
    /// The shared store without any worktree.
    case store(common: String)
    /// The files of `files`, seen through the git directory `git`.
    case worktree(git: String, common: String, files: String)
  }

  /// The oldest git with `merge-tree --write-tree`.
  package static let oldest = (major: 2, minor: 38)

  package let executable: String
  /// The caller's environment without what would redirect or alter git.
  package private(set) var environment: [String: String]
  private let clock: any Clock<Duration>

  private static let settings = [
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "gc.auto=0",
    "maintenance.auto=false", "core.quotePath=false", "core.safecrlf=false",
    "diff.ignoreSubmodules=dirty", "advice.addEmbeddedRepo=false",
  ]
  /// What keeps results on the disk when the power fails: git by itself syncs neither single objects nor
  /// refs, and the journal would tell of a commit that is an empty file.
  private static func durability(of command: String?) -> [String] {
    switch command {
    // One sync for all files of a result.
    case "add", "update-index": ["core.fsync=objects", "core.fsyncMethod=batch"]
    case "write-tree", "commit-tree", "merge-tree": ["core.fsync=objects"]
    case "update-ref": ["core.fsync=reference"]
    default: []
    }
  }

  /// What says where the user's configuration is, rather than what git should do.
  private static let kept: Set = [
    "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH",
  ]

  /// Finds git in the PATH of `environment`; nothing is run.
  package init(
    environment: [String: String], clock: any Clock<Duration> = ContinuousClock()
  ) throws(GitError) {
    let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
    let candidates = folders.map { "\($0)/git" }
    guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
      throw GitError(
        kind: .missing, command: "git", says: "no `git` in \(folders.joined(separator: ":"))",
        remedy: "install git \(Self.oldest.major).\(Self.oldest.minor) or newer")
    }
    executable = found
    self.environment = Self.scrubbed(environment)
    self.clock = clock
  }

  /// The same git, whose processes carry these variables.
  func marked(_ marks: [String: String]) -> Git {
    var git = self
    git.environment.merge(marks) { _, mark in mark }
    return git
  }

  static func scrubbed(_ environment: [String: String]) -> [String: String] {
    var result = environment.filter { name, _ in
      !name.hasPrefix("GIT_") || kept.contains(name) || name.hasPrefix("GIT_CONFIG_COUNT")
        || name.hasPrefix("GIT_CONFIG_KEY_") || name.hasPrefix("GIT_CONFIG_VALUE_")
    }
    result["LC_ALL"] = "C"
    result["LANGUAGE"] = nil
    result["GIT_TERMINAL_PROMPT"] = "0"
    result["GIT_OPTIONAL_LOCKS"] = "0"
    result["GIT_EDITOR"] = "false"
    result["GIT_PAGER"] = "cat"
    return result
  }

  /// What a call printed, where its exit status was among those accepted.
  package struct Answer: Sendable {
    package let status: Int32
    package let output: Data
    package let errors: String

    /// The output as text without its last line break.
    package var text: String {
      var text = String(decoding: output, as: UTF8.self)
      if text.last == "\n" { text.removeLast() }
      return text
    }
    /// The output cut at its NUL bytes; bytes that are not UTF-8 become U+FFFD.
    package var fields: [String] {
      output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// Runs git to its end.
  ///
  /// Where another process holds one of git's lock files, the call is repeated for about two seconds.
  ///
  /// - Parameters:
  ///   - configuration: further `name=value` settings for this call.
  ///   - variables: further environment for this call.
  ///   - accepting: exit statuses that are answers, not errors.
  /// - Throws: `GitError`. Cancellation is not looked at: git is never ended half-way.
  @discardableResult
  package func run(
    _ arguments: [String], in place: Place, input: Data? = nil, configuration: [String] = [],
    variables: [String: String] = [:], accepting: Set<Int32> = [0]
  ) async throws(GitError) -> Answer {
    var pause = Duration.milliseconds(20)
    var attempt = 1
    while true {
      do throws(GitError) {
        return try await once(
          arguments, in: place, input: input, configuration: configuration, variables: variables,
          accepting: accepting)
      } catch {
        guard error.kind == .locked || error.kind == .starved, attempt < 8 else { throw error }
        await rest(pause)
        pause = min(pause * 2, .milliseconds(500))
        attempt += 1
      }
    }
  }

  /// Pauses also in a cancelled task: the work that waits for the lock is still wanted.
  private func rest(_ pause: Duration) async {
    let clock = clock
    // Awaited on the next line; apart only so that cancellation does not reach the sleep.
    let sleep = Task { try? await clock.sleep(for: pause) }
    await sleep.value
  }

  private func once(
    _ arguments: [String], in place: Place, input: Data?, configuration: [String],
    variables: [String: String], accepting: Set<Int32>
  ) async throws(GitError) -> Answer {
    var environment = environment
    let directory: String
    switch place {
    case .directory(let path): directory = path
    case .store(let common):
      directory = common
      environment["GIT_DIR"] = common
    case .worktree(let git, let common, let files):
      directory = files
      environment["GIT_DIR"] = git
      environment["GIT_COMMON_DIR"] = common
      environment["GIT_WORK_TREE"] = files
    }
    environment["PWD"] = directory
    environment.merge(variables) { _, new in new }
    let command = "git " + arguments.joined(separator: " ")
    let settings = (Self.settings + Self.durability(of: arguments.first) + configuration)
      .flatMap { ["-c", $0] }
    let result: ChildProcess.Result
    do throws(SpawnError) {
      result = try await ChildProcess.run(
        executable: executable, arguments: settings + arguments, environment: environment,
        directory: directory, input: input, clock: clock)
    } catch {
      throw GitError(kind: .notStarted, command: command, says: error.description)
    }
    let errors = String(decoding: result.errors, as: UTF8.self)
    if case .exited(let status) = result.end, accepting.contains(status), !result.isCut {
      return Answer(status: status, output: result.output, errors: errors)
    }
    throw GitError(command: command, end: result.end, says: errors, directory: directory)
  }

  /// Refuses a git that lacks what is needed.
  package func checkVersion(in directory: String) async throws(GitError) {
    let text = try await run(["version"], in: .directory(directory)).text
    let numbers = text.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    guard numbers.count == 2, (numbers[0], numbers[1]) < (Self.oldest.major, Self.oldest.minor)
    else { return }
    throw GitError(
      kind: .tooOld, command: "git version", says: "\(executable) is \(text)",
      remedy: "install git \(Self.oldest.major).\(Self.oldest.minor) or newer")
  }
}
