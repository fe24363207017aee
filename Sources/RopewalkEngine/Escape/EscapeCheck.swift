// Knows when within an attempt its surroundings are looked at. Unaware of how they are.

import RopewalkCore

/// The looks around one attempt: before its program, after it, and after its verification, which runs what it wrote.
struct EscapeCheck {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let place: TaskPlace
  let folder: AttemptFolder
  /// Who is fenced in is no suspect.
  let fence: AttemptFence?

  /// Does the work of an attempt as a suspect.
  func watching(
    _ work: (EscapeCheck) async throws -> AttemptResult
  ) async throws -> AttemptResult {
    await begin()
    do {
      let result = try await work(self)
      await end()
      return result
    } catch {
      await end()
      throw error
    }
  }

  private func begin() async {
    if fence != nil {
      if let worktree = place.worktree { await site.watch?.wakes(worktree) }
      return
    }
    await site.watch?.began(
      order.suspect,
      EscapeWatch.Site(worktree: place.worktree, outputs: [folder.stdout, folder.stderr]))
  }

  private func end() async {
    if fence == nil { await site.watch?.left(order.suspect) }
    if let worktree = place.worktree { await site.watch?.rests(worktree) }
  }

  /// Holds against the attempt what was changed outside so far.
  func look(_ result: inout AttemptResult) async {
    guard fence == nil, let escape = await site.watch?.escape(of: order.suspect) else { return }
    result.record(escape, site.plan.outside)
  }
}
