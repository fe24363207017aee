// Knows what must not come of hostile agents, secrets and odd terminals. Unaware of sandboxes.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of safety", .timeLimit(.minutes(10)))
struct SafetyFaultTests {
  @Test("fault 118: an inherited secret is in no file, argument or event of a run")
  func secrets() async throws {
    let rope = try await Rope.make()
    let canary = "canary-\(UUID().uuidString)"
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    // The agent has it, says it, and fails over it; only its own raw output may hold it.
    let program = try await rope.start(
      .sh(
        "echo >'\(ready)'; read x <'\(go)'; test -n \"$ROPE_API_KEY\" && echo has it; echo x >f; echo $ROPE_API_KEY >&2; exit 3"
      ), .init { $0.environment = ["ROPE_API_KEY": canary] })
    try await rope.line(from: ready)
    // The test's own `grep` is given it in a file, so that it is no find of itself.
    try rope.space.write(canary, to: "canary")
    let search = """
      grep -lFf ../canary /proc/[0-9]*/cmdline 2>/dev/null || true
      grep -rlFf ../canary .git .ropewalk | grep -v '/stderr$' || true
      """
    #expect(try await rope.repository.sh(search) == "")
    try await rope.repository.sh("echo >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 1)
    #expect(try run.text("stdout") == "has it\n")
    #expect(try run.text("stderr") == canary + "\n")
    #expect(try await rope.repository.sh(search) == "")
    #expect(!run.said.stdout.contains(canary) && !run.stderr.contains(canary))
    let report = try await rope.command(["status", "--json"])
    #expect(!report.stdout.contains(canary))
  }

  @Test(
    "fault 119: what an agent says reaches prompts, commands and branches as data, never a shell")
  func outputIsData() async throws {
    let rope = try await Rope.make()
    let mark = rope.space("mark")
    let poison =
      "$(touch '\(mark)'); `touch '\(mark)'`\n| touch '\(mark)' #\n--upload-pack=touch {{worktree}}"
    let source = try rope.space.write(poison, to: "poison")
    let run = try await rope.run(
      RopePlan(
        agents: [
          ("says", ["runner": "command", "command": ["cat", .string(source)]]),
          ("hears", ["runner": "command", "command": ["sh", "-c", "cat >heard"]]),
        ],
        tasks: [
          ["id": "one", "prompt": "x", "agent": "says"],
          [
            "id": "two", "prompt": "It said: {{needs.one.output}}", "agent": "hears",
            "needs": ["one"], "verify": ["test -s heard"],
          ],
        ]))
    #expect(run.exit == 0, "\(run.stderr)")
    #expect(!Files.exists(mark))
    let commit = try #require(run["two"]?.last?.commit)
    #expect(try await rope.repository.text("heard", in: commit).contains(poison))
  }

  @Test("fault 120: an agent that kills its attendant is lost by name, and nothing of it goes on")
  func killsAttendant() async throws {
    let run = try await rw("echo work >f; (setsid sleep 1d &); kill -9 $PPID; exec sleep 1d") {
      $0.wrote = ["f": "work\n"]
    }
    #expect(run.exit == 1)
    #expect(run.last?.cause == .lost)
  }

  @Test(
    "fault 120: an agent that another task's agent kills is told by the signal, and the rest goes on"
  )
  func killsSibling() async throws {
    let rope = try await Rope.make()
    let (ready, go) = (try rope.pipe("ready"), try rope.pipe("go"))
    let program = try await rope.start(
      .tasks([
        ("victim", "echo $$ >'\(ready)'; read x <'\(go)'; echo never >f"),
        ("killer", "read pid <'\(ready)'; kill -9 $pid; echo done >g"),
      ]))
    let run = try await program.ended()
    #expect(run.exit == 1)
    #expect(run["killer"]?.state == .completed)
    #expect(run["victim"]?.last?.message?.contains("SIGKILL") == true)
  }

  @Test(
    "fault 69: on any terminal, however narrow, nothing is printed that only some terminals know",
    .needs("script", "stty"),
    arguments: [
      (["TERM": "dumb"], 80), (["TERM": "xterm-256color"], 1), (["NO_COLOR": "1"], 80),
      (["CI": "true"], 20), (["TERM": nil], 80),
    ] as [([String: String?], Int)])
  func terminals(environment: [String: String?], columns: Int) async throws {
    let rope = try await Rope.make()
    try Files.write(
      RopePlan.tasks([("one", "echo 1 >f"), ("two", "printf 'a\\033]0;x\\007b' >&2; exit 1")]).text,
      to: rope.space("plan.json"))
    let shown = try await rope.repository.sh(
      """
      script -qefc "stty cols \(columns); '\(Rope.program)' run ../plan.json" /dev/null </dev/null || true
      script -qefc "stty cols \(columns); '\(Rope.program)' status" /dev/null </dev/null
      """, environment: rope.environment(environment))
    #expect(shown.contains("1 completed, 1 failed"))
    #expect(!shown.unicodeScalars.contains("\u{1B}"), "\(shown.debugDescription)")
    #expect(shown.contains("^[]0;x^Gb"), "\(shown.debugDescription)")
  }
}
