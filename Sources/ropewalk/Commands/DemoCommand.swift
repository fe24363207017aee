// Knows how the demo is set up: a scratch repository, a stand-in agent, a plan.
// Unaware of how a plan is run.

import Foundation
import RopewalkCore
import RopewalkEngine

enum DemoCommand: Command {
  static let spec = CommandSpec(
    name: "demo",
    summary: "Run six dependent tasks in a scratch repository; needs no agent and no key.",
    details: [
      "The stand-in agent is a shell script that speaks the format of `opencode -p … -f json -q`.",
      "Everything is made in a new folder below TMPDIR, which is left for you to look at.",
    ])

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let scratch = try Self.scratch()
    let repository = scratch + "/repository"
    let plan = scratch + "/plan.json5"
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = "\(scratch)/bin:" + (environment["PATH"] ?? "/usr/bin:/bin")
    // What the stand-ins claim to cost was never spent.
    environment["XDG_STATE_HOME"] = "\(scratch)/state"
    try FileBytes.createFolder(scratch + "/bin")
    try FileBytes.create(plan, Array(Self.plan.utf8))
    try FileBytes.create(scratch + "/bin/opencode", Array(Self.agent.utf8))
    guard chmod(scratch + "/bin/opencode", 0o755) == 0 else {
      throw SystemError("make executable", scratch + "/bin/opencode")
    }
    try await makeRepository(repository, environment)
    output.note("demo: \(plan) in \(repository)")
    let exit = try await RunCommand.run(
      plan: plan, directory: repository, environment: environment, arguments, output)
    if !output.isJSON {
      output.print(
        """
        look around:
          cd \(repository)
          git log --oneline --graph --all
          ropewalk status
          cat \(plan)

        """)
    }
    return exit
  }

  private static func scratch() throws -> String {
    let parent = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array((parent + "/ropewalk-demo-XXXXXX").utf8CString)
    guard let path = mkdtemp(&template) else { throw SystemError("make a folder in", parent) }
    return String(cString: path)
  }

  private static func makeRepository(
    _ path: String, _ environment: [String: String]
  ) async throws {
    try FileBytes.createFolder(path)
    try FileBytes.create(path + "/README.md", Array("# A small shop\n".utf8))
    let identity = ["-c", "user.name=ropewalk demo", "-c", "user.email=demo@localhost"]
    let commands = [
      ["init", "--quiet", "--initial-branch=main"], ["add", "--all"],
      identity + ["commit", "--quiet", "--message=Begin a small shop"],
    ]
    for command in commands {
      try await DemoGit.run(command, in: path, environment)
    }
  }

  /// Six tasks: one first, three beside each other, one that joins them, one answer at the end.
  private static let plan = """
    // The plan of `ropewalk demo`. Prompts are for the stand-in agent: "write FILE: TEXT" or "say TEXT".
    {
      name: "demo",
      concurrency: 3,
      agents: { worker: { runner: "opencode" } },
      defaults: { agent: "worker", timeout: "1m" },
      tasks: [
        { id: "schema", prompt: "write schema.sql: create table users (name text);" },
        { id: "api", needs: ["schema"], prompt: "write api.txt: GET /users", verify: ["test -s schema.sql"] },
        { id: "page", needs: ["schema"], prompt: "write page.html: <ul id=users></ul>" },
        { id: "tests", needs: ["schema"], prompt: "write tests.txt: users have names" },
        { id: "docs", needs: ["api", "page", "tests"], prompt: "write docs.md: All three came together.",
          verify: ["test -s api.txt && test -s page.html && test -s tests.txt"] },
        { id: "review", needs: ["docs"], expect: "answer", prompt: "say {{needs.docs.output}} Good to merge." },
      ],
    }

    """

  /// Speaks the original opencode's `-p PROMPT -f json -q`, as far as its caller can tell.
  private static let agent = #"""
    #!/bin/sh
    # A stand-in for the original opencode: same arguments, same output, no model.
    [ "$1" = --version ] && { echo 0.0.55; exit 0; }
    while [ $# -gt 0 ]; do
      case $1 in
        -p) prompt=$2; shift ;;
        -p=*|--prompt=*) prompt=${1#*=} ;;
      esac
      shift
    done
    sleep 0.4
    case $prompt in
      "write "*)
        rest=${prompt#write }; file=${rest%%:*}; text=${rest#*: }
        printf '%s\n' "$text" > "$file"
        answer="Wrote $file." ;;
      *) answer=${prompt#say } ;;
    esac
    printf '{\n  "response": "%s"\n}\n' "$(printf %s "$answer" | tr -d '"\\' | tr '\n' ' ')"

    """#
}

/// Runs git for the demo's own repository.
private enum DemoGit {
  static func run(
    _ arguments: [String], in directory: String, _ environment: [String: String]
  ) async throws {
    guard let git = ProgramSearch(environment: environment, directory: directory).find("git")
    else {
      throw Failure(.environment, "missing", "git was not found", hint: "install git 2.38 or newer")
    }
    let result = try await ChildProcess.run(
      executable: git, arguments: arguments, environment: environment, directory: directory)
    guard result.end == .exited(0) else {
      throw Failure(
        .environment, "git",
        "`git \(arguments.joined(separator: " "))` failed: \(String(decoding: result.errors, as: UTF8.self))"
      )
    }
  }
}
