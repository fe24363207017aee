// Knows what must come of disks that fill up, turn read-only or are slow while a run goes on.
// Unaware of what is written where.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of the disk under a run", .timeLimit(.minutes(10)))
struct StorageFaultTests {
  /// The commands that give the one program that follows a mount of its own; `mount` makes it, and what
  /// was written there is copied out of it in the end.
  private static func mounted(_ rope: Rope, at place: String, _ mount: String) -> [String] {
    [
      "unshare", "--mount", "sh", "-ec",
      """
      mkdir -p '\(place)' '\(rope.space("saved"))'
      \(mount)
      "$@" && s=0 || s=$?
      cp -a '\(place)/.' '\(rope.space("saved"))'; umount '\(place)'
      cp -a '\(rope.space("saved"))/.' '\(place)'; exit $s
      """, "sh",
    ]
  }

  @Test(
    "fault 51: an attempt whose output has no room fails by name, and the others go on",
    .needs("unshare", "mount"), .needsRoot)
  func attemptOutput() async throws {
    let rope = try await Rope.make()
    // Each attempt's folder is on the runs' disk; this one alone is given a small one of its own.
    let prepare =
      "d=$(git rev-parse --path-format=absolute --git-common-dir)/ropewalk/runs/$ROPEWALK_RUN/attempts/second; "
      + "mkdir -m 700 $d; mount -t tmpfs -o size=64k,mode=700 none $d; echo 1 >f"
    let run = try await rope.run(
      .tasks(
        [("first", prepare), ("second", "head -c 1000000 /dev/zero"), ("third", "echo 3 >f")],
        needs: ["second": ["first"], "third": ["first"]]),
      .init { $0.wrapper = ["unshare", "--mount"] })
    #expect(run.exit == 1)
    #expect(run["first"]?.state == .completed)
    #expect(run["third"]?.state == .completed)
    #expect(run["second"]?.state == .failed)
    #expect(run["second"]?.cause == .diskFull, "\(run["second"]?.message ?? "")")
  }

