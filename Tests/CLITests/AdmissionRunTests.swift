import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

/// What keeps tasks of a run from starting though they could.
@Suite("tasks that are held back", .timeLimit(.minutes(10)))
struct AdmissionRunTests {
  @Test(
    "two tasks that want the same thing never run together, and others pass them",
    arguments: ["resources: { db: 1 }", "touches: [\"src/**\"]"])
  func together(demand: String) async throws {
    let rope = try await Rope.make()
    let go = try rope.pipe("go")
    // One each: what two write into one pipe is lost when its reader leaves after the first line.
    for task in ["a", "b", "c", "d"] { _ = try rope.pipe("here-\(task)") }
    let here = rope.space("here-")
    // Whoever comes in while another is in finds its folder, and fails.
    let script =
      "cat >/dev/null; mkdir '\(rope.space("in"))' || exit 9; echo x >'\(here)'$ROPEWALK_TASK; "
      + "read x <'\(go)'; rmdir '\(rope.space("in"))'; echo ok"
    let program = try await rope.start(
      RopePlan(
        text: """
          { resources: { db: 1 },
            agents: { one: { runner: "command", command: ["sh", "-c", \(JSON.string(script).text)] },
                      free: { runner: "command", command: ["sh", "-c", "cat >/dev/null; echo x >'\(here)'$ROPEWALK_TASK; echo ok"] } },
            defaults: { expect: "answer", agent: "one" },
            tasks: [{ id: "a", prompt: "x", \(demand) }, { id: "b", prompt: "x", \(demand) },
                    { id: "c", prompt: "x", agent: "free" }, { id: "d", prompt: "x", agent: "free", needs: ["c"] }] }
          """))
    // `a` is in, and two more rounds of starts go by, each of which could have let `b` in.
    for task in ["a", "c", "d"] { try await rope.line(from: here + task) }
    try await rope.repository.sh("echo x >'\(go)'")
    try await rope.line(from: here + "b")
    try await rope.repository.sh("echo x >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 0, "\(run.stderr)")
    let ended = run.events.firstIndex {
      $0.kind == "attemptFinished" && $0.subject.task?.text == "a"
    }
    let began = run.events.firstIndex {
      $0.kind == "attemptStarted" && $0.subject.task?.text == "b"
    }
    #expect(try #require(ended) < (try #require(began)))
  }

  @Test(
    "while the disk is short nothing starts, and it goes on when there is room again",
    .needs("unshare", "mount"), .needsRoot)
  func disk() async throws {
    let rope = try await Rope.make()
    let place = rope.stateDirectory + "/runs"
    // A file fills the disk until the run has written that it waits. What follows sees the same disk.
    let script = """
      mkdir -p '\(place)'; mount -t tmpfs -o size=64m,mode=700 none '\(place)'
      head -c 50000000 /dev/zero >'\(place)/.full'
      { until grep -qs '"why":"disk"' '\(place)'/*/journal.jsonl; do
          read -t 0.05 x <>'\(try rope.pipe("tick"))' || true
        done; rm '\(place)/.full'; } &
      shift; "$@" && s=0 || s=$?
      wait; cp -r '\(place)' '\(rope.space("saved"))'; umount '\(place)'
      cp -r '\(rope.space("saved"))/.' '\(place)'; exit $s
      """
    let run = try await rope.run(
      RopePlan(
        text: """
          { admission: { memory: false, disk: "32M" },
            agents: { dev: { runner: "command", command: ["sh", "-c", "cat >/dev/null; echo ok"] } },
            tasks: [{ id: "task", prompt: "x", expect: "answer" }] }
          """),
      .init { $0.wrapper = ["unshare", "--mount", "bash", "-ec", script, "sh", "--"] })
    #expect(run.exit == 0, "\(run.stderr)")
    let waits = run.events.compactMap { event -> Waiting? in
      if case .waiting(let waiting) = event.payload { waiting } else { nil }
    }
    #expect(waits.map(\.why) == [.disk])
    #expect(waits.first?.message.contains("are free at \(place)") == true)
  }

  @Test("a plan that wants what is not there is refused by `check`, with the near name")
  func check() async throws {
    let rope = try await Rope.make()
    try Files.write(
      """
      { resources: { gpu: 1 }, tasks: [{ id: "a", prompt: "x", runner: "claude", resources: { gpus: 1 } }] }
      """, to: rope.space("bad.json5"))
    let said = try await rope.command(["check", rope.space("bad.json5")])
    #expect(said.exit == 3)
    #expect(
      said.stderr.contains("did you mean `gpu`?") || said.stdout.contains("did you mean `gpu`?"))
  }
}
