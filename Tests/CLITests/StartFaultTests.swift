// Knows what must come of agents that cannot be started. Unaware of what started ones do.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of starting a child", .timeLimit(.minutes(10)))
struct StartFaultTests {
  private func program(_ words: [String]) -> RopePlan {
    RopePlan(
      agents: [("stub", ["runner": "command", "command": .array(words.map(JSON.string))])],
      tasks: [["id": "task", "prompt": "do it"]])
  }

  @Test("fault 34: all missing programs are told before anything starts, with exit 5")
  func missing() async throws {
    let rope = try await Rope.make()
    let plan = RopePlan(
      agents: [
        ("a", ["runner": "command", "command": ["no-such-program-a"]]),
        ("b", ["runner": "command", "command": ["no-such-program-b"]]),
      ],
      tasks: [
        ["id": "one", "prompt": "x", "agent": "a"], ["id": "two", "prompt": "x", "agent": "b"],
      ])
    let run = try await rope.run(plan, .init { $0.isJSON = false })
    #expect(run.exit == 5)
    #expect(run.folder == nil)
    #expect(run.stderr.contains("no-such-program-a"))
    #expect(run.stderr.contains("no-such-program-b"))
  }

  @Test("fault 34: a missing agent CLI is told by its runner")
  func missingRunner() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      RopePlan(
        agents: [("a", ["runner": "codex"])], tasks: [["id": "one", "prompt": "x"]]),
      .init { $0.environment = ["PATH": "/usr/bin:/bin"] })
    #expect(run.exit == 5)
    #expect(run.said.error?["code"]?.string == "missing")
    #expect(run.stderr.contains("codex"))
  }

  @Test("fault 35: what cannot be executed is told by its path, and not tried again")
  func notExecutable() async throws {
    let rope = try await Rope.make()
    let plain = try rope.space.write("echo hello\n", to: "plain", mode: 0o644)
    let garbage = try rope.space.write("\u{1}\u{2}\u{3}\u{4}", to: "garbage", mode: 0o755)
    let orphan = try rope.space.write("#!/no/such/interpreter\n", to: "orphan", mode: 0o755)
    for path in [plain, garbage, orphan, rope.space.path] {
      let plan = RopePlan(
        agents: [("stub", ["runner": "command", "command": [.string(path)]])],
        tasks: [["id": "task", "prompt": "x", "retry": ["attempts": 3, "backoff": "1ms"]]])
      let run = try await rope.run(plan)
      #expect(run.exit == 1 || run.exit == 5, "\(path)")
      #expect(run.stderr.contains(path) || run.task?.message?.contains(path) == true, "\(path)")
      if run.exit == 1 {
        #expect(run.last?.cause == .couldNotStart, "\(path)")
        #expect(run.task?.attempts == 1, "\(path)")
      }
    }
  }

  @Test("fault 36: a program that vanishes between check and start could not be started")
  func vanishes() async throws {
    let rope = try await Rope.make()
    let path = try rope.space.write("#!/bin/sh\necho ok\n", to: "agent", mode: 0o755)
    let run = try await rope.run(
      RopePlan(
        agents: [
          ("remover", ["runner": "command", "command": ["rm", "-v", .string(path)]]),
          ("gone", ["runner": "command", "command": [.string(path)]]),
        ],
        tasks: [
          ["id": "first", "prompt": "x", "agent": "remover"],
          ["id": "task", "prompt": "x", "agent": "gone", "needs": ["first"]],
        ]))
    #expect(run.exit == 1)
    #expect(run.last?.cause == .couldNotStart)
    #expect(run.task?.message?.contains(path) == true)
  }

  @Test("fault 37: a worktree that is gone at the next try is no other folder's work")
  func noDirectory() async throws {
    let run = try await rw(
      "rm -rf \"$PWD\"; exit 1",
      task: [("retry", ["attempts": 2, "backoff": "1ms", "jitter": 0])])
    #expect(run.exit == 1)
    #expect(run.last?.isSuccess == false)
  }

  @Test(
    "fault 38: an argument that is too long is refused by size, and a long prompt goes by stdin")
  func tooLong() async throws {
    let long = String(repeating: "x", count: 200_000)
    let run = try await Rope.make().run(program(["echo", long]))
    #expect(run.exit != 0)
    #expect(
      run.stderr.contains("131") || run.task?.message?.contains("too long") == true
        || run.task?.message?.contains("131") == true)
    let prompt = try await rw("wc -c", task: [("prompt", .string(long))])
    #expect((prompt.last?.text.flatMap { Int($0) } ?? 0) >= 200_000)
  }

  @Test(
    "fault 39: a prompt arrives byte for byte",
    arguments: [
      "-rf --help", "a\nb\n\nc", "it's \"quoted\" $(touch x) `touch y` $HOME %s %n",
      "\u{1F469}\u{200D}\u{1F4BB} e\u{301}",
      "\\n \\0 \\u0041", "{ \"json\": true }",
    ])
  func prompts(prompt: String) async throws {
    let run = try await rw("cat", task: [("prompt", .string(prompt)), ("expect", "answer")])
    #expect(run.exit == 0)
    #expect(try run.text("stdout").hasPrefix(prompt))
    #expect(try run.text("stdout") == run.text("prompt"))
  }

  @Test("fault 39: a command's arguments arrive byte for byte, without a shell")
  func arguments() async throws {
    let words = ["-n", "", "a b", "$(touch x)", "*", "'", "\n", "é"]
    let run = try await rw("for a; do printf '[%s]' \"$a\"; done", arguments: words)
    #expect(try run.text("stdout") == words.map { "[\($0)]" }.joined())
  }

  @Test("fault 40: a zero byte in an argument is refused, never cut in silence")
  func zero() async throws {
    let run = try await Rope.make().run(program(["echo", "a\u{0}b"]))
    #expect(run.exit != 0)
    #expect(run.last?.isSuccess != true)
  }

  @Test("fault 40: a zero byte in a prompt reaches standard input")
  func zeroInPrompt() async throws {
    let run = try await rw("cat", task: [("prompt", "a\u{0}b")])
    if run.exit == 0 {
      #expect(try run.bytes("stdout").starts(with: [0x61, 0, 0x62]))
    } else {
      #expect(run.exit == 3)
    }
  }

  @Test(
    "fault 41: too few descriptors end in words, not in a hang", .needs("prlimit"),
    arguments: [24, 40, 200])
  func descriptors(limit: Int) async throws {
    let plan = RopePlan.tasks((1...6).map { ("t\($0)", "echo ok") })
    let run = try await Rope.make().run(
      plan, .init { $0.wrapper = ["prlimit", "--nofile=\(limit):\(limit)"] })
    if run.exit != 0 {
      let said = run.stderr + run.report.tasks.compactMap(\.message).joined()
      #expect(said.lowercased().contains("open files") || said.contains("descriptors"), "\(said)")
    }
  }

  @Test("fault 41: a descriptor beyond the limit is told", .needs("prlimit", "bash"))
  func inheritedDescriptor() async throws {
    let run = try await rw("echo ok") {
      $0.wrapper = [
        "bash", "-c", "exec 100</dev/null; exec prlimit --nofile=64:64 \"$@\"", "bash",
      ]
    }
    #expect(run.exit == 5)
    #expect(run.stderr.contains("beyond the limit of 64 open files"), "\(run.stderr)")
  }

  @Test("fault 42: many starts at once lose no end and hand on no descriptor")
  func manyStarts() async throws {
    let plan = RopePlan(
      agents: [("stub", ["runner": "command", "command": ["sh", "-c", "ls /proc/$$/fd; :"]])],
      tasks: (1...60).map { ["id": .string("t\($0)"), "prompt": "x", "worktree": "none"] },
      top: [("concurrency", 60)])
    let run = try await Rope.make().run(plan)
    #expect(run.exit == 0)
    #expect(run.report.tasks.allSatisfy { $0.last?.text == "0\n1\n2" })
  }

  @Test("fault 42: children get the limit of open files that the user had", .needs("prlimit"))
  func openFiles() async throws {
    let run = try await rw("ulimit -Sn") {
      $0.wrapper = ["prlimit", "--nofile=256:4096"]
    }
    #expect(run.last?.text == "256")
  }

  @Test(
    "fault 43: odd environments work or say what they need",
    arguments: [
      ["HOME": nil], ["HOME": ""], ["TMPDIR": nil], ["TMPDIR": "/no/such"], ["LC_ALL": "C"],
      ["LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de"],
      ["GIT_INDEX_FILE": "/no/such/index"],
    ] as [[String: String?]])
  func environment(changes: [String: String?]) async throws {
    let run = try await rw("echo ok; echo x >f") { $0.environment = changes }
    #expect(run.exit == 0, "\(run.stderr)")
    #expect(run.last?.verdict == .changed)
  }

  @Test("fault 43: a repository that the environment names and that is not there is told")
  func strangeRepository() async throws {
    let run = try await rw("echo ok") { $0.environment = ["GIT_DIR": "/no/such"] }
    #expect(run.exit == 5)
    #expect(run.stderr.contains("/no/such"), "\(run.stderr)")
  }

  @Test("fault 43: without PATH what is missing is named")
  func noPath() async throws {
    let rope = try await Rope.make()
    let run = try await rope.run(
      .sh("echo ok"), .init { $0.wrapper = ["env", "-u", "PATH"] })
    #expect(run.exit == 0 || (run.exit == 5 && !run.stderr.isEmpty))
  }

  @Test("fault 43: a umask of 0777 or 0 changes nothing", .needs("sh"), arguments: ["0777", "0"])
  func umask(mask: String) async throws {
    let run = try await rw("umask 022; echo x >f") {
      $0.wrapper = ["sh", "-c", "umask \(mask); exec \"$@\"", "sh"]
      $0.wrote = ["f": "x\n"]
    }
    #expect(run.exit == 0 || !run.stderr.isEmpty)
  }

  @Test(
    "fault 41: starts that find no process left are put off, and the run comes to its end",
    .needsRoot, .needs("setpriv", "prlimit"))
  func noProcesses() async throws {
    let rope = try await Rope.make()
    let plan = RopePlan.tasks((1...6).map { ("t\($0)", "echo ok; exec sleep 0.1") })
    try Files.write(plan.text, to: rope.space("plan.json"))
    // A user of its own, since root has no such limit; and a copy of the program that it may read.
    let user = 40_000 + Int.random(in: 0..<10_000)
    let shown = try await rope.repository.sh(
      """
      cp '\(Rope.program)' '\(Rope.products)/ropewalk-attend' '\(rope.space.path)'
      chown -R \(user) '\(rope.space.path)'
      setpriv --reuid=\(user) --regid=\(user) --clear-groups prlimit --nproc=32 \
        '\(rope.space("ropewalk"))' run --json ../plan.json | tail -n 1
      chown -R 0 '\(rope.space.path)'
      """)
    let status = try #require(try JSONDocument(shown).root["status"])
    #expect(status["state"]?.string == "completed")
    #expect(status["totals"]?["completed"]?.int == 6)
  }
}