  @Test(
    "fault 51: a task whose worktree has no room fails in words, and what is there is kept",
    .needs("unshare", "mount"), .needsRoot)
  func worktree() async throws {
    let rope = try await Rope.make()
    try await rope.repository.sh(
      "head -c 300000 /dev/urandom >big; git add big; git commit -qm big")
    let place = rope.repository.path + "/.ropewalk/worktrees"
    let run = try await rope.run(
      .tasks([("one", "echo work >f"), ("two", "echo ok")], top: [("strategy", "single")]),
      .init {
        // Room for one checkout, not for two.
        $0.wrapper = Self.mounted(
          rope, at: place, "mount -t tmpfs -o size=480k,mode=700 none '\(place)'")
        $0.wrote = ["f": "work\n"]
      })
    #expect(run.exit == 1, "\(run.said.end) \(run.stderr)")
    #expect(run["one"]?.state == .completed)
    #expect(run["two"]?.cause == .diskFull)
    #expect(
      run["two"]?.message?.lowercased().contains("no space left") == true,
      "\(run["two"]?.message ?? "")")
  }

  @Test(
    "fault 49: work for whose commit there is no room stays in its worktree and is told",
    .needs("unshare", "mount"), .needsRoot)
  func objects() async throws {
    let rope = try await Rope.make()
    let place = rope.repository.path + "/.git/objects"
    let big = String((0..<60_000).map { "\($0 &* 2_654_435_761) \($0)\n" }.joined().prefix(600_000))
    let source = try rope.space.write(big, to: "big")
    let run = try await rope.run(
      .sh("cp '\(source)' big"),
      .init {
        $0.wrapper = Self.mounted(
          rope, at: place,
          "cp -a '\(place)/.' '\(rope.space("saved"))'; mount -t tmpfs -o size=160k none '\(place)'; "
            + "cp -a '\(rope.space("saved"))/.' '\(place)'")
        $0.wrote = ["big": big]
      })
    #expect(run.exit == 1, "\(run.said.end) \(run.stderr)")
    #expect(run.last?.cause == .diskFull)
    let message = run.task?.message ?? ""
    #expect(message.lowercased().contains("no space left"), "\(message)")
  }

  @Test(
    "fault 49: a state directory that is read-only is refused in words before anything starts",
    .needs("unshare", "mount"), .needsRoot)
  func readOnly() async throws {
    let rope = try await Rope.make()
    try FileManager.default.createDirectory(
      atPath: rope.stateDirectory, withIntermediateDirectories: true)
    let run = try await rope.run(
      .sh("echo x >f"),
      .init {
        $0.wrapper = [
          "unshare", "--mount", "sh", "-ec",
          "mount --bind -o ro '\(rope.stateDirectory)' '\(rope.stateDirectory)'; exec \"$@\"", "sh",
        ]
      })
    #expect(run.exit == 5)
    #expect(run.stderr.contains("read-only file system"), "\(run.stderr)")
    #expect(run.stderr.contains(".git/ropewalk"), "\(run.stderr)")
  }

  @Test(
    "fault 49: worktrees that turn read-only in mid-run fail their tasks in words; finished work stays",
    .needs("unshare", "mount"), .needsRoot)
  func turnsReadOnly() async throws {
    let rope = try await Rope.make()
    let place = rope.repository.path + "/.ropewalk/worktrees"
    let run = try await rope.run(
      .tasks(
        [
          ("one", "echo 1 >f"), ("two", "cd /; mount -o remount,ro '\(place)'"),
          ("three", "echo ok"),
        ],
        needs: ["two": ["one"], "three": ["one"]], top: [("strategy", "single")]),
      .init {
        $0.wrapper = Self.mounted(rope, at: place, "mount -t tmpfs -o mode=700 none '\(place)'")
      })
    #expect(run.exit == 1, "\(run.said.end) \(run.stderr)")
    #expect(run["one"]?.state == .completed)
    #expect(run["three"]?.state == .failed)
    #expect(
      run["three"]?.message?.lowercased().contains("read-only file system") == true,
      "\(run["three"]?.message ?? "")")
  }

  @Test(
    "fault 53: while the disk is slow agents are read on, and what comes together is synced together",
    .needs("strace"))
  func slowDisk() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      .tasks((1...8).map { ("t\($0)", "echo \($0) >f") }, top: [("concurrency", 8)]),
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-o", rope.space("trace"), "-e", "trace=fdatasync", "-e",
          "inject=fdatasync:delay_enter=1000000",
        ]
      })
    #expect(run.exit == 0)
    let promises = run.events.count(where: \.isPromise)
    let syncs = try Files.text(rope.space("trace")).split(separator: "\n")
      .count { $0.contains("fdatasync(") }
    #expect(promises == 10)
    #expect(syncs < promises, "\(syncs) syncs for \(promises) promises")
    #expect(run.events.map(\.seq) == run.events.indices.map { $0 + 1 })
  }

  @Test(
    "fault 62: what a run says it did is on the disk with its name before it is said",
    .needs("strace"))
  func order() async throws {
    let rope = try await Rope.make()
    let log = rope.space("trace")
    let run = try await rope.run(
      .sh("echo x >f"),
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-y", "-s", "65536", "-o", log, "-e",
          "trace=fsync,fdatasync,mkdir,renameat,renameat2,rename,write,writev,pwrite64,execve",
        ]
      })
    #expect(run.exit == 0)
    let lines = try Files.text(log).split(separator: "\n").map(String.init)
    func first(after start: Int = -1, _ parts: String...) throws -> Int {
      try #require(
        lines.indices.first { line in
          line > start && parts.allSatisfy { lines[line].contains($0) }
        }, "no \(parts) after line \(start)")
    }
    let folder = try #require(run.folder?.path)
    // The run's folder, then its name in the folder above.
    let made = try first("mkdir(\"\(folder)\"")
    let named = try first(after: made, "fsync(", "<\(rope.stateDirectory)/runs>")
    // The journal's promise that the run began, before any agent is started.
    let began = try first(after: named, "writev(", "runStarted")
    let promised = try first(after: began, "fdatasync(", "journal.jsonl")
    let started = try first("execve(", "ropewalk-attend")
    #expect(promised < started)
    // The attendant's record: bytes, then name, then the folder; only then is the end told.
    let renamed = try first("rename", "end.json.tmp", "\"end.json\"")
    let bytes = try first(after: started, "fsync(", "end.json.tmp")
    let entry = try first(after: renamed, "fsync(", "attempts/task/1>")
    let told = try first("writev(", "attemptFinished")
    #expect(bytes < renamed && entry < told)
    // The end of the task is promised before the run's end, and that before the program ends.
    let ended = try first(after: told - 1, "writev(", "taskFinished")
    let last = try first(after: ended, "fdatasync(", "journal.jsonl")
    #expect(lines.indices.contains(last))
  }

  @Test(
    "fault 62: objects and branches of a result are on the disk before the task is told as completed",
    .needs("strace"))
  func objectOrder() async throws {
    let rope = try await Rope.make()
    let log = rope.space("trace")
    let run = try await rope.run(
      .sh("echo something >f"),
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-y", "-s", "65536", "-o", log, "-e",
          "trace=fsync,fdatasync,writev",
        ]
      })
    #expect(run.exit == 0)
    let lines = try Files.text(log).split(separator: "\n").map(String.init)
    let told = try #require(
      lines.firstIndex { $0.contains("writev(") && $0.contains("taskFinished") })
    let before = lines[..<told].filter { $0.contains("sync(") }
    #expect(before.contains { $0.contains("/objects/") }, "no object was synced")
    #expect(before.contains { $0.contains("/refs/heads/ropewalk/") }, "no branch was synced")
  }
}
