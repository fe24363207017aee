// Knows that an engine can be killed at any instant and its run goes on to the same end.
// Unaware of how it goes on.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("killed at any instant", .timeLimit(.minutes(10)))
struct CrashTests {
  /// Ten tasks with retries, repairs, merges, a chain and a failure; the result of each depends on its name alone.
  private static func plan(_ marks: String) -> RopePlan {
    let write = "echo $ROPEWALK_TASK >$ROPEWALK_TASK.txt"
    let agents = [
      ("plain", write),
      // Fails once, whoever asks.
      ("flaky", "mkdir '\(marks)'/$ROPEWALK_TASK 2>/dev/null && exit 3; \(write)"),
      ("bad", "exit 4"),
      // What the first try leaves is refused.
      ("mended", "[ -e draft ] && \(write); echo draft >draft"),
      ("second", "echo again >>$ROPEWALK_TASK.txt"),
    ]
    let tasks: [(String, [String], [(String, JSON)])] = [
      ("a", [], []), ("b", [], [("agent", "flaky")]), ("c", ["a"], []),
      ("d", ["a", "b"], [("agent", "flaky")]), ("e", ["c", "d"], []),
      ("f", ["b"], [("agent", "mended"), ("verify", ["test -e f.txt"])]), ("g", ["f", "e"], []),
      ("h", [], [("agent", "bad")]), ("i", ["h"], []),
      ("j", ["a"], [("strategy", ["multi": ["plain", "second"]])]),
    ]
    return RopePlan(
      agents: agents.map { name, script in
        (
          name,
          ["runner": "command", "command": .array(["sh", "-c", .string(script)])] as JSON
        )
      },
      tasks: tasks.map { id, needs, more in
        let retry: [(String, JSON)] =
          id == "h" ? [] : [("retry", ["attempts": 2, "backoff": "10ms"])]
        return .object(
          [
            ("id", .string(id)), ("prompt", "do it"), ("needs", .array(needs.map(JSON.string))),
          ] + retry + more)
      }, defaults: [("grace", "100ms")])
  }

  private static func marks(_ rope: Rope) throws -> String {
    let path = rope.space("marks")
    try FileBytes.createFolder(path)
    return path
  }

  /// What must be the same however often the run was killed.
  private func essence(_ rope: Rope) async throws -> [String] {
    let status = try await rope.command(["status", "--json"])
    let report = try status.json
    let run = report["run"]?.string ?? ""
    var lines = ["\(report["state"]?.string ?? "")"]
    for task in report["tasks"].map({ Array($0.elements) }) ?? [] {
      let id = task["id"]?.string ?? ""
      let tree = try await rope.repository.sh(
        "git rev-parse -q --verify 'refs/heads/ropewalk/\(run)/\(id)^{tree}' || true")
      lines.append("\(id) \(task["state"]?.string ?? "") \(task["cause"]?.string ?? "") \(tree)")
    }
    return lines
  }

  /// Goes on until the run is over, then looks at everything that must hold.
  private func goOn(_ rope: Rope, _ before: RepositoryFingerprint) async throws {
    let resumed = try await rope.command(["resume", "--json"])
    #expect(resumed.exit == 1, "\(resumed.stderr)")
    let left = rope.processes.alive.map(\.command)
    #expect(left == [])
    let after = try await RepositoryFingerprint(rope.repository)
    #expect(after.differences(from: before) == [])
    try await rope.repository.sh("git fsck --full --no-progress --no-dangling >&2")
    let locks = try await rope.repository.sh("find .git -name '*.lock'")
    #expect(locks == "")
    // A completed task never ran again.
    let folder = try RunStore(stateDirectory: rope.stateDirectory).find(nil)
    var done: Set<TaskID> = []
    let end = try JournalReader.read(folder.journal) { event in
      guard let task = event.subject.task else { return }
      switch event.payload {
      case .attemptStarted: #expect(!done.contains(task), "`\(task)` ran again after its end")
      case .taskFinished(let end) where end.state == .completed: done.insert(task)
      default: break
      }
    }
    #expect(end == .clean)
  }

  private func undisturbed() async throws -> (essence: [String], journal: [UInt8]) {
    let rope = try await Rope.make()
    let marks = try Self.marks(rope)
    let run = try await rope.run(Self.plan(marks))
    #expect(run.exit == 1)
    let folder = try #require(run.folder)
    return (try await essence(rope), try FileBytes.read(folder.journal))
  }

  /// Of many places, so many as a short run has time for, evenly; all of them when `ROPEWALK_CRASH_ALL` is set.
  private func sample(_ all: [Int], _ count: Int) -> [Int] {
    guard ProcessInfo.processInfo.environment["ROPEWALK_CRASH_ALL"] == nil, all.count > count else {
      return all
    }
    return (0..<count).map { all[$0 * all.count / count] }
  }

