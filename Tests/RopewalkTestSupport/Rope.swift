// Knows how a test runs the built `ropewalk` in a repository of its own and takes all that it left.
// Unaware of what is tested.

import CSystem
import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// A scratch repository and the program, for one test.
///
/// Every run is followed by the check of what must hold whatever happened (`Invariants`); a run that
/// breaks one throws.
package final class Rope: Sendable {
  package let repository: TestRepository
  package let processes: RopeProcesses

  package var space: TestSpace { repository.space }
  package var stateDirectory: String { repository.path + "/.git/ropewalk" }

  private init(repository: TestRepository, processes: RopeProcesses) {
    self.repository = repository
    self.processes = processes
  }

  package static func make() async throws -> Rope {
    let rope = Rope(
      repository: try await TestRepository.make(),
      processes: RopeProcesses(tag: "rope-\(UUID().uuidString)"))
    try FileManager.default.createDirectory(
      atPath: rope.space("tmp"), withIntermediateDirectories: true)
    return rope
  }

  /// The folder of the built programs: that of the test bundle.
  package static let products: String = {
    do {
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return (own as NSString).deletingLastPathComponent
    } catch {
      preconditionFailure("no `/proc/self/exe`: \(error)")
    }
  }()

  package static var program: String { products + "/ropewalk" }

  /// What a run's start may change.
  package struct Options: Sendable {
    /// After `run --json`.
    package var arguments: [String] = []
    /// A program with its arguments that the whole command line is put behind.
    package var wrapper: [String] = []
    /// Set, or with nil taken away.
    package var environment: [String: String?] = [:]
    package var directory: String?
    package var isJSON = true
    /// What agents write, by path in their worktree: after the run it must be in a ref or still there.
    package var wrote: [String: String] = [:]
    /// Whether the program dies on purpose, so that its run has no end and its agents may live on.
    package var isKilled = false
    /// Whether the user's repository is changed on purpose meanwhile.
    package var repositoryChanges = false
    package var plan = "plan.json"

    package init(_ change: (inout Options) -> Void = { _ in }) { change(&self) }
  }

  /// Every variable that the program gets.
  package func environment(_ changes: [String: String?] = [:]) -> [String: String] {
    var environment = repository.environment
    environment["PATH"] = StubAgent.folder + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment["TMPDIR"] = space("tmp")
    environment[RopeProcesses.variable] = processes.tag
    for (name, value) in changes { environment[name] = value }
    return environment
  }

  /// Runs a plan to its end.
  package func run(
    _ plan: RopePlan, _ options: Options = Options()
  ) async throws -> RopeRun {
    try await start(plan, options).ended()
  }

  /// Starts a run. The caller must await its `ended()`.
  package func start(_ plan: RopePlan, _ options: Options = Options()) async throws -> RopeProgram {
    let file = options.plan.hasPrefix("/") ? options.plan : space(options.plan)
    if options.plan == Options().plan { try Files.write(plan.text, to: file) }
    let before = try await RepositoryFingerprint(repository)
    let words = ["run"] + (options.isJSON ? ["--json"] : []) + options.arguments + [file]
    let output = space("out-\(UUID().uuidString.prefix(8))")
    let child = try await spawn(words, options, output)
    return RopeProgram(
      rope: self, options: options, before: before, child: child, output: output)
  }

  /// Runs any other command of the program to its end; its invariants are the caller's.
  package func command(
    _ words: [String], _ options: Options = Options()
  ) async throws -> RopeOutput {
    let line = options.wrapper + [Self.program] + words
    let result = try await ChildProcess.run(
      executable: "/usr/bin/env", arguments: line,
      environment: environment(options.environment), directory: options.directory ?? repository.path
    )
    return RopeOutput(
      end: result.end, output: Array(result.output), errors: Array(result.errors))
  }

  /// Makes a named pipe by which agents and test wait for each other: `echo x >$pipe`, `read x <$pipe`.
  package func pipe(_ name: String) throws -> String {
    let path = space(name)
    guard mkfifo(path, 0o600) == 0 else { throw SystemError("make the pipe", path) }
    return path
  }

  /// Returns the line that somebody writes to a pipe.
  @discardableResult
  package func line(from pipe: String) async throws -> String {
    try await repository.sh("read line < '\(pipe)'; echo \"$line\"")
  }

  /// Starts the program; `output`, and the same with `.err`, are files that must not be there yet.
  func spawn(
    _ words: [String], _ options: Options, _ output: String
  ) async throws -> RunningChild {
    let line = options.wrapper + [Self.program] + words
    let (stdout, stderr) = (try Self.file(output), try Self.file(output + ".err"))
    defer {
      close(stdout.fileDescriptor)
      close(stderr.fileDescriptor)
    }
    return try await Spawner.shared.start(
      executable: "/usr/bin/env", arguments: line,
      environment: environment(options.environment),
      directory: options.directory ?? repository.path, standardOutput: stdout,
      standardError: stderr)
  }

  private static func file(_ path: String) throws(SystemError) -> FileHandle {
    let descriptor = csystem_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
  }
}

/// A `ropewalk run` under way.
package final class RopeProgram: Sendable {
  package let rope: Rope
  private let options: Rope.Options
  private let before: RepositoryFingerprint
  private let child: RunningChild
  private let output: String

  init(
    rope: Rope, options: Rope.Options, before: RepositoryFingerprint, child: RunningChild,
    output: String
  ) {
    (self.rope, self.options, self.before) = (rope, options, before)
    (self.child, self.output) = (child, output)
  }

  /// The program's own id while it runs; that of the wrapper when there is one.
  package var pid: pid_t { child.pid }

  /// The signal goes to the program alone. It must be known to be still there.
  package func signal(_ number: Int32) { kill(pid, number) }

  /// Waits for the end, then checks what must hold whatever happened.
  ///
  /// - Throws: `Invariants.Broken`.
  @discardableResult
  package func ended() async throws -> RopeRun {
    let end = await child.end()
    let said = RopeOutput(
      end: end, output: Array(try Data(contentsOf: URL(fileURLWithPath: output))),
      errors: Array(try Data(contentsOf: URL(fileURLWithPath: output + ".err"))))
    // Whatever is left of a killed program ends by itself before anything is looked at.
    if options.isKilled { await rope.processes.ended() }
    let run = try RopeRun(said, rope: rope)
    let broken = try await Invariants(rope: rope, options: options, before: before, run: run)
      .broken()
    guard broken.isEmpty else {
      await rope.processes.kill()
      throw Invariants.Broken(broken: broken, said: said)
    }
    return run
  }
}
