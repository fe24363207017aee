// Knows what a finished `ropewalk` left: exit status, text, journal. Unaware of how it was started.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// What a program printed and how it ended.
package struct RopeOutput: Sendable {
  package let end: ChildEnd
  package let output: [UInt8]
  package let errors: [UInt8]

  package var exit: Int32? { if case .exited(let code) = end { code } else { nil } }
  package var stdout: String { String(decoding: output, as: UTF8.self) }
  package var stderr: String { String(decoding: errors, as: UTF8.self) }

  /// The one object that was printed on stdout.
  package var json: JSONValue {
    get throws { try JSONDocument(output).root }
  }

  /// The object that errors are under `--json`; nil when stderr does not end with one.
  package var error: JSONValue? {
    guard let line = stderr.split(separator: "\n").last,
      let document = try? JSONDocument(Array(line.utf8))
    else { return nil }
    return document.root["error"]
  }
}

/// A run of `ropewalk run --json` that has ended.
package struct RopeRun: Sendable {
  package let said: RopeOutput
  /// Kept so that the files are there as long as somebody looks at them.
  package let rope: Rope
  /// Nil when no run was made: the plan was refused.
  package let folder: RunFolder?
  /// What the journal adds up to.
  package let report: RunReport
  package let events: [RunEvent]
  package let journal: JournalReader.End

  package var exit: Int32? { said.exit }
  package var stderr: String { said.stderr }

  package subscript(task: String) -> TaskReport? { TaskID(task).flatMap { report[$0] } }

  /// The task of plans that have but one.
  package var task: TaskReport? { self["task"] }
  package var last: AttemptResult? { task?.last }

  package func count(_ kind: String) -> Int { events.count { $0.kind == kind } }

  /// The path of a file in the folder of a task's attempt.
  package func file(_ name: String, task: String = "task", attempt: Int = 1) -> String {
    "\(folder?.path ?? "no run")/attempts/\(task)/\(attempt)/\(name)"
  }

  package func bytes(_ name: String, task: String = "task", attempt: Int = 1) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: file(name, task: task, attempt: attempt))))
  }

  package func text(_ name: String, task: String = "task", attempt: Int = 1) throws -> String {
    String(decoding: try bytes(name, task: task, attempt: attempt), as: UTF8.self)
  }

  init(_ said: RopeOutput, rope: Rope) throws {
    self.said = said
    self.rope = rope
    let stateDirectory = rope.stateDirectory
    // The run that was printed; the only one when nothing could be.
    let runs = Files.isFolder(stateDirectory) ? try RunFolder.all(in: stateDirectory + "/runs") : []
    let printed = said.output.split(separator: 10).first.flatMap { line in
      (try? JSONDocument(Array(line)))?.root["run"]?.string.flatMap(RunID.init)
    }
    folder = (printed ?? runs.last).map { RunStore(stateDirectory: stateDirectory).folder($0) }
    var report = RunReport()
    var events: [RunEvent] = []
    var journal = JournalReader.End.clean
    if let folder, Files.exists(folder.journal) {
      journal = try JournalReader.read(folder.journal) {
        report.apply($0)
        events.append($0)
      }
    }
    (self.report, self.events, self.journal) = (report, events, journal)
  }
}

extension Files {
  package static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
