// Knows by which signs an attempt that failed is known to have met one of its limits. Unaware of how limits are set.

extension AttemptResult {
  /// Names the limit that a failed attempt met: for certain where the way in which it ended says so, else as what may
  /// be why, where its last words are those of a program that was refused something.
  ///
  /// - Parameters:
  ///   - lastWords: the end of what it wrote to stderr.
  ///   - counted: the names of limits that the system itself says were met.
  package mutating func blame(
    _ limits: TaskLimits, lastWords: String, counted: [String] = []
  ) {
    guard let cause, Self.doubtful.contains(cause) else { return }
    if let limit = Self.counted(counted, limits) ?? metLimit(limits) {
      if let message { notes.append(message) }
      self.cause = .limitReached
      message = "over its limit of \(limit)"
    } else if let limit = Self.suspected(limits, lastWords: lastWords.lowercased()) {
      message = (message.map { $0 + "; " } ?? "") + "its limit of \(limit) may be why"
    }
  }

  /// Failures that a limit can be behind. A provider's refusal is none.
  private static let doubtful: Set<FailureCause> = [
    .killedBySignal, .exitCode, .incomplete, .agentError, .interrupted,
  ]

  /// A shell tells a child's signal N as exit status 128 + N.
  private func endedBy(_ number: Int) -> Bool { signal == number || exit == 128 + number }

  private func metLimit(_ limits: TaskLimits) -> String? {
    let (kill, fileSizeExceeded) = (9, 25)
    if let limit = limits.cpuTime, endedBy(kill), let used = cpuSeconds,
      // The system counts the limit in ticks of its clock, and what was used exactly.
      used >= limit.seconds.rounded(.up) * 0.9 - 0.3
    {
      return "cpuTime \(DurationText.spelt(limit))"
    }
    if let limit = limits.fileSize, endedBy(fileSizeExceeded) {
      return "fileSize \(SizeText.spelt(limit))"
    }
    return nil
  }

  private static func counted(_ names: [String], _ limits: TaskLimits) -> String? {
    if names.contains("memory"), let limit = limits.memory {
      return "memory \(SizeText.spelt(limit))"
    }
    guard names.contains("processes"), let limit = limits.processes else { return nil }
    return "processes \(limit)"
  }

  private static func suspected(_ limits: TaskLimits, lastWords: String) -> String? {
    func says(_ words: String...) -> Bool { words.contains { lastWords.contains($0) } }
    if let limit = limits.memory,
      says("cannot allocate memory", "out of memory", "memoryerror", "bad_alloc", "enomem")
    {
      return "memory \(SizeText.spelt(limit))"
    }
    if let limit = limits.processes, says("cannot fork", "resource temporarily unavailable") {
      return "processes \(limit)"
    }
    if let limit = limits.openFiles, says("too many open files") { return "openFiles \(limit)" }
    if let limit = limits.fileSize, says("file too large") {
      return "fileSize \(SizeText.spelt(limit))"
    }
    return nil
  }
}
