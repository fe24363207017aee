// Knows what must hold when our own disk or our own process fails. Unaware of what agents do.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of our own disk and death", .timeLimit(.minutes(10)))
struct DiskFaultTests {
  private static let twoTasks = RopePlan.tasks(
    [("first", "echo 1 >f; echo one"), ("second", "echo 2 >g; echo two")],
    needs: ["second": ["first"]])

  /// A run whose journal cannot be known beforehand, behind `strace` with an injection into it.
  private func injected(
    _ plan: RopePlan, trace: String, _ inject: String, kills: Bool = false
  ) async throws -> RopeRun {
    let rope = try await Rope.make()
    // The journal's thread is the only one that calls `fdatasync`, so no path need be named.
    return try await rope.run(
      plan,
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=\(trace)", "-e", "inject=\(inject)",
        ]
        $0.isKilled = kills
      })
  }

  @Test(
    "fault 44: killed at any sync of the journal, what is there is sound and nothing is left",
    .needs("strace"), arguments: [1, 2, 3, 4, 5, 6, 8, 10])
  func killedAtSync(count: Int) async throws {
    let run = try await injected(
      Self.twoTasks, trace: "fdatasync", "fdatasync:signal=KILL:when=\(count)", kills: true)
    try await expectInterrupted(run)
  }

  @Test(
    "fault 44: killed when a task ends, what is there is sound and nothing is left",
    arguments: [1, 2, 3])
  func killedByAgent(task: Int) async throws {
    // The agent's attendant is the engine's child, so the engine is the parent of its parent.
    let end = "kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); echo done >h"
    let scripts = (1...3).map { ("t\($0)", $0 == task ? end : "echo \($0) >f\($0)") }
    let run = try await Rope.make().run(
      .tasks(scripts, needs: ["t2": ["t1"], "t3": ["t2"]]), .init { $0.isKilled = true })
    #expect(run.said.end == .signalled(SIGKILL))
    try await expectInterrupted(run)
    let ended = run.report.tasks.count { $0.state == .completed }
    #expect(ended == task - 1)
  }

  private func expectInterrupted(_ run: RopeRun) async throws {
    guard run.exit != 0 else { return }
    guard run.folder != nil, !run.events.isEmpty else { return }
    let status = try await run.rope.command(["status", "--json"])
    if run.events.last?.kind == "runFinished" {
      #expect(try status.json["state"]?.string == "completed")
    } else {
      #expect(try status.json["state"]?.string == "interrupted")
    }
    for task in run.report.tasks where task.state == .completed {
      #expect(try await run.rope.repository.commit(task.branch ?? "none") == task.last?.commit)
    }
  }

  @Test(
    "fault 45: killed before any git command, no ref is half made", .needs("strace"),
    arguments: [2, 6, 10, 14, 18, 22])
  func killedBetweenCommands(count: Int) async throws {
    // Counted per thread: the engine starts all programs from one.
    let run = try await injected(
      Self.twoTasks, trace: "pipe2", "pipe2:signal=KILL:when=\(count)", kills: true)
    try await expectInterrupted(run)
    let refs = try await run.rope.repository.sh("git for-each-ref --format='%(refname)' refs/heads")
    for ref in refs.split(separator: "\n") where ref.hasPrefix("refs/heads/ropewalk/") {
      try await run.rope.repository.sh("git cat-file -e '\(ref)^{tree}'")
    }
  }

  @Test("fault 46: cut at any byte, a journal gives what stood before and never invents")
  func cut() async throws {
    let run = try await Rope.make().run(.sh("echo x >f"))
    let folder = try #require(run.folder)
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: folder.journal)))
    let lineEnds = whole.indices.filter { whole[$0] == 10 }
    let copy = run.rope.space("copy.jsonl")
    for count in 0...whole.count {
      try Data(whole.prefix(count)).write(to: URL(fileURLWithPath: copy))
      var events = 0
      let end = try JournalReader.read(copy) { _ in events += 1 }
      let lines = lineEnds.count { $0 < count }
      #expect(events == lines)
      let start = lines == 0 ? 0 : lineEnds[lines - 1] + 1
      #expect(end == (start == count ? .clean : .torn(bytes: count - start)))
    }
    for count in stride(from: 0, to: whole.count, by: whole.count / 5) {
      try Data(whole.prefix(count)).write(to: URL(fileURLWithPath: folder.journal))
      let status = try await run.rope.command(["status", "--json"])
      #expect(status.exit == 0, "at \(count): \(status.stderr)")
      #expect(try status.json["state"]?.string == "interrupted", "at \(count)")
    }
  }

  @Test("fault 47: a flipped byte, a lost line, a strange line and zeros are told with their line")
  func damaged() async throws {
    let run = try await Rope.make().run(.sh("echo x >f"))
    let folder = try #require(run.folder)
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: folder.journal)))
    let copy = run.rope.space("copy.jsonl")
    var line = 1
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 1
      try Data(bytes).write(to: URL(fileURLWithPath: copy))
      let end = try JournalReader.read(copy) { _ in }
      let isLast = place == whole.count - 1
      switch end {
      case .damaged(let told, _): #expect(told == line && !isLast, "byte \(place)")
      case .torn: #expect(isLast, "byte \(place)")
      case .clean: Issue.record("the flip of byte \(place) was not seen")
      }
      if whole[place] == 10 { line += 1 }
    }
    let lines = whole.split(separator: 10).map { Array($0) + [10] }
    let foreign = lines[1].map { $0 }
    for (bytes, told) in [
      (lines[0] + lines[2...].flatMap(\.self), 2), (lines[0] + foreign + foreign, 3),
      (whole + Array(repeating: 0, count: 9) + [10], lines.count + 1),
    ] {
      try Data(bytes).write(to: URL(fileURLWithPath: folder.journal))
      let status = try await run.rope.command(["status", "--json"])
      #expect(status.exit == 5)
      #expect(status.stderr.contains("line \(told)"), "\(status.stderr)")
      let kept = Array(try Data(contentsOf: URL(fileURLWithPath: folder.journal)))
      #expect(kept == bytes)
    }
  }

  /// The commands that put a file system of a size of its own under the runs' folder, for the one
  /// program that follows; what it wrote is copied out of it in the end.
  private static func small(_ rope: Rope, options: String, at place: String) -> [String] {
    [
      "unshare", "--mount", "sh", "-ec",
      "mkdir -p '\(place)'; mount -t tmpfs -o \(options) none '\(place)'; shift; \"$@\" && s=0 || s=$?; "
        + "cp -r '\(place)' '\(rope.space("saved"))'; umount '\(place)'; "
        + "cp -r '\(rope.space("saved"))/.' '\(place)'; exit $s",
      "sh", "--",
    ]
  }

  @Test(
    "fault 48, 49: when the journal's disk is full no more is started, and it is said where",
    .needs("unshare", "mount"), .needsRoot, arguments: [8, 16, 24, 32, 48])
  func fullDisk(kibibytes: Int) async throws {
    let rope = try await Rope.make()
    let chatty = "i=0; while [ $i -lt 200 ]; do echo some words about $i; i=$((i+1)); done"
    let run = try await rope.run(
      .tasks((1...4).map { ("t\($0)", chatty) }, top: [("strategy", "single")]),
      .init {
        $0.wrapper = Self.small(
          rope, options: "size=\(kibibytes)k,mode=700", at: rope.stateDirectory + "/runs")
      })
    #expect(run.exit == 5 || run.exit == 1, "\(run.said.end)")
    if run.exit == 5 {
      #expect(run.stderr.contains("no space left"), "\(run.stderr)")
      #expect(run.stderr.contains("/ropewalk/runs"), "\(run.stderr)")
    }
  }

  @Test("fault 48: a write that is cut short is gone on with", .needs("prlimit"))
  func fileSize() async throws {
    let run = try await Rope.make().run(
      .tasks((1...6).map { ("t\($0)", "echo ok") }),
      .init { $0.wrapper = ["env", "--ignore-signal=XFSZ", "prlimit", "--fsize=4000"] })
    #expect(run.exit != 0)
    #expect(run.stderr.contains("file too large") || run.exit == 1, "\(run.stderr)")
  }

  @Test(
    "fault 49, 50: a journal that cannot be written or synced ends the run in words",
    .needs("strace"),
    arguments: [
      "fdatasync:error=EIO:when=1", "fdatasync:error=EIO:when=2", "fdatasync:error=EIO:when=2+",
      "fdatasync:error=ENOSPC:when=3", "fdatasync:error=EDQUOT:when=3",
    ])
  func failedSync(inject: String) async throws {
    let run = try await injected(Self.twoTasks, trace: "fdatasync", inject)
    #expect(run.exit == 5, "\(run.said.end)")
    #expect(run.said.error?["path"]?.string?.hasSuffix("journal.jsonl") == true, "\(run.stderr)")
    // What was not synced may be in the file all the same; it is not told as done.
    #expect(!run.said.stdout.contains("runFinished") || run.report.state == .completed)
  }

  @Test("fault 52: a state directory that is a file or a link is refused")
  func strangeStateDirectory() async throws {
    let file = try await Rope.make()
    try Files.write("", to: file.stateDirectory)
    let refused = try await file.run(.sh("echo ok"))
    #expect(refused.exit == 5)
    #expect(refused.stderr.contains(".git/ropewalk"))
    let worktrees = try await Rope.make()
    try Files.write("", to: worktrees.repository.path + "/.ropewalk")
    let second = try await worktrees.run(.sh("echo ok"))
    #expect(second.exit == 5)
    #expect(second.stderr.contains(".ropewalk"))
    let linked = try await Rope.make()
    try FileManager.default.createDirectory(
      atPath: linked.space("elsewhere"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: linked.repository.path + "/.ropewalk",
      withDestinationPath: linked.space("elsewhere"))
    let third = try await linked.run(.sh("echo ok"))
    #expect(third.exit == 5)
    #expect(try Files.names(in: linked.space("elsewhere")) == [])
  }

  @Test(
    "fault 52: without inodes the run ends in words", .needs("unshare", "mount"), .needsRoot,
    arguments: [2, 5, 9])
  func inodes(count: Int) async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      .sh("echo ok"),
      .init {
        $0.wrapper = Self.small(
          rope, options: "nr_inodes=\(count)", at: rope.stateDirectory + "/runs")
      })
    #expect(run.exit == 5 || run.exit == 1, "\(run.said.end)")
    #expect(!run.stderr.isEmpty || run.exit == 1)
  }

  @Test("fault 53: a slow disk delays, and order and result stay", .needs("strace"))
  func slowDisk() async throws {
    let run = try await injected(
      Self.twoTasks, trace: "fdatasync", "fdatasync:delay_enter=200000")
    #expect(run.exit == 0)
  }

  @Test(
    "fault 54: a wall clock that is off by a year changes no duration", .needs("faketime"),
    arguments: ["-1y", "+1y"])
  func clock(offset: String) async throws {
    let run = try await rw("sleep .2; echo x >f", task: [("timeout", "30s")]) {
      $0.wrapper = ["faketime", "-f", offset]
    }
    #expect(run.exit == 0, "\(run.stderr)")
    #expect((run.last?.seconds ?? -1) > 0)
    #expect((run.last?.seconds ?? 99) < 60)
  }

  @Test("fault 56: two runs in one repository at the same time both work")
  func twoRuns() async throws {
    let rope = try await Rope.make()
    let pipe = try rope.pipe("ready")
    let first = try await rope.start(.sh("echo >'\(pipe)'; read x <'\(pipe).go'; echo 1 >f"))
    _ = try rope.pipe("ready.go")
    try await rope.line(from: pipe)
    let plan = try rope.space.write(RopePlan.sh("echo 2 >f").text, to: "second.json")
    let second = try await rope.command(["run", "--json", plan])
    #expect(second.exit == 0)
    try await rope.repository.sh("echo >'\(pipe).go'")
    // Two runs: the harness looks at the newest, which is the second.
    let run = try await first.ended()
    #expect(run.exit == 0)
    let branches = try await rope.repository.sh("git branch --list 'ropewalk/*' | wc -l")
    #expect(branches == "2")
  }

  @Test("fault 59: a journal line of an unknown kind is passed over")
  func laterKinds() async throws {
    let run = try await rw("echo ok")
    let folder = try #require(run.folder)
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder.journal)))
    let last = try #require(run.events.last)
    let document = try JSONDocument(Array(#"{"brightness":7}"#.utf8))
    bytes += JournalLine.encode(
      RunEvent(
        seq: last.seq + 1, time: last.time, run: last.run,
        payload: .other(kind: "moonPhase", document.root)))
    try Data(bytes).write(to: URL(fileURLWithPath: folder.journal))
    let status = try await run.rope.command(["status", "--json"])
    #expect(status.exit == 0)
    #expect(try status.json["state"]?.string == "completed")
  }

  @Test(
    "fault 62: the folder is synced after the journal is created, before anything starts",
    .needs("strace"))
  func folderSync() async throws {
    let rope = try await Rope.make()
    let log = rope.space("trace")
    let run = try await rope.run(
      .sh("echo ok"),
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-y", "-o", log, "-e", "trace=openat,fsync,fdatasync,mkdir",
        ]
      })
    #expect(run.exit == 0)
    let lines = try Files.text(log).split(separator: "\n").map(String.init)
    let created = try #require(
      lines.firstIndex { $0.contains("journal.jsonl") && $0.contains("O_CREAT") })
    let folder = try #require(run.folder?.path)
    let synced = try #require(
      lines.indices.first {
        $0 > created && lines[$0].contains("fsync(") && lines[$0].contains("<\(folder)>")
      })
    let written = try #require(
      lines.firstIndex { $0.contains("fdatasync(") && $0.contains("journal.jsonl") })
    #expect(created < synced && synced < written)
  }

  @Test("fault 60: the status of a journal of any size takes bounded memory")
  func largeJournal() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(.sh("echo ok"))
    let folder = try #require(run.folder)
    // What a chatty run looks like before its end: the events so far, and then 32 MiB of talk.
    var lines = run.events.dropLast().flatMap { JournalLine.encode($0) }
    let talk = String(repeating: "x", count: 1 << 18)
    for seq in run.events.count..<run.events.count + 128 {
      lines += JournalLine.encode(
        RunEvent(
          seq: seq, time: Timestamp(milliseconds: 0), run: folder.run,
          payload: .agent(.message(talk))))
    }
    try FileManager.default.removeItem(atPath: folder.journal)
    try FileBytes.create(folder.journal, lines)
    let script = "cd '\(rope.repository.path)' && exec '\(Rope.program)' status"
    let end = try await AttendantHarness.attend(sh: script) { try await $0.end() }
    #expect(end.record?.exit == 0)
    #expect(String(decoding: end.stdout, as: UTF8.self).contains("interrupted"))
    let peak = try #require(end.record?.peakMemoryBytes)
    #expect(peak < 64 << 20, "\(peak >> 20) MiB for a journal of \(lines.count >> 20) MiB")
  }

  @Test(
    "fault 57: on a file system without locks the run is refused, and nothing is left of it",
    .needs("strace"))
  func noLocks() async throws {
    let rope = try await Rope.make()
    try Files.write(RopePlan.sh("echo ok").text, to: rope.space("plan.json"))
    let refused = try await rope.command(
      ["run", rope.space("plan.json")],
      .init {
        // Its lock is the only thing for which the program calls `fcntl`.
        $0.wrapper = [
          "strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=fcntl", "-e",
          "inject=fcntl:error=ENOLCK",
        ]
      })
    #expect(refused.exit == 5)
    #expect(refused.stderr.contains("/lock`: no locks available"))
    #expect(try await rope.command(["status"]).stderr.contains("this repository has no runs yet"))
  }
}
