// Knows how a fence around one attempt is described to `bwrap`. Unaware of whether the paths are there.

/// Everything that an attempt sees, and the little of it that it can write.
///
/// The whole system is there to read. Written can be the worktree, git's folder about that worktree (HEAD, index and
/// log of its own), a store for new objects, `/tmp`, and what the agent's CLI keeps for itself. The repository's real
/// objects are read-only and at another place, whence the private store borrows them. Refs, configuration, hooks,
/// the user's checkout and all other worktrees are read-only; the runs' records and sockets cannot be seen.
///
/// It keeps writes in, no secrets: what the user can read, the agent can.
package struct WriteFence: Sendable {
  /// The top of the repository, and git's common directory.
  package var home: String
  package var common: String
  /// Where the runs' records are, in the common directory.
  package var records: String
  /// The worktree, and git's folder about it; nil for an attempt without a worktree.
  package var worktree: String?
  package var gitDirectory: String?
  /// Whether that folder has settings of its own.
  package var hasOwnSettings = false
  /// The attempt's private folder, outside; holds `objects` and `tmp`.
  package var privateFolder: String
  /// A private folder that stands for one of the hidden ones.
  package var stand: (outside: String, inside: String)?
  /// Folders and files that are written as well: the CLI's state, the attempt's scratch folder.
  package var writable: [String]
  /// What would be hidden and has to be seen: the file of the prompt, the resolver's settings.
  package var readable: [String]

  package init(
    home: String, common: String, records: String, worktree: String?, gitDirectory: String?,
    hasOwnSettings: Bool = false, privateFolder: String, writable: [String], readable: [String]
  ) {
    self.home = home
    self.common = common
    self.records = records
    self.worktree = worktree
    self.gitDirectory = gitDirectory
    self.hasOwnSettings = hasOwnSettings
    self.privateFolder = privateFolder
    self.writable = writable
    self.readable = readable
  }

  /// The private store, and where it finds the real one.
  package var objects: String { privateFolder + "/objects" }
  package var borrowed: String { records + "/objects" }
  package var temporary: String { privateFolder + "/tmp" }

  /// What gives no power over the rest of the system: no capability (as root, with them, one call makes everything
  /// writable again), no sight of other processes, no terminal to type into.
  private static let isolation = [
    "--cap-drop", "ALL", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
    "--new-session",
  ]

  /// The switches of the running system are files that root may write without any capability.
  private static let system = [
    "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/proc/sys",
    "/proc/sys", "--ro-bind-try", "/proc/sysrq-trigger", "/proc/sysrq-trigger",
  ]

  /// Variables that name sockets of the user's, by which more could be had than by files.
  package static let unset = [
    "SSH_AUTH_SOCK", "SSH_AGENT_PID", "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS",
    "DOCKER_HOST", "CONTAINER_HOST", "GPG_AGENT_INFO", "XDG_RUNTIME_DIR", "WAYLAND_DISPLAY",
    "TMUX", "STY",
  ]

  /// A fence around nothing, to find out whether there can be one.
  package static let trial = system + ["--tmpfs", "/run"] + isolation

  /// The options, without the program's own name and without the program that is fenced. Later ones lie over earlier.
  package var arguments: [String] {
    var words = Self.system
    words += ["--bind", temporary, "/tmp", "--tmpfs", "/run"]
    // They may lie below what was just hidden.
    words += ["--ro-bind", home, home, "--ro-bind", common, common]
    words += ["--tmpfs", records]
    if let stand { words += ["--bind", stand.outside, stand.inside] }
    words += ["--ro-bind", common + "/objects", borrowed]
    words += ["--bind", objects, common + "/objects"]
    words += ["--ro-bind", objects + "/info", common + "/objects/info"]
    if let worktree, let gitDirectory {
      // The link file leads git to its folder: whoever rewrites it says what the next git outside runs.
      words += ["--bind", worktree, worktree, "--ro-bind", worktree + "/.git", worktree + "/.git"]
      words += ["--bind", gitDirectory, gitDirectory]
      for name in ["commondir", "gitdir"] {
        words += ["--ro-bind", "\(gitDirectory)/\(name)", "\(gitDirectory)/\(name)"]
      }
      if hasOwnSettings {
        words += [
          "--ro-bind", gitDirectory + "/config.worktree", gitDirectory + "/config.worktree",
        ]
      }
    }
    for path in readable { words += ["--ro-bind", path, path] }
    for path in writable { words += ["--bind", path, path] }
    return words + Self.isolation
  }
}
