import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

/// Who does a task, who takes over, and how that is told.
@Suite("agents that are chosen and replaced", .timeLimit(.minutes(10)))
struct ChoiceTests {
  private func say(_ text: String, _ more: String = "") -> String {
    #"{ runner: "command", command: ["sh", "-c", "cat >prompt; echo \#(text)"]\#(more) }"#
  }

  @Test("scenario: a plan that names nobody is done by the default runner")
  func defaultRunner() async throws {
    let run = try await Rope.make().run(
      RopePlan(text: #"{ tasks: [{ id: "task", prompt: "stub: init\nstub: result done" }] }"#),
      .init { $0.environment = ["ROPEWALK_RUNNER": "claude"] })
    #expect(run.exit == 0)
    #expect(run.task?.runner == "claude")
    #expect(run.last?.text == "done")
    let unknown = try await Rope.make().run(
      RopePlan(text: #"{ tasks: [{ id: "task", prompt: "x" }] }"#),
      .init { $0.environment = ["ROPEWALK_RUNNER": "cluade"] })
    #expect(unknown.exit == 3)
    #expect(unknown.stderr.contains("did you mean `claude`?"))
  }

  @Test("a task without an agent goes to the one that suits it, and the reason is kept")
  func chosen() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { agents: { any: \(say("any")), swift: \(say("swift", #", capabilities: ["swift"]"#)) },
            tasks: [{ id: "task", prompt: "Mend Sources/main.swift.", expect: "answer" }] }
          """))
    #expect(run.exit == 0)
    #expect(run.task?.agent == "swift")
    #expect(run.task?.assigned?.because.contains("`swift`") == true)
    #expect(run.task?.assigned?.confidence == 1)
    let assigned = try #require(run.events.firstIndex { $0.kind == "agentAssigned" })
    let started = try #require(run.events.firstIndex { $0.kind == "attemptStarted" })
    #expect(assigned < started)
  }

  @Test(
    "scenario: a complex task under `auto` goes through a chain, and `check --explain` says so beforehand"
  )
  func auto() async throws {
    let rope = try await Rope.make()
    let plan = RopePlan(
      text: """
        { agents: { dev: \(say("built")),
                    rev: { runner: "command", command: ["sh", "-c", "cat >prompt; echo VERDICT: approve"], capabilities: ["review"] } },
          defaults: { agent: "dev" },
          tasks: [{ id: "big", strategy: "auto", expect: "answer",
                    prompt: "Refactor and migrate the architecture: a.swift, b.swift, c.swift, d.swift, e.swift, f.swift." },
                  { id: "small", strategy: "auto", expect: "answer", prompt: "Fix the typo." }] }
        """)
    try Files.write(plan.text, to: rope.space("plan.json5"))
    let said = try await rope.command(["check", "--explain", rope.space("plan.json5")])
    #expect(said.exit == 0)
    #expect(said.stdout.contains("big: dev, rev (command)"))
    #expect(said.stdout.contains("strategy: multi, it is a complex refactor"))
    #expect(said.stdout.contains("small: dev (command)"))
    #expect(said.stdout.contains("strategy: single"))
    let json = try await rope.command(["check", "--explain", "--json", rope.space("plan.json5")])
      .json
    #expect(json["tasks"]?.elements.map { $0["strategy"]?.string } == ["multi", "single"])
    let run = try await rope.run(plan)
    #expect(run.exit == 0)
    #expect(run["big"]?.contributions.map(\.step.role) == [.work, .review])
    #expect(run["small"]?.contributions.isEmpty == true)
  }

  @Test(
    "scenario: a runner of the same family takes over from one that is missing, and the user is told"
  )
  func sameFamily() async throws {
    let rope = try await Rope.make()
    for name in ["one", "two"] {
      try Files.write(
        #"{ "name": "\#(name)", "about": "A test.", "family": "pair", "executable": "prog-\#(name)", "prompt": "stdin", "output": { "format": "text" } }"#,
        to: rope.space("config/ropewalk/runners/\(name).json"))
    }
    try Files.write(
      "#!/bin/sh\ncat >prompt\necho two\n", to: rope.space("bin/prog-two"), mode: 0o755)
    let plan = RopePlan(
      text: """
        { agents: { dev: { runner: "one" } }, tasks: [{ id: "task", prompt: "x", expect: "answer" }] }
        """)
    let options = Rope.Options {
      $0.environment = [
        "XDG_CONFIG_HOME": rope.space("config"),
        "PATH": rope.space("bin") + ":" + (rope.environment()["PATH"] ?? ""),
      ]
      $0.isJSON = false
    }
    let run = try await rope.run(plan, options)
    #expect(run.exit == 0)
    #expect(run.last?.text == "two")
    #expect(run.task?.runner == "two")
    #expect(run.task?.fallbacks.map(\.fromRunner) == ["one"])
    #expect(
      run.stderr.contains("falls back, `dev` (one) -> `dev` (two): `prog-one` was not found"))
  }

  @Test("scenario: an agent of an isolated family has nobody to take over: an error at once")
  func isolated() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { agents: { dev: { runner: "command", command: ["no-such-program"] } },
            tasks: [{ id: "task", prompt: "x" }] }
          """))
    #expect(run.exit == 5)
    #expect(run.folder == nil)
  }

  @Test(
    "scenario: after repeated failure the agent that the plan names takes over; the errors are kept"
  )
  func repeatedFailure() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { agents: { bad: { runner: "command", command: ["sh", "-c", "echo half >half; echo why >&2; exit 7"], fallback: ["good"] },
                      good: \(say("made")) },
            tasks: [{ id: "task", prompt: "x", agent: "bad", retry: { attempts: 2, backoff: "0s" } }] }
          """), .init { $0.wrote = ["half": "half\n"] })
    #expect(run.exit == 0)
    #expect(run.task?.attempts == 3)
    #expect(run.task?.agent == "good")
    #expect(run.task?.fallbacks.map(\.toAgent) == ["good"])
    let failed = run.events.filter { $0.kind == "attemptFinished" && $0.subject.agent == "bad" }
    #expect(failed.count == 2)
    #expect(run.events.contains { $0.kind == "fallback" })
  }

  @Test("the work of a failed attempt is handed over to the next where the plan says so")
  func handOver() async throws {
    let run = try await Rope.make().run(
      RopePlan(
        text: """
          { agents: { dev: { runner: "command", command: ["sh", "-c", "if test -e half; then echo whole >whole; echo ok; else echo half >half; exit 7; fi"] } },
            tasks: [{ id: "task", prompt: "x", partialWork: "handOver", retry: { attempts: 2, backoff: "0s" } }] }
          """))
    #expect(run.exit == 0)
    let branch = try #require(run.task?.branch)
    #expect(
      try await run.rope.repository.sh("git ls-tree --name-only \(branch)").contains("half\n"))
  }
}
