// Knows how attended programs are started, ended and awaited. Unaware of what they are.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire
import Synchronization

/// Starts `ropewalk-attend` for one program and waits for the end of its whole tree.
package struct Attendant: Sendable {
  /// The path of `ropewalk-attend`.
  package let executable: String
  /// The environment that attended programs inherit before their spec's changes.
  package let environment: [String: String]
  /// How long the agents of a run at a terminal may outlive its engine.
  package static let orphanGrace: AttemptSpec.Milliseconds = 60_000
  /// How long attended programs outlive a dead engine; nil lets them run to their own end.
  package let orphanGrace: AttemptSpec.Milliseconds?

  package init(
    executable: String, environment: [String: String],
    orphanGrace: AttemptSpec.Milliseconds? = Attendant.orphanGrace
  ) {
    self.executable = executable
    self.environment = environment
    self.orphanGrace = orphanGrace
  }

  /// The attendant that stands beside the running program.
  package static func besideExecutable() -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    // Without /proc nothing of this works; the name alone then gives the clearer error.
    return ((own ?? "") as NSString).deletingLastPathComponent + "/ropewalk-attend"
  }

  /// Starts the attendant of a folder that holds its spec.
  ///
  /// - Throws: `SpawnError` when the attendant itself could not be started; nothing runs then.
  package func start(_ folder: AttemptFolder) async throws(SpawnError) -> Attended {
    let child = try await Spawner.shared.start(
      executable: executable, arguments: [folder.path], environment: environment,
      directory: folder.path)
    return Attended(child: child, folder: folder)
  }
}

/// A program under way with its attendant: a child of ours, or one that was found and adopted.
package final class Attended: Sendable {
  /// Nil for an adopted one.
  private let child: RunningChild?
  private let folder: AttemptFolder
  /// Bound to this one attendant, so that no signal can reach another process of its number.
  private let process: PinnedProcess?

  init(child: RunningChild, folder: AttemptFolder) {
    self.child = child
    self.folder = folder
    process = PinnedProcess(child.pid)
  }

  init(adopted process: PinnedProcess, folder: AttemptFolder) {
    child = nil
    self.folder = folder
    self.process = process
  }

  /// How it ended.
  package enum End: Sendable, Equatable {
    case recorded(EndRecord)
    /// The attendant is gone and left no record: killed, or out of disk. Says what is known.
    case lost(String)
  }

  /// Asks for the end of the tree: with its grace time, or with SIGKILL at once.
  package func end(hard: Bool) {
    process?.signal(hard ? SIGQUIT : SIGTERM)
    // One that was paused before it had made itself ready hears nothing else; to any other one
    // that is asked to end this says nothing.
    process?.signal(SIGCONT)
  }

  /// Stops the tree, and its limits with it, until `resume` or `end`.
  package func pause() { process?.signal(SIGTSTP) }

  /// Lets a paused tree go on.
  package func resume() { process?.signal(SIGCONT) }

  /// Returns once the attendant has ended, and with it the tree. Not cut short by cancellation.
  package func ended() async -> End {
    let exit =
      if let child { await child.end().text } else { await process?.end()?.text ?? "elsewhere" }
    do throws(SystemError) {
      if let record = try folder.endRecord() { return .recorded(record) }
    } catch {
      return .lost("its end record cannot be read: \(error)")
    }
    return .lost("its attendant ended (\(exit)) without an end record")
  }
}

extension ChildEnd {
  /// "exit code 1", "signal 9".
  package var text: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .signalled(let signal): "signal \(signal)"
    }
  }
}
