// Knows when the surroundings of a run are looked at, and to whom a change is charged.
// Unaware of what becomes of an attempt that escaped.

import Foundation
import RopewalkCore

/// Watches what attempts must not change, from before the first of them starts.
///
/// Looks never overlap, and those who ask while one is under way share the next: many attempts that end together cost
/// two looks. No look runs on the engine's loop.
package actor EscapeWatch {
  private let worktrees: WorktreeStore
  private var surroundings: Surroundings?
  private var ledger = EscapeLedger()
  private var waiting: [(starting: Suspect?, CheckedContinuation<Void, Never>)] = []
  private var isLooking = false
  /// By live attempt, where it works and what it prints.
  private var sites: [Suspect: Site] = [:]
  /// New branches that the worktree of an attempt is on: its own, as a commit is.
  private var ownBranches: Set<String> = []
  /// New branches that no worktree was on when they were first seen.
  private var newBranches: Set<String> = []

  /// Where an attempt works, and the files that tell what it does.
  struct Site: Sendable {
    var worktree: Worktree?
    var outputs: [String]
  }

  package init(worktrees: WorktreeStore) { self.worktrees = worktrees }

  /// Returns once everything is taken down as it is before the attempt's program starts; from then on the attempt
  /// is a suspect, until `left`.
  func began(_ suspect: Suspect, _ site: Site) async {
    sites[suspect] = site
    if let worktree = site.worktree { surroundings?.wake(worktree) }
    await look(starting: suspect)
  }

  /// What has been changed by the attempt so far, or may have been. Nothing of it runs now.
  func escape(of suspect: Suspect) async -> Escape? {
    await look()
    await settleNewBranches(of: suspect)
    await weigh(suspect)
    return ledger.escape(of: suspect)
  }

  /// Nothing of the attempt is left that could change anything.
  func left(_ suspect: Suspect) {
    sites[suspect] = nil
    ledger.ended(suspect)
  }

  /// Nobody has any business in the worktree from here on, until an attempt begins there.
  func rests(_ worktree: Worktree) async {
    // A worktree that is not looked at accuses nobody.
    try? await surroundings?.rest(worktree)
  }

  /// The worktree is about to be changed by the engine itself, or removed.
  func wakes(_ worktree: Worktree) async {
    guard let surroundings, surroundings.isResting(worktree) else { return }
    await look()
    surroundings.wake(worktree)
  }

  // MARK: - Looking

  private func look(starting: Suspect? = nil) async {
    await withCheckedContinuation { asked in
      waiting.append((starting, asked))
      guard !isLooking else { return }
      isLooking = true
      // Ends by itself when nobody waits any more, and everyone who asked does.
      Task { await lookForAll() }
    }
  }

  private func lookForAll() async {
    while !waiting.isEmpty {
      let asked = waiting
      waiting = []
      ledger.lookBegan()
      let changed = await changes()
      ledger.lookEnded(changed: changed, starting: asked.compactMap(\.starting))
      for (_, continuation) in asked { continuation.resume() }
    }
    isLooking = false
  }

  private func changes() async -> [String] {
    guard let surroundings else {
      // What cannot be taken down cannot be compared; the next look tries again.
      surroundings = try? await Surroundings.begin(worktrees)
      return []
    }
    guard let findings = try? await surroundings.look() else { return [] }
    var names = findings.names + findings.refs.filter { !isOwnBranch($0) }.map(\.name)
    for doubtful in findings.doubtful { names += await surroundings.settle(doubtful) }
    return names
  }

  private func isOwnBranch(_ change: RefValues.Change) -> Bool {
    if ownBranches.contains(change.name) { return true }
    // A new tag is what a fetch brings, and another run of ours has its own branches.
    if change.isNew, ["refs/tags/", "refs/heads/ropewalk/"].contains(where: change.name.hasPrefix) {
      return true
    }
    guard change.isNew, change.name.hasPrefix("refs/heads/") else { return false }
    if isCheckedOut(change.name) { return true }
    newBranches.insert(change.name)
    return false
  }

  /// Whether some attempt's worktree is on the branch, which then is its own.
  private func isCheckedOut(_ branch: String) -> Bool {
    let isOwn = sites.values.contains { $0.worktree?.head == "ref: \(branch)" }
    if isOwn { ownBranches.insert(branch) }
    return isOwn
  }

  /// Git makes a branch first and then moves to it: one that was seen in between, while several attempts ran, is
  /// looked at again until somebody is on it, for 2 s at the most.
  private func settleNewBranches(of suspect: Suspect) async {
    for _ in 0..<100 {
      let held = ledger.charges(against: suspect).filter { newBranches.contains($0.key) }
      for branch in held.keys where ownBranches.contains(branch) || isCheckedOut(branch) {
        ledger.drop(branch)
      }
      let isOpen = held.contains { branch, suspects in
        !ownBranches.contains(branch) && suspects.contains { $0 != suspect && sites[$0] != nil }
      }
      guard isOpen else { return }
      // A cancelled attempt is judged as well, only sooner.
      try? await Task.sleep(for: .milliseconds(20))
    }
  }

  // MARK: - Telling suspects apart

  /// Of what several may have done, it was the one that speaks of it.
  private func weigh(_ suspect: Suspect) async {
    for (name, suspects) in ledger.charges(against: suspect) where suspects.count > 1 {
      let words = words(for: name)
      var speakers: [Suspect] = []
      for other in suspects.sorted(by: { $0.task < $1.task }) {
        guard let site = sites[other] else { continue }
        let speaks = try? await offPool { OutputSearch.finds(words, in: site.outputs) }
        if speaks == true { speakers.append(other) }
      }
      if speakers.count == 1 { ledger.bind(name, to: speakers[0]) }
    }
  }

  /// How a program that works in another folder would write the name: whole, or by the way up.
  private func words(for name: String) -> [String] {
    if name.hasPrefix("refs/") { return [name] }
    if name.hasPrefix("/") { return [name] }
    return ["\(worktrees.repository.home)/\(name)", "../\(name)"]
  }
}

/// Whether files hold one of some words.
enum OutputSearch {
  /// Reads at most the last 16 MiB of each. Blocks.
  static func finds(_ words: [String], in files: [String]) -> Bool {
    files.contains { file in
      guard let bytes = try? FileBytes.tail(file, count: 16 << 20) else { return false }
      let data = Data(bytes)
      return words.contains { data.range(of: Data($0.utf8)) != nil }
    }
  }
}
