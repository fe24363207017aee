// Knows what wakes the attendant and in which order it is looked at. Unaware of specs and records.

import Glibc
import RopewalkWire

/// The one place where the attendant waits and acts.
struct AttendLoop {
  /// What the attendant perceives and reaches.
  struct Senses {
    let signals: Signals
    var engine: EngineWatch
    var tree: ProcessTree
  }

  /// How many processes are named in the record; a fork storm need not be told whole.
  private static let named = 20
  /// Those who outrun this many rounds of SIGKILL are stopped first.
  private static let plainRounds = 3

  private var senses: Senses
  let program: Program.Running
  private(set) var attendance: Attendance
  /// The program's own status as `wait` gave it; nil when it could not be ended.
  private(set) var programStatus: Int32?
  private(set) var leftovers: [EndRecord.Leftover] = []
  private(set) var unkillable: [Int] = []
  private var isEmpty = false

  init(_ senses: Senses, _ program: Program.Running, _ attendance: Attendance) {
    self.senses = senses
    self.program = program
    self.attendance = attendance
  }

  /// Returns when nothing of the tree is left or nothing more can be done.
  mutating func run() {
    while attendance.state != .ended {
      let awoken = wait()
      let now = Clock.monotonic()
      if senses.engine.isGone(awoken: awoken) {
        senses.engine.stop()
        attendance.engineDied(at: now)
      }
      // Signals are taken before the ends that they announce: one that comes later wakes again.
      let requests = senses.signals.taken()
      // Ends come before requests and limits: what ended by itself was not ended by us.
      reap(at: now)
      for request in requests { take(request, at: now) }
      perform(attendance.passed(to: now, outputBytes: program.output.bytes))
    }
  }

  private mutating func take(_ request: Signals.Request, at now: Int) {
    switch request {
    case .stop: perform(attendance.stopRequested(hard: false, at: now))
    case .stopHard: perform(attendance.stopRequested(hard: true, at: now))
    case .pause: perform(attendance.pauseRequested(at: now))
    case .resume: perform(attendance.resumeRequested(at: now))
    case .adopt(let engine):
      senses.engine.stop()
      senses.engine = EngineWatch(adopting: engine)
      attendance.engineAdopted()
    }
  }

  /// Waits for a signal, the engine's death or the next deadline.
  ///
  /// - Returns: whether the engine's descriptor spoke.
  private func wait() -> Bool {
    let sleep = attendance.sleep(at: Clock.monotonic()).map { Int32(clamping: $0) } ?? -1
    var sources = [
      pollfd(fd: senses.signals.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: senses.engine.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    poll(&sources, nfds_t(sources.count), sleep)
    return sources[1].revents != 0
  }

  /// Takes the ends of all children that have ended, adopted ones included.
  private mutating func reap(at now: Int) {
    while true {
      var status: Int32 = 0
      let pid = waitpid(-1, &status, WNOHANG)
      if pid > 0 {
        guard pid == program.pid else { continue }
        programStatus = status
        perform(attendance.programEnded(at: now))
      } else if pid == 0 {
        return
      } else if errno != EINTR {
        isEmpty = true
        return perform(attendance.treeEmptied(at: now))
      }
    }
  }

  private mutating func perform(_ actions: [Attendance.Action]) {
    for action in actions {
      switch action {
      case .stop: senses.tree.stop()
      case .continue: senses.tree.continue()
      case .noteLeftovers: leftovers = senses.tree.alive(limit: Self.named)
      case .terminate: senses.tree.terminate()
      case .kill(let round):
        if round > Self.plainRounds { senses.tree.stop() }
        senses.tree.kill()
      case .finish:
        if !isEmpty { unkillable = senses.tree.alive(limit: Self.named).map(\.pid) }
      }
    }
  }
}
