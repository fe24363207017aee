// Knows what must come of signals to the program and of streams that go away. Unaware of plans.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of signals and streams", .timeLimit(.minutes(10)))
struct SignalFaultTests {
  /// Starts a task that says by a pipe that it has written `f`, and then runs on.
  private func start(
    _ then: String = "sleep 1d", wrapper: [String] = [], json: Bool = false
  ) async throws -> RopeProgram {
    let rope = try await Rope.make()
    let ready = try rope.pipe("ready")
    let program = try await rope.start(
      RopePlan(
        agents: [
          (
            "stub",
            [
              "runner": "command",
              "command": [
                "sh", "-c", .string("READY='\(ready)'; echo work >f; echo >$READY; \(then)"),
              ],
            ]
          )
        ],
        tasks: [
          ["id": "task", "prompt": "x", "grace": "10m"],
          ["id": "next", "prompt": "x", "needs": ["task"]],
        ]),
      .init {
        $0.wrapper = wrapper
        $0.isJSON = json
        $0.wrote = ["f": "work\n"]
      })
    try await rope.line(from: ready)
    return program
  }

  @Test(
    "fault 63, 65: a signal ends the run, keeps the work and tells itself by the exit status",
    arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129), (SIGQUIT, 131)] as [(Int32, Int32)])
  func once(signal: Int32, exit: Int32) async throws {
    let program = try await start()
    program.signal(signal)
    let run = try await program.ended()
    #expect(run.exit == exit)
    #expect(run.report.state == .cancelled)
    #expect(run.task?.state == .cancelled)
    #expect(run["next"]?.attempts == 0)
    #expect(run.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
    #expect(run.stderr.contains("look: ropewalk status"))
  }

  @Test("fault 64: the second interrupt leaves no grace, and still nothing behind")
  func twice() async throws {
    let program = try await start(
      "trap 'echo >$READY' TERM; while :; do sleep 1d & wait; done")
    program.signal(SIGINT)
    // The agent has been told and does not end: its grace, longer than this test may take, has begun.
    try await program.rope.line(from: program.rope.space("ready"))
    program.signal(SIGINT)
    let run = try await program.ended()
    #expect(run.exit == 130)
    #expect(run.last?.killed == true)
  }

  @Test("fault 65: under nohup a hangup changes nothing", .needs("nohup"))
  func hangup() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let program = try await rope.start(
      .sh("echo >'\(ready)'; read x <'\(go)'; echo work >f"), .init { $0.wrapper = ["nohup"] })
    try await rope.line(from: ready)
    program.signal(SIGHUP)
    try await rope.repository.sh("echo >'\(go)'")
    #expect(try await program.ended().exit == 0)
  }

  @Test("fault 66: an interrupt of the whole terminal group does not reach agents")
  func groups() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let program = try await rope.start(
      .sh("trap 'echo hit >hit' INT USR1; echo >'\(ready)'; read x <'\(go)'; ls"))
    try await rope.line(from: ready)
    // A group signal that the program itself does not mind.
    kill(-program.pid, SIGWINCH)
    let groups = try await rope.repository.sh(
      "ps -o pgid= -p \(program.pid); ps -eo pgid=,args= | grep '[r]ead x <.*\(rope.space.path)' | awk '{print $1}' | sort -u"
    )
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0)
    let numbers = Set(groups.split(whereSeparator: \.isWhitespace))
    #expect(numbers.count >= 2, "\(groups)")
  }

  @Test("fault 68: a reader that goes away does not end the work")
  func brokenPipe() async throws {
    let rope = try await Rope.make()
    let plan = try rope.space.write(
      RopePlan.tasks((1...5).map { ("t\($0)", "echo x >f\($0)") }).text, to: "plan.json")
    let said = try await rope.repository.sh(
      "{ '\(Rope.program)' run --json '\(plan)'; echo $? >'\(rope.space("exit"))'; } | head -1",
      environment: rope.environment())
    #expect(said.contains("runStarted"))
    #expect(try Files.text(rope.space("exit")) == "0\n")
    let branches = try await rope.repository.sh("git branch --list 'ropewalk/*' | wc -l")
    #expect(branches == "5")
  }

  @Test("fault 68: stdout that is full is told at the end with exit 5")
  func fullOutput() async throws {
    let run = try await rw("echo x >f") {
      $0.wrapper = ["sh", "-c", "exec \"$@\" >/dev/full", "sh"]
    }
    #expect(run.exit == 5)
    #expect(run.stderr.contains("stdout"))
    #expect(run.stderr.contains("no space left"))
    #expect(run.report.state == .completed)
  }

  @Test(
    "fault 68: closed streams are no harm to files of ours",
    arguments: [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
  func closedStreams(redirection: String) async throws {
    let run = try await rw("echo x >f") {
      $0.wrapper = ["sh", "-c", "exec \"$@\" \(redirection)", "sh"]
    }
    #expect(run.exit == 0 || run.exit == 5)
    #expect(run.report.state == .completed)
  }
}
