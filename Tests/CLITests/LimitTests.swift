// Knows what must come of agents that meet a limit of the machine. Unaware of how limits are set.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("limits of memory, time, files and processes", .timeLimit(.minutes(10)))
struct LimitTests {
  @Test(
    "an agent gets exactly the limits that the plan sets, and its own name and arguments",
    .needs("prlimit"))
  func given() async throws {
    let run = try await rw(
      """
      ulimit -v; ulimit -t; ulimit -f; ulimit -n; ulimit -u; echo "$1"
      """, arguments: ["a b"],
      task: [
        (
          "limits",
          [
            "memory": "4G", "cpuTime": "20m", "fileSize": "1G", "openFiles": 512,
            "processes": 20_000,
          ]
        )
      ])
    // dash has no `-u`; what it says of it goes to stderr.
    let said = try run.text("stdout").split(separator: "\n").map(String.init)
    #expect(said.prefix(4) == ["4194304", "1200", "2097152", "512"])
    #expect(said.last == "a b")
    #expect(run.last?.verdict == .answered)
  }

  @Test("a task's limit stands over its agent's, and that over the plan's", .needs("prlimit"))
  func layers() async throws {
    let plan = RopePlan(
      agents: [
        (
          "stub",
          [
            "runner": "command", "command": ["sh", "-c", "ulimit -n; ulimit -t; ulimit -v"],
            "limits": ["openFiles": 200, "cpuTime": "2m"],
          ]
        )
      ],
      tasks: [["id": "task", "prompt": "do it", "limits": ["openFiles": 100]]],
      defaults: [("limits", ["cpuTime": "1m", "memory": "1G"])])
    let run = try await Rope.make().run(plan)
    #expect(try run.text("stdout") == "100\n120\n1048576\n")
  }

  @Test(
    "fault 121: who uses up its processor time is killed, and the limit is named", .needs("prlimit")
  )
  func cpuTime() async throws {
    let run = try await rw(
      "echo x >f; while :; do :; done", task: [("limits", ["cpuTime": "1s"])]
    ) { $0.wrote = ["f": "x\n"] }
    #expect(run.last?.cause == .limitReached)
    #expect(run.task?.message == "over its limit of cpuTime 1s")
    #expect(run.last?.ref?.hasPrefix("refs/ropewalk/snapshots/") == true)
  }

  @Test("fault 121: who writes too large a file is told by the limit's name", .needs("prlimit"))
  func fileSize() async throws {
    let run = try await rw(
      "head -c 2000000 /dev/zero >f", task: [("limits", ["fileSize": "1M"])])
    #expect(run.last?.cause == .limitReached)
    #expect(run.task?.message == "over its limit of fileSize 1M")
  }

  @Test("fault 121: who is refused memory is told what may be why", .needs("prlimit", "python3"))
  func memory() async throws {
    let run = try await rw(
      "python3 -c 'x = bytearray(400 << 20)'", task: [("limits", ["memory": "256M"])])
    #expect(run.last?.cause == .exitCode)
    #expect(run.task?.message?.hasPrefix("exit code 1") == true)
    #expect(run.task?.message?.hasSuffix("; its limit of memory 256M may be why") == true)
  }

  @Test("fault 121: output beyond its limit ends the agent")
  func output() async throws {
    let run = try await rw(
      "while :; do echo xxxxxxxx; done", task: [("limits", ["output": "100k"])])
    #expect(run.last?.cause == .outputLimit)
    #expect(run.task?.message?.hasPrefix("printed more than") == true)
  }

  @Test("a limit of processes does not bind root, and that is said", .needsRoot, .needs("prlimit"))
  func root() async throws {
    let run = try await rw("echo x >f", task: [("limits", ["processes": 100])])
    #expect(run.exit == 0)
    #expect(run.last?.notes == ["its limit of processes 100 does not bind root"])
  }

  @Test("a program that is missing is named itself, not what stands before it", .needs("prlimit"))
  func missing() async throws {
    let rope = try await Rope.make()
    let script = try rope.space.write("#!/no/such/interpreter\n", to: "tool", mode: 0o755)
    let run = try await rope.run(
      RopePlan(
        agents: [("stub", ["runner": "command", "command": [.string(script)]])],
        tasks: [["id": "task", "prompt": "do it", "limits": ["memory": "1G"]]]))
    #expect(run.last?.cause == .couldNotStart)
    #expect(run.task?.message?.hasPrefix("could not start `\(script)` with its limits: ") == true)
  }

  @Test("limits without `prlimit` are refused before anything starts")
  func noProgram() async throws {
    let rope = try await Rope.make()
    let folder = try await Self.path(of: rope, without: "prlimit")
    let run = try await rope.run(
      .sh("echo x >f", task: [("limits", ["memory": "1G"])]),
      Rope.Options { $0.environment = ["PATH": folder] })
    #expect(run.exit == 5)
    #expect(run.stderr.contains("the program `prlimit` (for `limits`) was not found"))
    #expect(run.folder == nil)
  }

  /// A folder that has the programs of PATH but one.
  static func path(of rope: Rope, without program: String) async throws -> String {
    let folder = rope.space("programs")
    try await rope.repository.sh(
      """
      mkdir '\(folder)'
      for program in /bin/* /usr/bin/*; do
        [ "${program##*/}" = \(program) ] || ln -sf "$program" '\(folder)/'
      done
      """)
    return folder
  }
}
