// Knows what must hold after every run, whatever happened in it. Unaware of what was tested.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// The promises that every run is held to: no process left (I1), the user's repository untouched and
/// sound (I2), a journal that says what was printed (I3), no completion without evidence (I4), no work
/// lost (I5).
package struct Invariants {
  let rope: Rope
  let options: Rope.Options
  let before: RepositoryFingerprint
  let run: RopeRun

  /// What did not hold, and what the program said.
  package struct Broken: Error, CustomStringConvertible {
    package let broken: [String]
    package let said: RopeOutput

    package var description: String {
      "\(broken.joined(separator: "\n"))\n\(said.end)\n\(said.stderr)"
    }
  }

  package func broken() async throws -> [String] {
    processes() + (try await repository()) + journal() + (try await evidence())
      + (try await work())
  }

  private func processes() -> [String] {
    rope.processes.alive.map { "I1: process \($0.pid) is left: \($0.command)" }
  }

  private func repository() async throws -> [String] {
    var broken: [String] = []
    if !options.repositoryChanges {
      let after = try await RepositoryFingerprint(rope.repository)
      broken += after.differences(from: before).map { "I2: changed: \($0)" }
    }
    do {
      try await rope.repository.sh("git fsck --full --no-progress --no-dangling >&2")
    } catch let failure as ScriptFailure {
      broken.append("I2: \(failure)")
    }
    return broken
  }

  private func journal() -> [String] {
    guard run.folder != nil, !run.events.isEmpty || !options.isKilled else { return [] }
    switch run.journal {
    case .clean: break
    case .torn where options.isKilled || run.exit == 5: break
    case let end: return ["I3: the journal is \(end)"]
    }
    return printed() + end()
  }

  /// What was printed is what is in the journal, or its beginning when the program died.
  private func printed() -> [String] {
    guard options.isJSON, let folder = run.folder, !run.said.output.isEmpty else { return [] }
    let written = Array(FileManager.default.contents(atPath: folder.journal) ?? Data())
    let isWhole = !options.isKilled && run.exit != 5
    if isWhole ? written == run.said.output : written.starts(with: run.said.output) { return [] }
    return ["I3: what was printed is not what is in the journal"]
  }

  private func end() -> [String] {
    guard case .runFinished(_, _, let status)? = run.events.last?.payload else {
      let isAllowed = options.isKilled || run.exit == 5 || (run.exit ?? 0) > 128
      return isAllowed ? [] : ["I3: the journal has no end"]
    }
    if status.text == run.report.json.text { return [] }
    return ["I3: told \(status.text)\nbut the journal says \(run.report.json.text)"]
  }

  private func evidence() async throws -> [String] {
    var broken: [String] = []
    for task in run.report.tasks where task.state == .completed {
      guard let last = task.last, last.isSuccess, let verdict = last.verdict else {
        broken.append("I4: `\(task.id)` completed without evidence")
        continue
      }
      switch verdict {
      case .verified, .changed:
        if last.commit == nil || (last.changedFiles ?? 0) == 0 {
          broken.append("I4: `\(task.id)` is \(verdict) without a changed commit")
        }
        if verdict == .verified, !task.verifications.allSatisfy(\.passed) {
          broken.append("I4: `\(task.id)` is verified although a verification failed")
        }
      case .answered where last.text == nil:
        broken.append("I4: `\(task.id)` answered nothing")
      default: break
      }
    }
    let isOver = run.events.last?.kind == "runFinished"
    let isGood = isOver && run.report.state == .completed
    if let exit = run.exit, !isGood, exit == 0 { broken.append("I4: exit 0 without success") }
    if let exit = run.exit, isGood, exit != 0, exit != 5 {
      broken.append("I4: exit \(exit) although all completed")
    }
    return broken
  }

  /// Refs that are told exist; worktrees that are left are told; what agents wrote is in either.
  private func work() async throws -> [String] {
    var broken: [String] = []
    for task in run.report.tasks {
      guard let last = task.last, let ref = last.ref, let commit = last.commit else { continue }
      let found = try await rope.repository.sh("git rev-parse -q --verify '\(ref)' || true")
      if found != commit.text { broken.append("I5: \(ref) is `\(found)`, not \(commit)") }
    }
    guard !options.wrote.isEmpty else { return broken }
    let known = Set(
      try await rope.repository.sh("git rev-list --objects --all")
        .split(separator: "\n").map { String($0.prefix(40)) })
    for (path, text) in options.wrote {
      let file = rope.space("wrote-\(UUID().uuidString.prefix(8))")
      try Files.write(text, to: file)
      let id = try await rope.repository.sh("git hash-object --no-filters '\(file)'")
      let isThere = run.report.tasks.contains { task in
        task.worktree.map { FileManager.default.contents(atPath: "\($0)/\(path)") }
          == Data(text.utf8)
      }
      if !known.contains(id), !isThere { broken.append("I5: `\(path)` is lost") }
    }
    return broken
  }
}
