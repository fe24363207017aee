// Knows what must come of plans that make no sense. Unaware of runs.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("faults of plans", .timeLimit(.minutes(10)))
struct PlanFaultTests {
  /// Runs a text as a plan, which must be refused with exit 3 before anything is written.
  @discardableResult
  private func refused(_ text: String, exit: Int32 = 3) async throws -> String {
    let run = try await Rope.make().run(RopePlan(text: text), .init { $0.isJSON = false })
    #expect(run.exit == exit, "\(run.said.end): \(run.stderr.prefix(500))")
    #expect(run.folder == nil)
    #expect(!Files.exists(run.rope.repository.path + "/.ropewalk"))
    #expect(run.stderr.utf8.count < 20_000)
    return run.stderr
  }

  private func task(_ id: String, _ more: String = "") -> String {
    let name = JSON.string(id).text
    return #"{"id":\#(name),"prompt":"x"\#(more)}"#
  }

  private func plan(_ tasks: String, _ top: String = "") -> String {
    #"{\#(top)"agents":{"stub":{"runner":"command","command":["true"]}},"tasks":[\#(tasks)]}"#
  }

  @Test("fault 92: every mistake of a graph is listed, a cycle as its path")
  func graph() async throws {
    let text = try await refused(
      plan(
        [
          task("a", #","needs":["b"]"#), task("b", #","needs":["a"]"#),
          task("self", #","needs":["self"]"#), task("lost", #","needs":["nobody"]"#),
          task("twin"), task("twin"),
        ].joined(separator: ",")))
    #expect(text.contains("`nobody`"))
    #expect(text.contains("`twin`"))
    #expect(text.contains("`self`"))
    #expect(text.contains("a -> b -> a") || text.contains("b -> a -> b"))
  }

  @Test("fault 93: a wrong type, an unknown key and a missing one are told with line and near name")
  func keys() async throws {
    let text = try await refused(
      "{\"agents\":{\"stub\":{\"runner\":\"command\",\"command\":[\"true\"]}},\n\"tasks\":[\n{\"id\":\"a\",\"promt\":\"x\"},\n{\"id\":\"b\",\"prompt\":7}]}"
    )
    #expect(text.contains("prompt"))
    #expect(text.contains(":3:"))
    #expect(text.contains(":4:"))
  }

  @Test(
    "fault 94: what is no plan is refused in a few lines",
    arguments: [
      "", " ", "hello", "[]", "null", "{}", "\u{0}\u{1}\u{2}", "{\"tasks\":[]}", "\u{feff}", "{",
    ])
  func notAPlan(text: String) async throws { try await refused(text) }

  @Test("fault 94: a byte order mark is passed over, and UTF-16 is refused")
  func marks() async throws {
    let run = try await Rope.make().run(
      RopePlan(text: "\u{feff}" + plan(task("a", #","expect":"either""#))))
    #expect(run.exit == 1 || run.exit == 0)
    #expect(run.folder != nil)
    let rope = try await Rope.make()
    try Data(plan(task("a")).data(using: .utf16) ?? Data()).write(
      to: URL(fileURLWithPath: rope.space("utf16.json")))
    let other = try await rope.run(RopePlan(text: ""), .init { $0.plan = "utf16.json" })
    #expect(other.exit == 3)
  }

  @Test(
    "fault 94: a folder, a missing file and a device without end are refused",
    arguments: ["/", "/no/such/plan", "/dev/zero"])
  func places(path: String) async throws {
    let run = try await Rope.make().run(RopePlan(text: ""), .init { $0.plan = path })
    #expect(run.exit == 3)
    #expect(run.folder == nil)
  }

  @Test(
    "fault 95: values out of all bounds are refused without a crash",
    arguments: [
      #""timeout":"-5s""#, #""timeout":"1e9h""#, #""timeout":"99999999999999999999h""#,
      #""priority":1e400"#, #""priority":99999999999999999999"#, #""retry":{"attempts":-1}"#,
      #""retry":{"attempts":1e30}"#, #""timeout":0"#, #""repair":1e18"#,
    ])
  func bounds(value: String) async throws { try await refused(plan(task("a", "," + value))) }

  @Test("fault 95: nesting without end is refused without a crash")
  func nesting() async throws {
    try await refused(String(repeating: "[", count: 100_000))
    try await refused(plan(task("a", #","vars":"# + String(repeating: "{\"a\":", count: 100_000))))
  }

  @Test(
    "fault 96: an id that is no plain name is refused with the rule",
    arguments: [
      "../../x", "/etc/x", ".", "..", "", "-rf", "a/b", "a\u{0}b", "a\nb",
      String(repeating: "x", count: 10_000), "\u{1F600}", "a b", "@{", "a~1", "a:b", "é",
    ])
  func ids(id: String) async throws {
    let text = try await refused(plan(task(id)))
    #expect(text.contains("letter") || text.contains("A-Z"), "\(text)")
  }

  @Test(
    "fault 96: a name that git or a file system could take for another works or is refused",
    arguments: ["refs.lock", "dot.", "CON", "HEAD", "a..b", "master"])
  func oddIDs(id: String) async throws {
    let run = try await Rope.make().run(
      RopePlan(
        agents: [("stub", ["runner": "command", "command": ["sh", "-c", "echo x >f"]])],
        tasks: [["id": .string(id), "prompt": "x"]]))
    #expect(run.exit == 0 || run.exit == 3 || run.exit == 5, "\(run.stderr)")
  }

  @Test("fault 96: ids that differ by case only do not share a worktree or a branch")
  func caseTwins() async throws {
    let run = try await Rope.make().run(.tasks([("Same", "echo 1 >f"), ("same", "echo 2 >f")]))
    if run.exit == 0 {
      #expect(run["Same"]?.branch != run["same"]?.branch)
    } else {
      #expect(run.exit == 3)
    }
  }

  @Test(
    "fault 97: a prompt file outside of the plan's folder is refused",
    arguments: ["../secret", "/etc/passwd", "link"])
  func promptFiles(path: String) async throws {
    let rope = try await Rope.make()
    try FileManager.default.createDirectory(
      atPath: rope.space("plans"), withIntermediateDirectories: true)
    try rope.space.write("secret", to: "secret")
    try FileManager.default.createSymbolicLink(
      atPath: rope.space("plans/link"), withDestinationPath: rope.space("secret"))
    let file = JSON.string(path).text
    try rope.space.write(
      plan(#"{"id":"a","prompt":{"file":\#(file)}}"#), to: "plans/p.json")
    let run = try await rope.run(RopePlan(text: ""), .init { $0.plan = "plans/p.json" })
    #expect(run.exit == 3)
    #expect(!run.stderr.contains("root:"))
  }

  @Test("fault 98: what a need printed is put in once and never expanded again")
  func templates() async throws {
    let printed = "{{task.id}} --help $(touch x) {{needs.first.output}}"
    let rope = try await Rope.make()
    let run = try await rope.run(
      RopePlan(
        agents: [
          ("says", ["runner": "command", "command": ["printf", "%s", .string(printed)]]),
          ("cat", ["runner": "command", "command": ["cat"]]),
        ],
        tasks: [
          ["id": "first", "prompt": "x", "agent": "says"],
          [
            "id": "task", "agent": "cat", "needs": ["first"], "prompt": "<{{needs.first.output}}>",
          ],
        ]))
    #expect(run.exit == 0)
    #expect(try run.text("prompt").hasPrefix("<\(printed)>"))
  }

  @Test("fault 98: an unknown name in a template is refused with the near one")
  func templateNames() async throws {
    let text = try await refused(plan(#"{"id":"a","prompt":"{{tsk.id}}"}"#))
    #expect(text.contains("task.id"))
  }

  @Test("fault 99: a chain of 20,000 tasks is checked without a stack of that depth")
  func chain() async throws {
    let rope = try await Rope.make()
    let tasks = (0..<20_000).map { task("t\($0)", $0 == 0 ? "" : #","needs":["t\#($0 - 1)"]"#) }
    let file = try rope.space.write(plan(tasks.joined(separator: ",")), to: "chain.json")
    let said = try await rope.command(["check", file])
    #expect(said.exit == 0, "\(said.stderr.prefix(300))")
  }

  @Test("fault 100: one at a time and ten thousand at a time both end", arguments: [1, 10_000])
  func concurrency(width: Int) async throws {
    let run = try await Rope.make().run(
      .tasks((1...4).map { ("t\($0)", "echo ok") }), .init { $0.arguments = ["-c", "\(width)"] })
    #expect(run.exit == 0)
  }

  @Test("fault 100: none at a time is refused")
  func noConcurrency() async throws {
    let run = try await Rope.make().run(.sh("echo ok"), .init { $0.arguments = ["-c", "0"] })
    #expect(run.exit == 2)
    try await refused(plan(task("a"), #""concurrency":0,"#))
  }

  @Test("fault 100: when all fail the run ends and says why each did")
  func allFail() async throws {
    let run = try await Rope.make().run(
      .tasks(
        [("a", "exit 1"), ("b", "exit 2"), ("c", "echo ok")], needs: ["c": ["a", "b"]]))
    #expect(run.exit == 1)
    #expect(run["c"]?.state == .skipped)
    // Whichever failed first is named.
    let why = run["c"]?.message ?? ""
    #expect(why.contains("`a`") || why.contains("`b`"), "\(why)")
  }

  @Test("fault 101: a plan that is edited while it runs does not change the run")
  func edited() async throws {
    let rope = try await Rope.make()
    let file = rope.space("plan.json")
    let run = try await rope.run(
      .tasks([("a", "echo broken >'\(file)'; echo ok"), ("b", "echo ok")], needs: ["b": ["a"]]))
    #expect(run.exit == 0)
    #expect(try Files.text(run.folder?.plan ?? "").contains("\"b\""))
  }
}