  private func killed(_ call: String, _ count: Int, follow: [String]) async throws -> Bool {
    let whole = try await Self.whole.value
    let rope = try await Rope.make()
    let marks = try Self.marks(rope)
    let before = try await RepositoryFingerprint(rope.repository)
    let run = try await rope.run(
      Self.plan(marks),
      .init {
        $0.wrapper =
          ["strace", "-f", "-q", "-o", "/dev/null"] + follow + [
            "-e", "trace=\(call)", "-e", "inject=\(call):signal=KILL:when=\(count)",
          ]
        $0.isKilled = true
      })
    guard run.exit != 1 else { return false }
    guard run.folder != nil, !run.events.isEmpty else { return true }
    try await goOn(rope, before)
    #expect(try await essence(rope) == whole, "killed at \(call) \(count)")
    return true
  }

  /// Kills at the first of these calls, the next time at the second, and so on until a run comes to its end.
  private func kill(at call: String, _ counts: [Int]) async throws {
    var kills = 0
    for count in counts {
      // Programs that the engine starts are let alone.
      guard try await killed(call, count, follow: ["-b", "execve"]) else { break }
      kills += 1
    }
    #expect(kills > counts.count / 3, "the run ended before it was killed")
  }

  /// The undisturbed end, found once.
  private static let whole = Task { try await CrashTests().undisturbed().essence }

  @Test("fault 44: at every write of the journal", .needs("strace"))
  func atEveryWrite() async throws {
    // No run of this plan has more batches; where the last one is passed nothing is killed.
    try await kill(at: "writev", sample(Array(1...90), 12))
  }

  @Test("fault 44: at every sync of the journal", .needs("strace"))
  func atEverySync() async throws {
    try await kill(at: "fdatasync", sample(Array(1...13), 6))
  }

  @Test("fault 45: at every start of a program", .needs("strace"))
  func atEveryStart() async throws {
    try await kill(at: "socketpair", sample(Array(1...400), 10))
  }

  @Test("fault 46: with its journal cut at any byte")
  func cut() async throws {
    let (whole, journal) = try await undisturbed()
    for count in sample(Array(1..<journal.count), 12) {
      let rope = try await Rope.make()
      let marks = try Self.marks(rope)
      let before = try await RepositoryFingerprint(rope.repository)
      let run = try await rope.run(Self.plan(marks))
      let folder = try #require(run.folder)
      let size = try FileBytes.read(folder.journal).count
      let cut = min(count, size - 1)
      guard truncate(folder.journal, off_t(cut)) == 0 else { continue }
      let status = try await rope.command(["status", "--json"])
      #expect(status.exit == 0)
      // Without its first line it is no run yet.
      if journal.prefix(cut).contains(UInt8(ascii: "\n")) == false { continue }
      try await goOn(rope, before)
      let again = try await essence(rope)
      #expect(again == whole, "cut at \(cut) of \(size)")
    }
  }

  @Test(
    "every attendant is killed at a write of its own: no success is claimed, nothing is left, and all can be retried",
    .needs("strace"),
    arguments: [("fallocate", 1), ("pwrite64", 1), ("renameat", 1)])
  func attendants(call: String, count: Int) async throws {
    let whole = try await Self.whole.value
    let rope = try await Rope.make()
    let marks = try Self.marks(rope)
    let before = try await RepositoryFingerprint(rope.repository)
    let run = try await rope.run(
      Self.plan(marks),
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=\(call)", "-e",
          "inject=\(call):signal=KILL:when=\(count)",
        ]
      })
    #expect(run.exit == 1, "\(run.stderr)")
    #expect(run.report.count(.completed) == 0)
    #expect(run["a"]?.last?.cause == .lost)
    let again = try await rope.command(["retry", "--json"])
    #expect(again.exit == 1, "\(again.stderr)")
    #expect(try await essence(rope) == whole)
    #expect(try await RepositoryFingerprint(rope.repository).differences(from: before) == [])
  }

  @Test("fault 61: of a cancel and a resume at once one does its work, and the other is told")
  func race() async throws {
    for _ in 0..<5 {
      let rope = try await Rope.make()
      let marks = try Self.marks(rope)
      let run = try await rope.run(
        Self.plan(marks),
        .init {
          $0.wrapper = [
            "strace", "-f", "-q", "-o", "/dev/null", "-b", "execve", "-e", "trace=writev", "-e",
            "inject=writev:signal=KILL:when=12",
          ]
          $0.isKilled = true
        })
      #expect(run.exit != 1)
      async let resumed = rope.command(["resume", "--json"])
      async let cancelled = rope.command(["cancel", "--json"])
      let (one, other) = try await (resumed, cancelled)
      let left = rope.processes.alive.map(\.command)
      #expect(left == [])
      let state = try await rope.command(["status", "--json"]).json["state"]?.string
      if state == "partial" {
        // The cancel came too late, or to somebody who was not ready to hear it.
        #expect(one.exit == 1, "\(one.stderr)")
        #expect(other.exit == 5, "\(other.stderr)")
      } else {
        #expect(state == "cancelled")
        #expect(other.exit == 0, "\(other.stderr)")
      }
    }
  }
}
