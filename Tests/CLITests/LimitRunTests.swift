import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

/// What a provider's limit does to runs, from the CLI's words to the exit status.
@Suite("limits of runs", .timeLimit(.minutes(10)))
struct LimitRunTests {
  /// An agent that is limited while the file `limited` is there, which its first limited call removes
  /// where `once`; its limit ends `seconds` later.
  private func agent(_ rope: Rope, seconds: Int, once: Bool = true, before: String = "") -> String {
    let file = rope.space("limited")
    let script = """
      cat >/dev/null; \(before)
      if \(once ? "rm" : "ls") '\(file)' >/dev/null 2>&1; then
        echo "{\\"resets\\":$(( $(date +%s) + \(seconds) ))}"; exit 75
      fi
      echo '{"text":"done"}'
      """
    return """
      { runner: "command", command: ["sh", "-c", \(JSON.string(script).text)],
        output: { format: "jsonl", text: "text", exitIsTerminal: true, resetsAt: "resets",
                  causes: [{ cause: "rateLimited", exits: [75] }] } }
      """
  }

  private func plan(_ agent: String, tasks: [String] = ["task"], top: String = "") -> RopePlan {
    let list = tasks.map { "{ id: \"\($0)\", prompt: \"x\", expect: \"answer\" }" }
    return RopePlan(
      text: "{ \(top) agents: { dev: \(agent) }, tasks: [\(list.joined(separator: ", "))] }")
  }

  private func limits(_ run: RopeRun) -> [(at: Timestamp, task: TaskID?, until: Timestamp)] {
    run.events.compactMap { event in
      guard case .rateLimited(_, let until?) = event.payload else { return nil }
      return (event.time, event.subject.task, until)
    }
  }

  private func starts(_ run: RopeRun, of task: String) -> [Timestamp] {
    run.events.filter { $0.kind == "attemptStarted" && $0.subject.task?.text == task }.map(\.time)
  }

  @Test("a limited task waits until the time that its CLI printed, and loses no try by it")
  func waits() async throws {
    let rope = try await Rope.make()
    try Files.write("", to: rope.space("limited"))
    let run = try await rope.run(plan(agent(rope, seconds: 2)))
    #expect(run.exit == 0)
    #expect(run.task?.attempts == 2)
    let limit = try #require(limits(run).first)
    #expect(limit.task?.text == "task")
    #expect(try #require(starts(run, of: "task").last) >= limit.until.adding(.milliseconds(-50)))
    let waiting = run.events.compactMap { event -> Waiting? in
      if case .waiting(let waiting) = event.payload { waiting } else { nil }
    }
    #expect(waiting.map(\.why) == [.limited])
    let said = try #require(waiting.first?.until)
    #expect(abs(said.milliseconds - limit.until.milliseconds) < 1000)
    // It succeeded, so nothing is left to be known.
    let book = try #require(LimitBook(environment: rope.environment()))
    #expect(try book.read() == [])
  }

  @Test(
    "with `--no-wait` it fails with the cause; the next run knows and starts nothing; `status` shows it"
  )
  func noWait() async throws {
    let rope = try await Rope.make()
    try Files.write("", to: rope.space("limited"))
    let plan = plan(
      agent(rope, seconds: 3600, once: false), tasks: ["task", "next"], top: "concurrency: 1,")
    let run = try await rope.run(plan, .init { $0.arguments = ["--no-wait"] })
    #expect(run.exit == 1)
    #expect(run.task?.cause == .rateLimited)
    #expect(run.task?.attempts == 1)
    #expect(run["next"]?.state == .failed)
    #expect(run["next"]?.attempts == 0)
    #expect(run["next"]?.message?.hasPrefix("`dev` is limited, for ") == true)
    let later = try await rope.run(plan, .init { $0.arguments = ["--no-wait"] })
    #expect(later.exit == 1)
    #expect(later.count("attemptStarted") == 0)
    #expect(limits(later).map(\.task) == [nil])
    let status = try await rope.command(["status"])
    #expect(status.stdout.contains("asleep: command-"))
    let json = try await rope.command(["status", "--json"]).json
    #expect(
      json["asleep"]?.elements.compactMap { $0["account"]?.string }.first?.hasPrefix("command-")
        == true)
  }

  @Test("two runs at once share what one of them learns")
  func shared() async throws {
    let (first, second) = (try await Rope.make(), try await Rope.make())
    let state = first.space("state")
    let (here, go) = (try first.pipe("here"), try first.pipe("go"))
    // The same program in both, and so the same account; the first task of the first run holds it up.
    let dev = agent(
      second, seconds: 3600, once: false,
      before:
        "if [ $ROPEWALK_TASK = held ]; then echo x >'\(here)'; read x <'\(go)'; echo '{\"text\":\"done\"}'; exit; fi"
    )
    let options = Rope.Options {
      $0.environment = ["XDG_STATE_HOME": state]
      $0.arguments = ["--no-wait"]
    }
    let program = try await first.start(
      plan(dev, tasks: ["held", "after"], top: "concurrency: 1,"), options)
    try await first.line(from: here)
    try Files.write("", to: second.space("limited"))
    let limited = try await second.run(plan(dev), options)
    #expect(limited.exit == 1)
    #expect(limited.task?.cause == .rateLimited)
    try await first.repository.sh("echo x >'\(go)'")
    let run = try await program.ended()
    #expect(run.exit == 1)
    #expect(run["held"]?.state == .completed)
    #expect(limits(run).map(\.task) == [nil])
    // It was asked nothing: the limit is known from the other run.
    #expect(run["after"]?.cause == .rateLimited)
    #expect(run["after"]?.attempts == 0)
  }

  @Test("an agent that the plan names as fallback goes on at once, for those in line too")
  func fallback() async throws {
    let rope = try await Rope.make()
    try Files.write("", to: rope.space("limited"))
    var limited = agent(rope, seconds: 3600, once: false)
    limited.removeLast(2)
    let run = try await rope.run(
      RopePlan(
        text: """
          { concurrency: 1, agents: { dev: \(limited), fallback: ["other"] },
              other: { runner: "command", command: ["sh", "-c", "cat >/dev/null; echo ok"] } },
            defaults: { agent: "dev", expect: "answer" },
            tasks: [{ id: "task", prompt: "x" }, { id: "next", prompt: "x" }] }
          """))
    #expect(run.exit == 0)
    #expect(run.count("fallback") == 2)
    #expect(run["next"]?.agent == "other")
    #expect(run["next"]?.attempts == 1)
  }

  @Test("a damaged book of limits is set aside, and the run goes on")
  func damaged() async throws {
    let rope = try await Rope.make()
    try Files.write("{ torn", to: rope.space("state/ropewalk/limits.json"))
    let run = try await rope.run(plan(agent(rope, seconds: 1)))
    #expect(run.exit == 0)
    #expect(run.count("errorOccurred") == 1)
    #expect(Files.exists(rope.space("state/ropewalk/limits.json.damaged")))
  }

  @Test("on a terminal it is said who sleeps, and until when nothing starts")
  func lines() async throws {
    let rope = try await Rope.make()
    try Files.write("", to: rope.space("limited"))
    let run = try await rope.run(plan(agent(rope, seconds: 1)), .init { $0.isJSON = false })
    #expect(run.exit == 0)
    #expect(run.stderr.contains("  task: `dev` is limited until "))
    #expect(run.stderr.contains("all agents limited until "))
  }
}
