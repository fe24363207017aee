// Knows what a program must be given for a prompt, and what no program can be given.
// Unaware of processes.

import RopewalkCore
import Testing

@Suite("invocations")
struct InvocationTests {
  private func invoke(
    _ runner: String, _ prompt: String = "Do it.", model: String? = nil, session: String? = nil,
    version: String? = nil, arguments: [String] = [], env: [String: String] = [:],
    command: [String]? = nil
  ) throws -> Invocation {
    guard let spec = RunnerCatalog.builtIn()[runner]?.spec else {
      fatalError("there is no runner `\(runner)`")
    }
    return try Invocation(
      spec,
      Invocation.Request(
        prompt: prompt, model: model, session: session, version: version,
        extraArguments: arguments, extraEnvironment: env, command: command, worktree: "/w",
        attemptFolder: "/run/attempts/api/2"))
  }

  @Test("claude gets its prompt on stdin and its tools by name, without any bypass")
  func claude() throws {
    let invocation = try invoke(
      "claude", "- item", model: "opus", session: "abc", arguments: ["--max-turns", "9"])
    #expect(
      invocation.arguments == [
        "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "acceptEdits",
        "--allowedTools=Bash,Edit,Write,Read,Glob,Grep,NotebookEdit,Task,WebFetch,WebSearch",
        "--model", "opus", "--max-turns", "9", "--resume=abc",
      ])
    #expect(invocation.stdin == Array("- item".utf8))
    #expect(invocation.environment == ["DISABLE_AUTOUPDATER": "1"])
    #expect(invocation.warnings == [])
  }

  @Test("codex gets extra arguments before `resume`, and `-` last")
  func codex() throws {
    let fresh = try invoke("codex", arguments: ["-c", "a=b"])
    #expect(
      fresh.arguments == [
        "exec", "--json", "--skip-git-repo-check", "-s", "workspace-write", "-c", "a=b", "-",
      ])
    let resumed = try invoke("codex", model: "m", session: "t1", arguments: ["-c", "a=b"])
    #expect(
      resumed.arguments == [
        "exec", "--json", "--skip-git-repo-check", "-s", "workspace-write", "-m", "m", "-c", "a=b",
        "resume", "t1", "-",
      ])
  }

  @Test("vibe leaves its result file in the attempt's folder")
  func vibe() throws {
    let invocation = try invoke("vibe")
    #expect(
      invocation.arguments == [
        "-p", "--output", "streaming", "--trust", "--auto-approve", "--output-dir",
        "/run/attempts/api/2/vibe",
      ])
    #expect(invocation.stdin == Array("Do it.".utf8))
  }

  @Test("opencode gets what its version takes")
  func opencode() throws {
    #expect(try invoke("opencode").arguments == ["-p", "Do it.", "-f", "json", "-q"])
    #expect(try invoke("opencode").stdin == nil)
    let first = try invoke("opencode-run", model: "a/b", version: "1.18.33")
    #expect(first.arguments == ["run", "--format", "json", "-m", "a/b"])
    // The attempts of one task share a database, or no session could be taken up again.
    #expect(first.environment["OPENCODE_DB"] == "/run/attempts/api/opencode.db")
    let second = try invoke("opencode-run", session: "ses_1", version: "2.0.1")
    #expect(second.arguments == ["run", "--standalone", "--format", "json", "-s", "ses_1"])
  }

  @Test("a command is run as the plan writes it, with the prompt on stdin, be it empty")
  func command() throws {
    let invocation = try invoke(
      "command", "", arguments: ["x"], env: ["K": "v"], command: ["sh", "-c", "cat {{prompt}}"])
    #expect(invocation.arguments == ["-c", "cat {{prompt}}", "x"])
    #expect(invocation.stdin == [])
    #expect(invocation.environment == ["K": "v"])
  }

  @Test("the agent's own variables stand above the runner's")
  func environment() throws {
    let invocation = try invoke("claude", env: ["DISABLE_AUTOUPDATER": "0"])
    #expect(invocation.environment == ["DISABLE_AUTOUPDATER": "0"])
  }

  @Test(
    "no agent inherits that it runs within another one, nor where a hook's git is",
    arguments: ["claude", "codex", "vibe", "opencode", "opencode-run", "command"])
  func nestedMarkers(_ runner: String) throws {
    let unset = try Set(invoke(runner, command: runner == "command" ? ["x"] : nil).unset)
    #expect(
      unset.isSuperset(of: [
        "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "OPENCODE", "GEMINI_CLI", "CODEX_SANDBOX*",
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
      ]))
    #expect(unset.isDisjoint(with: ["CLAUDE_CODE_OAUTH_TOKEN", "CODEX_HOME", "OPENCODE_CONFIG"]))
  }

  @Test(
    "fault 39: a prompt arrives byte for byte",
    arguments: [
      "-x", "--help", "- a\n- b", "$(rm -rf /) `id` \"q\" 'q' %s \\", "{{model}} {{prompt}}",
      "e\u{301} 👩‍👩‍👧 \u{1F600}\r\n\t", " leading", "@file /command",
    ])
  func exactPrompt(_ prompt: String) throws {
    for runner in ["claude", "codex", "vibe", "opencode-run"] {
      let invocation = try invoke(runner, prompt)
      #expect(invocation.stdin == Array(prompt.utf8))
      #expect(!invocation.arguments.contains(prompt))
    }
    let words = try invoke("opencode", prompt).arguments
    #expect(words == ["-p", prompt, "-f", "json", "-q"])
  }

  @Test("fault 38: what is too long for an argument is refused with both sizes")
  func tooLong() throws {
    let fits = String(repeating: "x", count: Invocation.stringLimit)
    #expect(try invoke("opencode", fits).arguments[1] == fits)
    let error = #expect(throws: InvocationError.self) { try invoke("opencode", fits + "y") }
    #expect(error == .tooLong(bytes: 131_072, runner: "opencode"))
    #expect(
      error?.description
        == "an argument or variable for `opencode` has 131072 bytes; the system takes 131071")
    #expect(try invoke("claude", fits + fits).stdin?.count == 2 * fits.utf8.count)
  }

  @Test("fault 38: what is too long together is refused")
  func tooLongTogether() {
    let word = String(repeating: "x", count: 100_000)
    let words = [String](repeating: word, count: 11)
    let error = #expect(throws: InvocationError.self) { try invoke("codex", arguments: words) }
    guard case .tooLongTogether(let bytes, "codex") = error else {
      Issue.record("it was not refused")
      return
    }
    #expect(bytes > 1_100_000)
  }

  @Test("fault 40: NUL is refused in an argument with its offset, and goes by stdin")
  func nul() throws {
    #expect(throws: InvocationError.nulInPrompt(offset: 3)) { try invoke("opencode", "é!\0x") }
    #expect(try invoke("claude", "é!\0x").stdin == Array("é!\0x".utf8))
    #expect(throws: InvocationError.nulInArgument(runner: "claude")) {
      try invoke("claude", env: ["K": "a\0b"])
    }
  }

  @Test("an empty prompt is refused for every CLI, since none takes it", arguments: ["", " \n\t"])
  func emptyPrompt(_ prompt: String) {
    for runner in ["claude", "codex", "vibe", "opencode", "opencode-run"] {
      #expect(throws: InvocationError.emptyPrompt(runner: runner)) { try invoke(runner, prompt) }
    }
  }

  @Test("what a runner cannot do is said, not dropped")
  func warnings() throws {
    #expect(
      try invoke("vibe", model: "big").warnings
        == ["the runner `vibe` takes no model, so `big` is not used"])
    #expect(
      try invoke("opencode", session: "s").warnings
        == ["the runner `opencode` cannot take up a session again and begins anew"])
  }

  @Test("a prompt that goes by file is named where the CLI expects it")
  func promptFile() throws {
    let text =
      #"{"name":"f","executable":"f","prompt":"file","arguments":["--message-file={{promptFile}}"],"output":"text"}"#
    let spec = try RunnerSpec.decode(Array(text.utf8)).get()
    let invocation = try Invocation(
      spec, Invocation.Request(prompt: "-x", worktree: "/w", attemptFolder: "/a"))
    #expect(invocation.arguments == ["--message-file=/a/prompt"])
    #expect(invocation.promptFile == Array("-x".utf8))
    #expect(invocation.stdin == nil)
  }
}
