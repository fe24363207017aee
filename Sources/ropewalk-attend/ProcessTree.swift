// Knows how all descendants of this process are found and signalled, and no others.
// Unaware of why they are ended.

import CSystem
import Glibc
import RopewalkWire

/// The descendants of the attendant, which is a subreaper: whoever loses its parent becomes its
/// child, also after `setsid` and double forks.
///
/// No signal can reach a stranger. A direct child keeps its number until the attendant itself has
/// waited for it. Any other descendant is first pinned by a descriptor, and only then shown to be
/// a descendant still; a descriptor whose process is gone signals nobody.
struct ProcessTree {
  private let own = getpid()
  private let files: ProcFiles
  /// The name of processes that are killed with the rest and never told to end.
  var spared: String?

  init(_ files: ProcFiles) { self.files = files }

  /// Sends SIGTERM to all, and SIGCONT, since a stopped process does not hear the first.
  func terminate() {
    for member in members() where spared == nil || ProcFiles.name(of: member) != spared {
      signal(member, [SIGTERM, SIGCONT])
    }
  }

  /// Sends SIGKILL to all that is there now.
  func kill() {
    for member in members() { signal(member, [SIGKILL]) }
  }

  /// Sends SIGCONT to all.
  func `continue`() {
    for member in members() { signal(member, [SIGCONT]) }
  }

  /// Stops all: for a pause, or before they are killed, against those that fork as fast as they
  /// die, since what is stopped forks no more and still counts against the limit of processes.
  ///
  /// Ends when a look finds nobody running. Those that cannot be stopped (another user's, or
  /// stuck in the kernel) must not hold this up, hence the bound.
  func stop() {
    for _ in 0..<50 {
      let running = members().filter { member in
        ProcFiles.status(of: member).map { !$0.isStopped && !$0.isDead } ?? false
      }
      if running.isEmpty { return }
      for member in running { signal(member, [SIGSTOP]) }
      // A stop takes effect when the other one next leaves the kernel.
      poll(nil, 0, 1)
    }
  }

  /// Pids and names of those that have not ended, at most `limit`.
  ///
  /// Each is asked once: they may end at any moment, and a lazy filter that is asked twice would
  /// contradict itself.
  func alive(limit: Int) -> [EndRecord.Leftover] {
    var alive: [EndRecord.Leftover] = []
    for pid in members() where alive.count < limit {
      guard let status = ProcFiles.status(of: pid), !status.isDead else { continue }
      alive.append(EndRecord.Leftover(pid: Int(pid), name: ProcFiles.name(of: pid)))
    }
    return alive
  }

  /// Every descendant, parents before children.
  private func members() -> [pid_t] {
    let children = files.children()
    var found = children(own)
    var at = 0
    while at < found.count {
      found += children(found[at])
      at += 1
    }
    return found
  }

  private func signal(_ pid: pid_t, _ signals: [Int32]) {
    if ProcFiles.status(of: pid)?.parent == own {
      for signal in signals { Glibc.kill(pid, signal) }
      return
    }
    // Where there is no such descriptor (before Linux 5.3) the process is left to the next round:
    // it becomes a direct child when its own parent is killed.
    let descriptor = csystem_pidfd_open(pid)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard isDescendant(pid) else { return }
    for signal in signals { _ = csystem_pidfd_send_signal(descriptor, signal) }
  }

  /// Whether the line of parents leads here. While it is looked at it may become shorter, by the
  /// very signals that have just been sent: then it is looked at again.
  private func isDescendant(_ pid: pid_t) -> Bool {
    for _ in 0..<10 {
      let line = lineOfParents(of: pid)
      if line.isEmpty { return false }
      guard line.last?.parent == own else { continue }
      // Read upwards and then again downwards: a link that is the same both times was never let
      // go, since a parent that dies loses its children.
      if line.reversed().allSatisfy({ ProcFiles.status(of: $0.child)?.parent == $0.parent }) {
        return true
      }
    }
    return false
  }

  /// The links from a process up to this one, or to where it ends elsewhere.
  private func lineOfParents(of pid: pid_t) -> [(child: pid_t, parent: pid_t)] {
    var links: [(child: pid_t, parent: pid_t)] = []
    var at = pid
    while at != own, links.count < 10_000, let parent = ProcFiles.status(of: at)?.parent, parent > 1
    {
      links.append((at, parent))
      at = parent
    }
    return links
  }
}
