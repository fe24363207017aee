// Knows what a runner file says: how one agent CLI is started and how it is read.
// Unaware of agents, prompts and processes.

import RopewalkWire

/// One agent CLI as data: a file of `runners/`.
package struct RunnerSpec: Sendable, Equatable {
  /// How a prompt reaches the program.
  package enum PromptWay: String, Sendable, CaseIterable {
    case stdin
    /// Within an argument, where `{{prompt}}` stands; `--prompt={{prompt}}` is safe for any text.
    case argument
    /// In a file of the attempt's folder, named where `{{promptFile}}` stands.
    case file

    /// The name that must stand in some argument; nil where none is needed.
    var place: String? {
      switch self {
      case .stdin: nil
      case .argument: "prompt"
      case .file: "promptFile"
      }
    }
  }

  /// An argument, or several that are only given on a condition.
  package struct Argument: Sendable, Equatable {
    package enum Condition: Sendable, Equatable {
      case always, model, session
      /// The probed version begins so.
      case version(String)
    }
    package var condition = Condition.always
    package var words: [String]
  }

  package var name: String
  package var about: String
  /// Fallback stays within a family; an isolated runner has its own name as family.
  package var family: String
  /// The program's name; nil for `command`, whose program the plan names.
  package var executable: String?
  /// The version whose recordings the rules were tried on; nil is unverified.
  package var verified: String?
  /// How the version is asked for.
  package var versionArguments: [String] = ["--version"]
  /// Beginnings of the versions that this file is for; empty is all of them.
  package var versions: [String] = []
  /// The runner for other versions of the same program.
  package var otherwise: String?
  package var prompt = PromptWay.stdin
  /// Whether an empty prompt is one; most CLIs refuse it or open a screen of their own.
  package var takesEmptyPrompt = false
  package var arguments: [Argument] = []
  package var set: [String: String] = [:]
  package var unset: [String] = []
  /// Variables by which its logins differ: agents that have other values there have other limits.
  package var account: [String] = []
  /// The least time from one start of the program to the next, where copies that start at once disturb
  /// each other; zero is none.
  package var startsApart = Duration.zero
  /// What the CLI leaves behind in its directory, as ignore patterns.
  package var litter: [String] = []
  /// What the CLI must be able to write beside the worktree, from the home folder or a variable: `~/.claude/`,
  /// `$CODEX_HOME/`. A folder ends in a slash and is made where it is missing.
  package var state: [String] = []
  /// A file that the CLI writes at its end, in which rules `from: "file"` look.
  package var resultFile: String?
  /// Whether a session can be taken up again: some argument must need it.
  package var canResume: Bool { arguments.contains { $0.condition == .session } }
  /// Whether the plan's `model` reaches the program.
  package var takesModel: Bool { uses("model") }
  package var output = OutputRules()

  package init(name: String, about: String, family: String, executable: String?) {
    self.name = name
    self.about = about
    self.family = family
    self.executable = executable
  }

  /// Whether an argument or a variable holds that name between braces.
  func uses(_ name: String) -> Bool {
    (arguments.flatMap(\.words) + set.values).contains { $0.contains("{{\(name)}}") }
  }

  /// Whether the choice among several runners of one program hangs on its version.
  package var needsVersion: Bool {
    otherwise != nil
      || arguments.contains {
        if case .version = $0.condition { true } else { false }
      }
  }

  /// Whether this file is for that version; an unknown version fits only a file for all.
  package func fits(version: String?) -> Bool {
    versions.isEmpty || version.map { text in versions.contains { text.hasPrefix($0) } } ?? false
  }

  /// What no agent may inherit; a name that ends in `*` takes all that begin so.
  ///
  /// Markers of a surrounding agent session make a CLI refuse or change its mode; git's variables,
  /// as its hooks set them, would point the agent's git at the user's checkout. Settings that users
  /// make themselves (`CLAUDE_CODE_USE_BEDROCK`, `OPENCODE_CONFIG`, `CODEX_HOME`) stay.
  package static let nestedMarkers = [
    "CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SSE_PORT", "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_AGENT_SDK_VERSION", "OPENCODE", "OPENCODE_PID", "OPENCODE_SERVER", "OPENCODE_CALLER",
    "GEMINI_CLI", "QWEN_CODE", "CODEX_SANDBOX*", "CODEX_THREAD_ID", "CURSOR_AGENT", "CLINE_ACTIVE",
    "AMP_THREAD_ID", "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "ROPEWALK_RUN",
    "ROPEWALK_TASK", "ROPEWALK_ATTEMPT",
  ]
}
