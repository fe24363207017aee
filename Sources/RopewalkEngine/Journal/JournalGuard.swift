// Knows how it is noticed that a run's files were moved or deleted. Unaware of what follows from it.

/// Looks from time to time whether the journal is where it was.
///
/// The kernel tells nobody that a folder above a file was renamed, and an agent that is silent for an
/// hour would work for an hour in a repository that is not there.
struct JournalGuard {
  let journal: JournalWriter
  var clock: any Clock<Duration> = ContinuousClock()

  /// Returns when the journal is not in its place any more, or never: then it ends with its task.
  func lost() async {
    while true {
      do {
        try await clock.sleep(for: .seconds(1))
      } catch {
        // Cancelled: the run is over, and nobody asks any more.
        return
      }
      do throws(SystemError) {
        try journal.checkPlace()
      } catch {
        return
      }
    }
  }
}
