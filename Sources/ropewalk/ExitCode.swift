// Knows what the program's exit status tells a script. Unaware of how it is reached.

/// The exit statuses, documented in the help and the README.
enum ExitCode: Int32 {
  /// Every task completed, or what was asked was done.
  case success = 0
  /// Some task failed.
  case taskFailed = 1
  /// The command line makes no sense.
  case usage = 2
  /// The plan is refused.
  case badPlan = 3
  /// A budget is used up.
  case budget = 4
  /// Something that is needed is missing: an agent, git, a repository, room on the disk.
  case environment = 5
  /// A defect of ours.
  case defect = 70
  /// Ended by Ctrl-C; 128 and the signal's number for others.
  case interrupted = 130
  case hangup = 129
  case quit = 131
  case terminated = 143
}
