// Knows what must come of an engine that is stopped, starved, or told a wrong time.
// Unaware of how it keeps time and starts programs.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of the engine's own process", .timeLimit(.minutes(10)))
struct EngineFaultTests {
  @Test("fault 70: an engine that was stopped for long finds what happened, and ends nobody for it")
  func stopped() async throws {
    let rope = try await Rope.make()
    let (ready, done) = (try rope.pipe("ready"), try rope.pipe("done"))
    // It talks all the time, for longer than its idle timeout; how far it is, it says to the test alone.
    let program = try await rope.start(
      .sh(
        "while :; do echo tick; sleep .1; done & echo >'\(ready)'; sleep 4; echo >'\(done)'; kill $!; echo x >f",
        task: [("idleTimeout", "3s"), ("timeout", "5m"), ("grace", "100ms")]))
    try await rope.line(from: ready)
    program.signal(SIGSTOP)
    try await rope.line(from: done)
    program.signal(SIGCONT)
    let run = try await program.ended()
    #expect(run.exit == 0, "\(run.stderr)")
    #expect(run.last?.verdict == .changed)
    #expect(try run.text("stdout").split(separator: "\n").count > 10)
  }

  @Test(
    "fault 54: a wall clock that is set back and forth during a run changes no duration and no order",
    .needs("faketime"), arguments: ["-1y", "+1y", "-3h", "+400d"])
  func clockIsSet(offset: String) async throws {
    let rope = try await Rope.make()
    let clock = try rope.space.write("+0", to: "clock")
    func set(_ offset: String) -> String { "printf '%s' '\(offset)' >'\(clock)'" }
    let run = try await rope.run(
      .tasks(
        [
          ("first", set(offset) + "; sleep .2; echo 1 >f"),
          ("second", "sleep .1; " + set("+0") + "; exit 1"), ("third", "echo 3 >g"),
        ], needs: ["second": ["first"]], top: [("onError", "continue")]),
      .init {
        $0.wrapper = [
          // As it is when a clock is set: the monotonic one goes on, and files keep their times.
          "env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1",
          "faketime", "-f", "+0",
          // `FAKETIME` would stand above the file.
          "env", "-u", "FAKETIME", "FAKETIME_TIMESTAMP_FILE=\(clock)", "FAKETIME_NO_CACHE=1",
        ]
      })
    #expect(run.exit == 1, "\(run.stderr)")
    #expect(run.report.count(.completed) == 2, "\(run.stderr)")
    #expect(run["second"]?.cause == .exitCode)
    for task in run.report.tasks {
      #expect((0..<60).contains(task.seconds ?? -1), "\(task.id): \(task.seconds ?? -1)")
    }
    #expect(run.events.map(\.seq) == run.events.indices.map { $0 + 1 })
  }

  @Test(
    "fault 41: a start for which the system has no room is put off or told, and the run comes to its end",
    .needs("strace"),
    arguments: [
      ("memfd_create:error=EMFILE:when=4", [0]), ("memfd_create:error=ENFILE:when=9..11", [0]),
      ("memfd_create:error=EMFILE:when=20+", [1, 5]), ("inotify_init1:error=EMFILE:when=1", [5]),
    ] as [(String, [Int32])])
  func noRoom(inject: String, exits: [Int32]) async throws {
    let rope = try await Rope.make()
    let calls = String(inject.prefix { $0 != ":" })
    // What our own code opens: Foundation's and Dispatch's openings end or hold up the program when they fail, and
    // are looked after before they are made.
    let run = try await rope.run(
      .tasks((1...4).map { ("t\($0)", "echo \($0) >f\($0)") }),
      .init {
        $0.wrapper = [
          "strace", "-f", "-q", "-o", rope.space("trace"), "-e", "trace=\(calls)", "-e",
          "inject=\(inject)",
        ]
      })
    #expect(try Files.text(rope.space("trace")).contains("(INJECTED)"))
    #expect(exits.contains(run.exit ?? -1), "\(run.stderr)")
    if run.exit != 0 {
      let said = run.stderr + run.report.tasks.compactMap(\.message).joined()
      #expect(said.contains("too many open files"), "\(said)")
    }
  }

  @Test("fault 42: five hundred starts at once lose no end and hand on no descriptor")
  func fiveHundred() async throws {
    let plan = RopePlan(
      agents: [("stub", ["runner": "command", "command": ["sh", "-c", "ls /proc/$$/fd; :"]])],
      tasks: (1...500).map { ["id": .string("t\($0)"), "prompt": "x", "worktree": "none"] },
      top: [("concurrency", 500)])
    let run = try await Rope.make().run(plan)
    #expect(run.exit == 0)
    #expect(run.report.count(.completed) == 500)
    #expect(run.report.tasks.allSatisfy { $0.last?.text == "0\n1\n2" })
  }
}

@Suite("the lock of a run")
struct RunLockTests {
  @Test("fault 56: of two engines on one run one gets the lock, every time")
  func two() async throws {
    let space = TestSpace()
    for round in 1...50 {
      let path = space("lock-\(round)")
      let locks = try await withThrowingTaskGroup(of: RunLock?.self) { group in
        for _ in 0..<2 { group.addTask { try RunLock.take(path) } }
        return try await group.reduce(into: [RunLock?]()) { $0.append($1) }
      }
      #expect(locks.count { $0 != nil } == 1)
      #expect(try RunLock.isHeld(path))
      withExtendedLifetime(locks) {}
    }
  }

  @Test(
    "fault 56, 58: a lock of a dead engine whose number is another's now is taken, and nobody is touched"
  )
  func foreignNumber() async throws {
    let rope = try await Rope.make()
    let gone = try rope.pipe("gone")
    let stranger = try await rope.begin(
      ["--version"],
      .init {
        $0.wrapper = ["sh", "-c", "read x <'\(gone)'", "sh"]
        // It is none of the test's own.
        $0.environment = [RopeProcesses.variable: nil]
      })
    let pid = stranger.pid
    let path = try rope.space.write("{\"pid\":\(pid),\"host\":\"here\"}\n", to: "lock")
    #expect(try !RunLock.isHeld(path))
    let lock = try #require(try RunLock.take(path))
    #expect(try RunLock.isHeld(path))
    #expect(try Files.text(path).contains("\"pid\":\(getpid())"))
    #expect(kill(pid, 0) == 0)
    withExtendedLifetime(lock) {}
    // A run whose journal and lock name the stranger is that of a dead engine.
    let run = try await rope.run(.sh("echo ok"))
    let folder = try #require(run.folder)
    let lines = run.events.dropLast().flatMap { event -> [UInt8] in
      guard case .runStarted(var start) = event.payload else { return JournalLine.encode(event) }
      start.pid = Int(pid)
      var event = event
      event.payload = .runStarted(start)
      return JournalLine.encode(event)
    }
    try Data(lines).write(to: URL(fileURLWithPath: folder.journal))
    try Files.write("{\"pid\":\(pid),\"host\":\"here\"}\n", to: folder.lock)
    #expect(try await rope.command(["status", "--wait"]).exit == 5)
    #expect(try await rope.command(["cancel"]).exit == 0)
    #expect(try await rope.command(["status", "--json"]).json["state"]?.string == "completed")
    #expect(kill(pid, 0) == 0)
    try await rope.repository.sh("echo >'\(gone)'")
    #expect(try await stranger.ended().exit == 0)
  }
}
