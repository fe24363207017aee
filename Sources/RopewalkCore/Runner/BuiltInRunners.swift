// Knows the runner files that are part of the program. Unaware of what they say.

/// The files of `runners/`, embedded when the program is built.
enum BuiltInRunners {
  static let files: [(name: String, text: [UInt8])] = [
    ("claude.json", PackageResources.claude_json),
    ("codex.json", PackageResources.codex_json),
    ("command.json", PackageResources.command_json),
    ("opencode.json", PackageResources.opencode_json),
    ("opencode-run.json", PackageResources.opencode_run_json),
    ("vibe.json", PackageResources.vibe_json),
  ]
}
