// Knows what must hold of runs that leave their terminal. Unaware of how they leave it.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("detached runs", .timeLimit(.minutes(10)))
struct DetachTests {
  /// A task that says by a pipe that it runs, and ends when it is told to by another.
  private struct Held {
    let rope: Rope
    let run: RopeDetached

    init(_ rope: Rope, _ options: Rope.Options = .init()) async throws {
      self.rope = rope
      let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
      run = try await rope.detach(
        .sh(
          "echo $$ >'\(ready)'; read x <'\(go)'; echo work >f; echo done",
          task: [("timeout", "5m")]), options)
    }

    /// The agent's process id; returns once it runs.
    func agent() async throws -> String { try await rope.line(from: rope.space("ready")) }

    func go() async throws { try await rope.repository.sh("echo >'\(rope.space("go"))'") }
  }

  @Test("the name alone is printed, and the run goes on to its end with its progress in a file")
  func name() async throws {
    let held = try await Held(try await Rope.make())
    _ = try await held.agent()
    #expect(held.run.said.exit == 0)
    #expect(held.run.said.stdout == held.run.name + "\n")
    #expect(held.run.said.stderr == "")
    try await held.go()
    let run = try await held.run.ended()
    #expect(run.exit == 0)
    #expect(run.last?.verdict == .changed)
    let log = try #require(run.folder?.engineLog)
    #expect(try Files.text(log).contains("[1/1] task: completed: changed"))
    let mode = try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions]
    #expect(mode as? Int == 0o600)
  }

  @Test("with `--json` the name is in an object, and a plan may come from standard input or a pipe")
  func otherPlans() async throws {
    let rope = try await Rope.make()
    try Files.write(RopePlan.sh("echo ok").text, to: rope.space("plan.json"))
    let script = { (words: String) in
      ["bash", "-c", "exec \"$@\" \(words)", "bash"]
    }
    for words in ["- < '\(rope.space("plan.json"))'", "<(cat '\(rope.space("plan.json"))')"] {
      let said = try await rope.command(
        ["run", "--detach", "--json"], .init { $0.wrapper = script(words) })
      #expect(said.exit == 0, "\(said.stderr)")
      let name = try #require(try said.json["run"]?.string)
      #expect(said.stdout == "{\"run\":\"\(name)\"}\n")
      #expect(try await rope.command(["status", "--wait", name]).exit == 0)
    }
    await rope.processes.ended()
  }

  @Test(
    "it outlives its terminal and a hangup, and neither engine nor agent holds the terminal open",
    .needs("script"))
  func terminal() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    try Files.write(
      RopePlan.sh("echo $$ >'\(ready)'; read x <'\(go)'; echo work >f").text,
      to: rope.space("plan.json"))
    let before = try await rope.repository.commit("HEAD")
    // `script` makes a terminal, and closes it when what it ran has ended. A fourth descriptor stays
    // open in what a shell starts, as they do.
    let said = try await rope.repository.sh(
      """
      script -qefc "tty > '\(rope.space("tty"))'; exec 7>/dev/tty; '\(Rope.program)' run --detach ../plan.json" \
        /dev/null </dev/null
      """, environment: rope.environment())
    let name = try #require(said.split(whereSeparator: \.isWhitespace).last.map(String.init))
    let tty = try Files.text(rope.space("tty")).trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(tty.hasPrefix("/dev/pts/"))
    let agent = try await rope.line(from: ready)
    let lock = RunStore(stateDirectory: rope.stateDirectory).folder(try #require(RunID(name))).lock
    let engine = try #require(try JSONDocument(try FileBytes.read(lock)).root["pid"]?.int)
    for process in [agent, String(engine)] {
      let open = try await rope.repository.sh("ls -l /proc/\(process)/fd")
      #expect(!open.contains("/dev/pts") && !open.contains("/dev/tty"), "\(open)")
    }
    // The sixth field after the name: the controlling terminal.
    let stat = try Files.text("/proc/\(engine)/stat")
    #expect(stat.split(separator: ")").last?.split(separator: " ")[4] == "0")
    kill(pid_t(engine), SIGHUP)
    try await rope.repository.sh("echo >'\(go)'")
    #expect(try await rope.command(["status", "--wait", name]).exit == 0)
    await rope.processes.ended()
    #expect(try await rope.repository.commit("HEAD") == before)
    #expect(try await rope.repository.commit("ropewalk/\(name)/task") != before)
  }

  @Test("what can be refused is refused at the terminal, and nothing is left of it")
  func refused() async throws {
    let rope = try await Rope.make()
    let bad = try await rope.detach(RopePlan(text: "{ tasks: [{ id: 1 }] }"))
    #expect(bad.said.exit == 3)
    #expect(bad.said.stderr.contains("tasks[0].id"))
    let missing = try await rope.detach(
      RopePlan(
        agents: [("a", ["runner": "command", "command": ["no-such-program"]])],
        tasks: [["id": "one", "prompt": "x"]]))
    #expect(missing.said.exit == 5)
    #expect(missing.said.stderr.contains("no-such-program"))
    let events = try await rope.detach(
      .sh("echo ok"), .init { $0.arguments = ["--json", "--events", "runFinished"] })
    #expect(events.said.exit == 2)
    // Found out only when the run's own folders are made.
    try Files.write("", to: rope.repository.path + "/.ropewalk")
    let blocked = try await rope.detach(.sh("echo ok"))
    #expect(blocked.said.exit == 5)
    #expect(blocked.said.stderr.contains(".ropewalk"))
    for refused in [bad, missing, events, blocked] { #expect(refused.said.stdout == "") }
    #expect(rope.processes.alive.isEmpty)
    #expect(try await rope.command(["status"]).stderr.contains("has no runs yet"))
  }

  @Test("two at once in one repository both come to their end")
  func twoAtOnce() async throws {
    let rope = try await Rope.make()
    async let one = rope.detach(.sh("echo 1 >f"), .init { $0.plan = rope.space("one.json") })
    async let two = rope.detach(.sh("echo 2 >f"), .init { $0.plan = rope.space("two.json") })
    let runs = try await [one, two]
    #expect(Set(runs.map(\.name)).count == 2)
    for run in runs { #expect(try await run.ended().exit == 0) }
  }

  @Test("fault 68: where the name cannot be printed it is told by exit 5, and the run goes on")
  func fullOutput() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(
      .sh("echo work >f"), .init { $0.wrapper = ["sh", "-c", "exec \"$@\" >/dev/full", "sh"] })
    #expect(run.said.exit == 5)
    #expect(run.said.stderr.contains("no space left"))
    let name = try #require(run.said.stderr.split(separator: " ").last).trimmed
    #expect(try await rope.command(["status", "--wait", name]).exit == 0)
    await rope.processes.ended()
  }

  @Test("an agent outlives its engine, and whoever waits is told that the engine died")
  func deadEngine() async throws {
    let held = try await Held(
      try await Rope.make(),
      .init {
        $0.isKilled = true
        $0.wrote = ["f": "work\n"]
      })
    _ = try await held.agent()
    kill(try held.run.engine(), SIGKILL)
    // Nobody works on the run any more, although its agent is still at work.
    let status = try await held.rope.command(["status", "--wait", "--json"])
    #expect(status.exit == 5)
    #expect(try status.json["state"]?.string == "interrupted")
    let spec = try #require(held.run.folder?.absolute("attempts/task/1/spec.json"))
    #expect(try !Files.text(spec).contains("orphanGrace"))
    try await held.go()
    let run = try await held.run.ended()
    #expect(try run.text("stdout") == "done\n")
    #expect(Files.exists(run.file("end.json")))
  }

  @Test("interrupted before the run has a name, nothing of it goes on")
  func interruptedEarly() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    // Stands before git and holds up the first question.
    try rope.space.write(
      """
      #!/bin/sh
      if mkdir '\(rope.space("held"))' 2>/dev/null; then echo >'\(ready)'; read x <'\(go)'; fi
      exec /usr/bin/git "$@"
      """, to: "bin/git", mode: 0o755)
    let program = try await rope.start(
      .sh("sleep 1d"),
      .init {
        $0.arguments = ["--detach"]
        $0.environment = ["PATH": rope.space("bin") + ":/usr/bin:/bin"]
      })
    try await rope.line(from: ready)
    program.signal(SIGINT)
    try await rope.repository.sh("echo >'\(go)'")
    await rope.processes.ended()
    let run = try await program.ended()
    #expect(run.said.end == .signalled(SIGINT))
    #expect(run.report.state == .cancelled)
    #expect(try await rope.command(["status", "--wait"]).exit == 130)
  }
}

