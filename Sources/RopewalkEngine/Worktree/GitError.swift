// Knows what git's complaints mean and what helps against each.
// Unaware of who called git and why.

import Foundation

/// A call of git that failed: the command, how it ended, what git said and what to do about it.
package struct GitError: Error, CustomStringConvertible {
  /// What is the matter, as far as git's words tell.
  package enum Kind: Sendable {
    case missing, tooOld, notStarted, notARepository, dubiousOwnership, unbornHead,
      unknownRevision, locked, starved, diskFull, failed
  }

  package let kind: Kind
  /// The command without our fixed settings: `git rev-parse --verify HEAD`.
  package let command: String
  /// Nil where git was not run.
  package let end: ChildEnd?
  /// Git's standard error, or our own words where git was not run.
  package let says: String
  package let remedy: String?

  init(
    kind: Kind, command: String, end: ChildEnd? = nil, says: String, remedy: String? = nil
  ) {
    self.kind = kind
    self.command = command
    self.end = end
    self.says = says.trimmingCharacters(in: .whitespacesAndNewlines)
    self.remedy = remedy
  }

  /// - Parameter directory: where git was at work.
  init(command: String, end: ChildEnd, says: String, directory: String) {
    let (kind, remedy) = Self.meaning(of: says, directory)
    self.init(kind: kind, command: command, end: end, says: says, remedy: remedy)
  }

  package var description: String {
    var lines = ["`\(command)` \(ending)"]
    if !says.isEmpty {
      lines.append("  git says: \(says.replacing("\n", with: "\n            "))")
    }
    if let remedy { lines.append("  hint: \(remedy)") }
    return lines.joined(separator: "\n")
  }

  private var ending: String {
    switch end {
    case nil: "could not be run"
    case .exited(let status): "failed with exit status \(status)"
    case .signalled(let signal): "was killed by signal \(signal)"
    }
  }

  private static func meaning(of says: String, _ directory: String) -> (Kind, remedy: String?) {
    if says.contains("dubious ownership") {
      let own = says.split(separator: "\n").first { $0.contains("safe.directory") }
      let command = own?.trimmingCharacters(in: .whitespaces) ?? "git config safe.directory"
      return (.dubiousOwnership, "if you trust its owner, run `\(command)`")
    }
    if says.contains("not a git repository") {
      return (
        .notARepository, "go to a repository, name one with `-r`, or make one with `git init`"
      )
    }
    if let lock = heldLock(in: says) {
      return (.locked, lock)
    }
    // Git starts programs of its own, and they can find no process left as ours can.
    if says.contains("Resource temporarily unavailable") || says.contains("cannot fork") {
      return (.starved, "too many processes run for this user; see `ulimit -u`")
    }
    if isDiskFull(says, directory) {
      return (.diskFull, "no space left on the disk of `\(directory)`: see `df` and `df -i`")
    }
    return (.failed, nil)
  }

  /// Of a file that it cannot write out git does not say why.
  private static func isDiskFull(_ says: String, _ directory: String) -> Bool {
    if says.contains("No space left") || says.contains("quota exceeded") { return true }
    var disk = statvfs()
    guard says.contains("unable to write"), statvfs(directory, &disk) == 0 else { return false }
    return disk.f_bavail < 16 || disk.f_files > 0 && disk.f_favail == 0
  }

  /// The hint for a lock file that another process holds; nil where the complaint is about something else.
  private static func heldLock(in says: String) -> String? {
    guard says.contains("File exists") || says.contains("could not lock config file") else {
      return nil
    }
    guard let path = says.split(separator: "'").first(where: { $0.hasSuffix(".lock") }) else {
      return says.contains(".lock") || says.contains("could not lock")
        ? "another git process is at work here; try again when it has ended" : nil
    }
    var status = stat()
    guard lstat(String(path), &status) == 0 else {
      return "another git process held `\(path)`; try again"
    }
    let age = max(0, time(nil) - status.st_mtim.tv_sec)
    return "`\(path)` has been there for \(age) s; if no git process is at work, remove that file"
  }
}
