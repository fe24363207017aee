// Knows how a test starts a run that leaves its terminal and takes all that it left.
// Unaware of what is tested.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// A `ropewalk run --detach` that has said its name and goes on by itself.
package struct RopeDetached: Sendable {
  package let rope: Rope
  private let options: Rope.Options
  private let before: RepositoryFingerprint
  /// What was said at the terminal.
  package let said: RopeOutput

  init(
    rope: Rope, options: Rope.Options, before: RepositoryFingerprint, said: RopeOutput
  ) {
    (self.rope, self.options, self.before, self.said) = (rope, options, before, said)
  }

  /// The name that was printed.
  package var name: String { said.stdout.trimmingCharacters(in: .whitespacesAndNewlines) }

  package var folder: RunFolder? {
    RunID(name).map { RunStore(stateDirectory: rope.stateDirectory).folder($0) }
  }

  /// The process id of its engine, as its lock says.
  package func engine() throws -> pid_t {
    guard let lock = folder?.lock,
      let pid = try JSONDocument(try FileBytes.read(lock)).root["pid"]?.int
    else { throw ScriptFailure(description: "no engine of `\(name)`") }
    return pid_t(pid)
  }

  /// Waits for its end by `status --wait`, whose exit status stands for the run's, then checks what must hold
  /// whatever happened.
  ///
  /// - Throws: `Invariants.Broken`.
  @discardableResult
  package func ended() async throws -> RopeRun {
    let status = try await rope.command(["status", "--wait", "--json", name])
    // The engine itself ends a little after its run, and a dead engine's agents later still.
    await rope.processes.ended()
    let told = RopeOutput(
      end: status.end, output: Array("{\"run\":\"\(name)\"}\n".utf8), errors: status.errors)
    let run = try RopeRun(told, rope: rope)
    var options = options
    options.isJSON = false
    let broken = try await Invariants(rope: rope, options: options, before: before, run: run)
      .broken()
    guard broken.isEmpty else { throw Invariants.Broken(broken: broken, said: told) }
    return run
  }
}

extension Rope {
  /// Starts a run that leaves the terminal. The caller must await its `ended()`.
  package func detach(
    _ plan: RopePlan, _ options: Options = Options()
  ) async throws -> RopeDetached {
    let file = options.plan.hasPrefix("/") ? options.plan : space(options.plan)
    try Files.write(plan.text, to: file)
    let before = try await RepositoryFingerprint(repository)
    let said = try await command(["run", "--detach"] + options.arguments + [file], options)
    return RopeDetached(rope: self, options: options, before: before, said: said)
  }
}

/// Any command of the program under way.
package struct RopeCommand: Sendable {
  private let child: RunningChild
  private let output: String

  /// Sends it a signal. It must be known to be still there.
  package func signal(_ number: Int32) { kill(child.pid, number) }

  /// Its process id, or its wrapper's.
  package var pid: pid_t { child.pid }

  package func ended() async throws -> RopeOutput {
    let end = await child.end()
    return RopeOutput(
      end: end, output: try FileBytes.read(output), errors: try FileBytes.read(output + ".err"))
  }

  init(child: RunningChild, output: String) { (self.child, self.output) = (child, output) }
}

extension Rope {
  /// Starts a command. The caller must await its `ended()`.
  package func begin(
    _ words: [String], _ options: Options = Options()
  ) async throws -> RopeCommand {
    let output = space("out-\(UUID().uuidString.prefix(8))")
    return RopeCommand(child: try await spawn(words, options, output), output: output)
  }
}