@Suite("waiting for runs and watching them", .timeLimit(.minutes(10)))
struct WatchTests {
  private static func held(_ rope: Rope) throws -> RopePlan {
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    return .tasks(
      [("first", "echo 1 >f"), ("second", "echo >'\(ready)'; read x <'\(go)'; echo 2 >g")],
      needs: ["second": ["first"]])
  }

  @Test(
    "`status --wait` ends as the run would have",
    arguments: [("exit 7", 1), ("echo ok", 0)] as [(String, Int32)])
  func exitOfRun(script: String, exit: Int32) async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(.sh(script))
    let status = try await rope.command(["status", "--wait", run.name])
    #expect(status.exit == exit)
    #expect(status.stdout.contains("run \(run.name): plan"))
    #expect(try await run.ended().exit == exit)
    // At once, when it is over already.
    #expect(try await rope.command(["status", "--wait", "--timeout", "0s"]).exit == exit)
    #expect(try await rope.command(["watch"]).exit == exit)
  }

  @Test(
    "a run that was ended tells by what",
    arguments: [(SIGINT, 130), (SIGTERM, 143)] as [(Int32, Int32)])
  func exitOfSignal(signal: Int32, exit: Int32) async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    kill(try run.engine(), signal)
    #expect(try await run.ended().exit == exit)
  }

  @Test("a run over its budget and one that was cancelled tell it when they are waited for")
  func otherExits() async throws {
    let rope = try await Rope.make()
    let costly = try await rope.detach(
      RopePlan(
        agents: [
          (
            "a",
            [
              "runner": "command",
              "output": [
                "format": "jsonl", "text": "text", "cost": "usd", "exitIsTerminal": true,
              ],
              "command": ["sh", "-c", "echo '{\"text\":\"hi\",\"usd\":5}'"],
            ]
          )
        ],
        tasks: [
          ["id": "one", "prompt": "x"], ["id": "two", "prompt": "x", "needs": ["one"]],
        ], top: [("budget", ["usd": 1, "onExceeded": "stop"])]))
    #expect(try await costly.ended().exit == 4, "\(costly.said)")
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    #expect(try await rope.command(["cancel", "--now"]).exit == 0)
    #expect(try await run.ended().exit == 1)
  }

  @Test("what is waited for in vain is told by exit 124, and the run goes on")
  func waitedInVain() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    let status = try await rope.command(["status", "--wait", "--timeout", "1ms"])
    #expect(status.exit == 124)
    #expect(status.stdout.contains("running"))
    #expect(status.stderr.contains("not over yet"))
    #expect(try await rope.command(["status", "--timeout", "1s"]).exit == 2)
    #expect(try await rope.command(["status", "--wait", "--timeout", "soon"]).exit == 2)
    try await rope.repository.sh("echo >'\(rope.space("go"))'")
    #expect(try await run.ended().exit == 0)
  }

  /// Starts watching with its output in a pipe that it holds open itself, so that it can be read line by line.
  private func watch(_ rope: Rope, _ words: [String] = []) async throws -> RopeCommand {
    let shown = try rope.pipe("shown")
    return try await rope.begin(
      ["watch"] + words,
      .init { $0.wrapper = ["sh", "-c", "exec \"$@\" 3<>'\(shown)' >'\(shown)'", "sh"] })
  }

  @Test("watching sums up what was before, and its end by Ctrl-C leaves the run alone")
  func interruptedWatch() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    let watching = try await watch(rope)
    let line = try await rope.line(from: rope.space("shown"))
    #expect(line.hasSuffix("running: 1 of 2 tasks ended, 1 under way (second)"), "\(line)")
    watching.signal(SIGINT)
    let said = try await watching.ended()
    #expect(said.exit == 0)
    #expect(said.stderr == "no longer watching; the run goes on: ropewalk watch \(run.name)\n")
    try await rope.repository.sh("echo >'\(rope.space("go"))'")
    let ended = try await run.ended()
    #expect(ended.exit == 0)
    #expect(ended.report.count(.completed) == 2)
  }

  @Test("watching shows what follows and ends with the run's summary and exit status")
  func wholeWatch() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    let watching = try await rope.begin(["watch"])
    try await rope.repository.sh("echo >'\(rope.space("go"))'")
    let said = try await watching.ended()
    let lines = said.stdout
    #expect(said.exit == 0)
    #expect(lines.contains("run \(run.name): plan `plan.json`"), "\(lines)")
    #expect(lines.contains("completed: 2 completed"), "\(lines)")
    #expect(!lines.contains("[0/2]"), "\(lines)")
    #expect(try await run.ended().exit == 0)
  }

  @Test("`watch --json` prints the run's journal from its first line")
  func jsonWatch() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    let watching = try await rope.begin(["watch", "--json"])
    try await rope.repository.sh("echo >'\(rope.space("go"))'")
    let said = try await watching.ended()
    let ended = try await run.ended()
    #expect(said.exit == 0)
    #expect(said.output == (try FileBytes.read(try #require(ended.folder?.journal))))
  }

  @Test("whoever watches a run whose engine dies is told so by exit 5")
  func deadEngine() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope), .init { $0.isKilled = true })
    try await rope.line(from: rope.space("ready"))
    let watching = try await watch(rope)
    try await rope.line(from: rope.space("shown"))
    kill(try run.engine(), SIGKILL)
    let said = try await watching.ended()
    #expect(said.exit == 5)
    #expect(said.stderr.contains("has no engine and no end"), "\(said.stderr)")
    try await rope.repository.sh("echo >'\(rope.space("go"))'")
    try await run.ended()
  }

  @Test("a reader that goes away ends the watching, not the run")
  func readerGone() async throws {
    let rope = try await Rope.make()
    let run = try await rope.detach(try Self.held(rope))
    try await rope.line(from: rope.space("ready"))
    // Nothing more happens in the run, so that nothing is written that could not be.
    for words in [["watch", "--json"], ["logs", "--follow"]] {
      let said = try await rope.command(
        words, .init { $0.wrapper = ["sh", "-c", "\"$@\" | head -n 1", "sh"] })
      #expect(said.stdout.contains(run.name))
    }
    try await rope.repository.sh("echo >'\(rope.space("go"))'")
    #expect(try await run.ended().exit == 0)
  }
}

extension Substring {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
