// Knows what the program's exit status tells a script. Unaware of how it is reached.

import RopewalkCore

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
  /// What was waited for has not come in the time allowed, as with `timeout`.
  case waitedInVain = 124
  case hangup = 129
  case quit = 131
  case terminated = 143
}

extension ExitCode {
  /// What a run that is over tells, by its journal alone: as `run` itself would have ended.
  init(_ report: RunReport) {
    switch report.state {
    case .completed: self = .success
    // Nobody works on it: its engine has died.
    case .running, .paused, .interrupted: self = .environment
    case .cancelled where report.endedBecause == .interrupted: self = .interrupted
    case .cancelled where report.endedBecause == .terminated: self = .terminated
    case .partial, .failed, .cancelled:
      self = report.tasks.contains { $0.cause == .overBudget } ? .budget : .taskFailed
    }
  }
}
