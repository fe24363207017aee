// Knows which attempts had got their slot before their journal tells that they began. Unaware of what that means.

/// The starts that a journal will yet tell, asked of while it is followed.
///
/// An attempt is announced once its worktree is ready, which takes its time. What is decided in between, that its task
/// is cancelled or that its strategy does not want it any more, is told before its start; who follows the journal
/// would take it for one that still waits and be wrong about its end.
///
/// First every event is noted, then every event is passed, in the same order both times.
struct ForeseenStarts: Sendable {
  /// One life of a task: until it, or the run, is taken up again. What starts later in it was decided before whatever
  /// forbade it to start.
  private struct Life: Hashable {
    var task: Int
    var engine: Int
    var revival: Int
  }

  /// Where the reader is: by how many engines and revivals.
  private struct Reader {
    var engine = 0
    var revivals: [Int: Int] = [:]

    func life(_ task: Int) -> Life {
      Life(task: task, engine: engine, revival: revivals[task, default: 0])
    }

    mutating func pass(_ event: RunEvent, _ places: [TaskID: Int]) {
      switch event.payload {
      case .runResumed: engine += 1
      case .tasksRevived(let revived):
        for task in revived.tasks.compactMap({ places[$0] }) { revivals[task, default: 0] += 1 }
      default: break
      }
    }
  }

  private var left: [Life: [Int]] = [:]
  private var noted = Reader()
  private var passed = Reader()

  /// Takes in an event that will be passed.
  mutating func note(_ event: RunEvent, _ places: [TaskID: Int]) {
    noted.pass(event, places)
    guard case .attemptStarted(let start) = event.payload,
      let task = event.subject.task.flatMap({ places[$0] })
    else { return }
    left[noted.life(task), default: []].append(start.step?.index ?? 0)
  }

  /// Goes past an event.
  mutating func pass(_ event: RunEvent, _ places: [TaskID: Int]) {
    passed.pass(event, places)
    guard case .attemptStarted(let start) = event.payload,
      let task = event.subject.task.flatMap({ places[$0] })
    else { return }
    let life = passed.life(task)
    let place = left[life]?.firstIndex(of: start.step?.index ?? 0)
    if let place { left[life]?.remove(at: place) }
  }

  /// Whether a step of the task is yet to be told to have started.
  ///
  /// - Parameter step: any of its steps when nil.
  func has(_ task: Int, _ step: Int? = nil) -> Bool {
    guard let steps = left[passed.life(task)] else { return false }
    return step.map(steps.contains) ?? !steps.isEmpty
  }
}
