// Knows what a pause from another terminal, or from Ctrl-Z, does to a run. Unaware of schedules.

import CSystem
import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("pausing a run", .timeLimit(.minutes(10)))
struct PauseTests {
  /// A script that writes its own process id and that of a grandchild in a session of its own, and
  /// then does the rest.
  private static func tree(_ ready: String, _ then: String) -> String {
    "setsid sh -c 'echo $$; exec sleep 1d' >>'\(ready)' & echo $$ >>'\(ready)'; \(then)"
  }

  /// Holds a pipe open at both ends, so that nobody who writes to it waits for a reader.
  private final class Held: Sendable {
    private let descriptor: Int32

    init(_ pipe: String) throws {
      descriptor = csystem_open(pipe, O_RDWR | O_CLOEXEC, 0)
      guard descriptor >= 0 else { throw SystemError("open", pipe) }
    }

    deinit { close(descriptor) }
  }

  private func pids(_ ready: String, count: Int, _ rope: Rope) async throws -> [pid_t] {
    let lines = try await rope.repository.sh(
      "exec <>'\(ready)'; for i in \((1...count).map(String.init).joined(separator: " ")); do "
        + "read line; echo $line; done")
    return try lines.split(separator: "\n").map { try #require(pid_t($0)) }
  }

  /// Runs another attended program that lasts longer than the limits of those that stand still.
  private func measure(milliseconds: Int) async throws {
    let end = try await AttendantHarness.end(sh: "sleep 1d") { $0.timeout = milliseconds }
    #expect(end.record?.cause == .timedOut)
  }

  @Test("agents and their descendants stand still, no limit is reached, and the run ends well")
  func pauseAndResume() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .sh(
        // It asks for the pause itself, so that how soon that comes is no matter of luck.
        Self.tree(
          ready,
          "'\(Rope.program)' pause -r '\(rope.repository.path)' 2>/dev/null; read x <'\(go)'; "
            + "echo work >f; kill $!"),
        task: [("timeout", "20s"), ("idleTimeout", "20s")]),
      .init { $0.wrote = ["f": "work\n"] })
    let pids = try await pids(ready, count: 2, rope)
    for pid in pids { try await ProcessState.wait(pid, isStopped: true) }
    let status = try await rope.command(["status", "--json"]).json
    #expect(status["state"]?.string == "paused")
    #expect(status["tasks"]?.elements.map { $0["state"]?.string } == ["paused"])
    try await measure(milliseconds: 20_500)
    for pid in pids { #expect(ProcessState.isStopped(pid)) }
    // Its word to go on is there before it can read it.
    try await rope.repository.sh(
      "echo >'\(go)' & '\(Rope.program)' resume 2>/dev/null; wait", environment: rope.environment())
    let run = try await program.ended()
    #expect(run.exit == 0)
    #expect(run.report.state == .completed)
    #expect(
      run.events.map(\.kind).filter { $0 == "paused" || $0 == "resumed" } == ["paused", "resumed"])
    // What the task took is what it worked, not what it waited.
    #expect(run.last.map { $0.seconds < 20.5 } == true)
    let record = try #require(
      EndRecord(try JSONDocument(try run.bytes(AttemptFiles.end)).root))
    #expect(record.pausedSeconds >= 20.5)
    #expect(record.seconds >= record.pausedSeconds)
  }

  @Test("a run that drains lets what runs finish and starts nothing until it goes on")
  func drain() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .tasks(
        [("one", "echo >'\(ready)'; read x <'\(go)'; echo 1 >f"), ("two", "echo 2 >g")],
        needs: ["two": ["one"]]))
    try await rope.line(from: ready)
    #expect(try await rope.command(["pause", "--drain"]).exit == 0)
    try await Journal.wait(rope, for: "paused")
    try await rope.repository.sh("echo >'\(go)'")
    try await Journal.wait(rope, for: "taskQueued", count: 2)
    // Asked over the same socket, so that what it leads to is known when it is answered.
    let folder = try RunStore(stateDirectory: rope.stateDirectory).find(nil)
    let answer = try ControlSocket.ask(folder.socket, method: "status", params: [:])
    #expect(answer.root["result"]?["state"]?.string == "paused")
    let tasks = answer.root["result"]?["tasks"]?.elements.map { $0["state"]?.string }
    #expect(tasks == ["completed", "queued"])
    #expect(try await rope.command(["resume"]).exit == 0)
    let run = try await program.ended()
    #expect(run.exit == 0)
    let kinds = run.events.filter { $0.subject.task?.text == "two" || $0.kind == "resumed" }.map(
      \.kind)
    #expect(kinds.prefix(3) == ["taskQueued", "resumed", "taskStarted"])
  }

  @Test("one task is paused and goes on, the others meanwhile do not mind")
  func oneTask() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    _ = try rope.pipe("go2")
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .tasks([
        ("one", Self.tree(ready, "read x <'\(go)'; echo 1 >f; kill $!")),
        ("two", "read x <'\(go)2'; echo 2 >g"),
      ]))
    let pids = try await pids(ready, count: 2, rope)
    #expect(try await rope.command(["pause", "last", "nobody"]).exit == 2)
    #expect(try await rope.command(["pause", "last", "one"]).exit == 0)
    for pid in pids { try await ProcessState.wait(pid, isStopped: true) }
    try await rope.repository.sh("echo >'\(go)2'")
    try await Journal.wait(rope, for: "taskFinished")
    #expect(try await rope.command(["priority", "last", "one", "-5"]).exit == 0)
    #expect(try await rope.command(["priority", "last", "one", "soon"]).exit == 2)
    #expect(try await rope.command(["resume", "last", "one"]).exit == 0)
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0)
    #expect(run.report.tasks.map(\.state) == [.completed, .completed])
    #expect(run.count("priorityChanged") == 1)
    #expect(run.events.filter { $0.kind == "paused" }.map(\.subject.task?.text) == ["one"])
  }

  @Test("a paused run that is cancelled leaves no process and keeps the work")
  func cancel() async throws {
    let rope = try await Rope.make()
    let ready = try rope.pipe("ready")
    let program = try await rope.start(
      .sh(Self.tree(ready, "echo work >f; echo $$ >>'\(ready)'; exec sleep 1d")),
      .init { $0.wrote = ["f": "work\n"] })
    let pids = try await pids(ready, count: 3, rope)
    #expect(try await rope.command(["pause"]).exit == 0)
    for pid in pids { try await ProcessState.wait(pid, isStopped: true) }
    #expect(try await rope.command(["cancel"]).exit == 0)
    let run = try await program.ended()
    #expect(run.exit == 1)
    #expect(run.report.state == .cancelled)
    #expect(run.last?.killed == false)
    // A run that is over has nothing that could be paused, and nothing to be resumed.
    #expect(try await rope.command(["pause"]).exit == 0)
  }

  @Test("a verification is paused like an agent")
  func verification() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .sh(
        "echo work >f",
        task: [("verify", [.string("echo $$ >'\(ready)'; read x <'\(go)'")])]))
    let pid = try #require(pid_t(try await rope.line(from: ready)))
    #expect(try await rope.command(["pause"]).exit == 0)
    try await ProcessState.wait(pid, isStopped: true)
    #expect(try await rope.command(["resume"]).exit == 0)
    try await ProcessState.wait(pid, isStopped: false)
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0)
    #expect(run.last?.verdict == .verified)
  }

  @Test(
    "what was about to start waits for the end of the pause, or is cancelled without it",
    arguments: [true, false])
  func startsInPause(resumes: Bool) async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let git = try rope.space.write(
      """
      #!/bin/sh
      case "$*" in *"worktree add"*) echo >'\(ready)'; read x <'\(go)';; esac
      exec /usr/bin/git "$@"
      """, to: "bin/git")
    try await rope.repository.sh("chmod +x '\(git)'")
    let program = try await rope.start(
      .sh("echo work >f"),
      .init {
        $0.environment["PATH"] = rope.space("bin") + ":" + (rope.environment()["PATH"] ?? "")
      })
    try await rope.line(from: ready)
    #expect(try await rope.command(["pause"]).exit == 0)
    try await Journal.wait(rope, for: "paused")
    try await rope.repository.sh("echo >'\(go)'")
    try await Journal.wait(rope, for: "attemptStarted")
    try await measure(milliseconds: 300)
    #expect(!rope.processes.alive.contains { $0.command.contains("ropewalk-attend") })
    #expect(try await rope.command([resumes ? "resume" : "cancel"]).exit == 0)
    let run = try await program.ended()
    #expect(run.exit == (resumes ? 0 : 1))
    #expect(run.report.state == (resumes ? .completed : .cancelled))
  }

  @Test("fault 67: the terminal's stop stops the agents first, and the program goes on with them")
  func terminalStop() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .sh(
        // The attendant's parent is the program.
        Self.tree(
          ready,
          "read -r x x x engine x </proc/$PPID/stat; kill -TSTP $engine; read x <'\(go)'; "
            + "echo work >f; kill $!"),
        task: [("timeout", "20s")]))
    let pids = try await pids(ready, count: 2, rope)
    try await ProcessState.wait(program.pid, isStopped: true)
    for pid in pids { try await ProcessState.wait(pid, isStopped: true) }
    let deaf = try await rope.command(["resume"])
    #expect(deaf.exit == 5)
    #expect(deaf.stderr.contains("`kill -CONT \(program.pid)`, lets it go on"))
    try await measure(milliseconds: 20_500)
    try await rope.repository.sh("echo >'\(go)' & kill -CONT \(program.pid); wait")
    let run = try await program.ended()
    #expect(run.exit == 0)
    #expect(
      run.events.map(\.kind).filter { $0 == "paused" || $0 == "resumed" } == ["paused", "resumed"])
  }

  @Test("what the socket is asked wrongly is refused and changes nothing")
  func refusals() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .sh("echo >'\(ready)'; read x <'\(go)'; echo work >f"))
    try await rope.line(from: ready)
    let socket = try RunStore(stateDirectory: rope.stateDirectory).find(nil).socket
    let wrong: [(String, JSON, Int)] = [
      ("pause", ["tasks": ["nobody"]], -32602), ("pause", ["tasks": "task"], -32602),
      ("pause", ["drain": 1], -32602), ("pause", ["task": "task"], -32602),
      ("resume", ["tasks": [7]], -32602), ("resume", ["drain": true], -32602),
      ("prioritise", ["task": "task"], -32602),
      ("prioritise", ["task": "task", "priority": 1_000_001], -32602),
      ("prioritise", ["priority": 1], -32602), ("cancel", ["tasks": ["nobody"]], -32602),
      ("status", ["task": "task"], -32602), ("stop", [:], -32601),
    ]
    for (method, params, code) in wrong {
      let answer = try ControlSocket.ask(socket, method: method, params: params)
      #expect(answer.root["error"]?["code"]?.int == code, "\(method) \(params.text)")
    }
    let status = try ControlSocket.ask(socket, method: "status", params: [:])
    #expect(status.root["result"]?["state"]?.string == "running")
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0)
    #expect(run.count("paused") == 0)
  }

  @Test("a run whose engine was killed cannot be paused, and what could help is said")
  func noEngine() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let held = try Held(ready)
    defer { withExtendedLifetime(held) {} }
    let program = try await rope.start(
      .sh("echo >'\(ready)'; read x <'\(go)'; echo work >f"), .init { $0.isKilled = true })
    try await rope.line(from: ready)
    program.signal(SIGKILL)
    try await Readable.processEnd(program.pid)
    let said = try await rope.command(["pause"])
    #expect(said.exit == 5)
    #expect(said.stderr.contains("has no engine; nothing of it can be paused"))
    #expect(said.stderr.contains("ropewalk resume"))
    try await rope.repository.sh("echo >'\(go)'")
    try await program.ended()
  }
}

/// The journal of a run under way.
private enum Journal {
  /// Returns once the newest run's journal has that many events of a kind, told by the file itself.
  static func wait(_ rope: Rope, for kind: String, count: Int = 1) async throws {
    let folder = try RunStore(stateDirectory: rope.stateDirectory).find(nil)
    let watcher = try FileWatcher()
    try await watcher.watching(folder.journal) { watch in
      while true {
        await watch.changed()
        var seen = 0
        _ = try JournalReader.read(folder.journal) { if $0.kind == kind { seen += 1 } }
        if seen >= count { return }
      }
    }
  }
}
