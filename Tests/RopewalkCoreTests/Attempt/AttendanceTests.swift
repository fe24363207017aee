// Knows the table of an attendance: every state with everything that can be seen in it.
// Unaware of processes.

import RopewalkWire
import Testing

@Suite("an attendance") struct AttendanceTests {
  /// What can be seen, at one moment each.
  enum Input: String, CaseIterable {
    case programEnded, treeEmptied, stop, stopHard, engineDied, nothing, output, tooMuchOutput
    case timeout, idle, graceOver, drainOver, roundOver, hopeOver, pause, resume, adopted
  }

  /// The moment at which all table rows begin; the program has run for it.
  static let now = 1_000

  static func spec() -> AttemptSpec {
    AttemptSpec(
      program: "/bin/true", arguments: [], directory: "/", timeout: 60_000, idleTimeout: 30_000,
      grace: 5_000, drain: 2_000, outputLimit: 1_000, orphanGrace: 3_000)
  }

  /// An attendance that has just come into a state by its most usual road.
  static func attendance(in state: Attendance.State) -> Attendance {
    var attendance = Attendance(spec(), startedAt: 0)
    _ = attendance.passed(to: now, outputBytes: 10)
    switch state {
    case .running: break
    case .paused: _ = attendance.pauseRequested(at: now)
    case .draining: _ = attendance.programEnded(at: now)
    case .terminating: _ = attendance.stopRequested(hard: false, at: now)
    case .killing: _ = attendance.stopRequested(hard: true, at: now)
    case .ended: _ = attendance.treeEmptied(at: now)
    }
    return attendance
  }

  static func feed(_ input: Input, to attendance: inout Attendance) -> [Attendance.Action] {
    switch input {
    case .programEnded: attendance.programEnded(at: now)
    case .treeEmptied: attendance.treeEmptied(at: now)
    case .stop: attendance.stopRequested(hard: false, at: now)
    case .stopHard: attendance.stopRequested(hard: true, at: now)
    case .engineDied:
      {
        attendance.engineDied(at: now)
        return attendance.passed(to: now, outputBytes: 10)
      }()
    case .pause: attendance.pauseRequested(at: now)
    case .resume: attendance.resumeRequested(at: now)
    case .adopted:
      {
        attendance.engineAdopted()
        return []
      }()
    case .nothing: attendance.passed(to: now, outputBytes: 10)
    case .output: attendance.passed(to: now, outputBytes: 20)
    case .tooMuchOutput: attendance.passed(to: now, outputBytes: 1_001)
    case .timeout: attendance.passed(to: 60_000, outputBytes: 20)
    case .idle: attendance.passed(to: now + 30_000, outputBytes: 10)
    case .graceOver: attendance.passed(to: now + 5_000, outputBytes: 10)
    case .drainOver: attendance.passed(to: now + 2_000, outputBytes: 10)
    case .roundOver: attendance.passed(to: now + Attendance.roundInterval, outputBytes: 10)
    case .hopeOver: attendance.passed(to: now + Attendance.giveUp, outputBytes: 10)
    }
  }

  struct Row {
    var state: Attendance.State
    var actions: [Attendance.Action] = []
    var cause = EndRecord.Cause.exited
  }

  /// What follows; a pair that is not here changes nothing.
  static let table: [Attendance.State: [Input: Row]] = [
    .running: [
      .programEnded: Row(state: .draining),
      .treeEmptied: Row(state: .ended, actions: [.finish]),
      .stop: Row(state: .terminating, actions: [.terminate], cause: .cancelled),
      .stopHard: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .tooMuchOutput: Row(state: .terminating, actions: [.terminate], cause: .outputLimit),
      .timeout: Row(state: .terminating, actions: [.terminate], cause: .timedOut),
      .idle: Row(state: .terminating, actions: [.terminate], cause: .idle),
      .pause: Row(state: .paused, actions: [.stop]),
    ],
    .paused: [
      .programEnded: Row(state: .draining, actions: [.continue]),
      .treeEmptied: Row(state: .ended, actions: [.finish]),
      .stop: Row(state: .terminating, actions: [.terminate], cause: .cancelled),
      .stopHard: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .tooMuchOutput: Row(state: .terminating, actions: [.terminate], cause: .outputLimit),
      .resume: Row(state: .running, actions: [.continue]),
    ],
    .draining: [
      .treeEmptied: Row(state: .ended, actions: [.finish]),
      .stop: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
      .stopHard: Row(state: .killing, actions: [.noteLeftovers, .kill(round: 1)]),
      .tooMuchOutput: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
      .timeout: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
      .idle: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
      .graceOver: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
      .drainOver: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
      .hopeOver: Row(state: .terminating, actions: [.noteLeftovers, .terminate]),
    ],
    .terminating: [
      .treeEmptied: Row(state: .ended, actions: [.finish], cause: .cancelled),
      .stop: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .stopHard: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .timeout: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .idle: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .graceOver: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
      .hopeOver: Row(state: .killing, actions: [.kill(round: 1)], cause: .cancelled),
    ],
    .killing: [
      .treeEmptied: Row(state: .ended, actions: [.finish], cause: .cancelled),
      .roundOver: Row(state: .killing, actions: [.kill(round: 2)], cause: .cancelled),
      .drainOver: Row(state: .killing, actions: [.kill(round: 2)], cause: .cancelled),
      .graceOver: Row(state: .killing, actions: [.kill(round: 2)], cause: .cancelled),
      .timeout: Row(state: .ended, actions: [.finish], cause: .cancelled),
      .idle: Row(state: .ended, actions: [.finish], cause: .cancelled),
      .hopeOver: Row(state: .ended, actions: [.finish], cause: .cancelled),
    ],
    .ended: [:],
  ]

  @Test("every state answers everything that can be seen", arguments: Attendance.State.allCases)
  func table(state: Attendance.State) {
    for input in Input.allCases {
      var attendance = Self.attendance(in: state)
      let before = attendance.cause
      let actions = Self.feed(input, to: &attendance)
      let row = Self.table[state]?[input] ?? Row(state: state, cause: before)
      #expect(attendance.state == row.state, "\(state) \(input)")
      #expect(actions == row.actions, "\(state) \(input)")
      #expect(attendance.cause == row.cause, "\(state) \(input)")
    }
  }

  @Test("a pause is not counted by the timeout, and is told")
  func pauseAndTimeout() {
    var attendance = Self.attendance(in: .paused)
    #expect(attendance.sleep(at: 1_000) == nil)
    #expect(attendance.passed(to: 501_000, outputBytes: 10) == [])
    #expect(attendance.resumeRequested(at: 501_000) == [.continue])
    #expect(attendance.pausedFor == 500_000)
    #expect(attendance.passed(to: 520_000, outputBytes: 20) == [])
    #expect(attendance.passed(to: 545_000, outputBytes: 30) == [])
    #expect(attendance.passed(to: 559_999, outputBytes: 30) == [])
    #expect(attendance.passed(to: 560_000, outputBytes: 30) == [.terminate])
    #expect(attendance.cause == .timedOut)
  }

  @Test("a pause is not counted by the idle limit, also where output is seen only in it")
  func pauseAndIdle() {
    var spec = Self.spec()
    spec.timeout = nil
    var attendance = Attendance(spec, startedAt: 0)
    #expect(attendance.passed(to: 1_000, outputBytes: 10) == [])
    #expect(attendance.pauseRequested(at: 11_000) == [.stop])
    #expect(attendance.resumeRequested(at: 20_000) == [.continue])
    #expect(attendance.passed(to: 39_999, outputBytes: 10) == [])
    var late = attendance
    #expect(attendance.passed(to: 40_000, outputBytes: 10) == [.terminate])
    #expect(attendance.cause == .idle)

    #expect(late.pauseRequested(at: 39_999) == [.stop])
    #expect(late.passed(to: 50_000, outputBytes: 11) == [])
    #expect(late.resumeRequested(at: 55_000) == [.continue])
    #expect(late.passed(to: 84_999, outputBytes: 11) == [])
    #expect(late.passed(to: 85_000, outputBytes: 11) == [.terminate])
    #expect(late.pausedFor == 9_000 + 15_001)
  }

  @Test("two pauses add up, and one that is ended otherwise counts")
  func pausesAddUp() {
    var attendance = Self.attendance(in: .running)
    _ = attendance.pauseRequested(at: 2_000)
    _ = attendance.resumeRequested(at: 2_300)
    _ = attendance.pauseRequested(at: 3_000)
    #expect(attendance.stopRequested(hard: false, at: 3_030) == [.terminate])
    #expect(attendance.pausedFor == 330)
    #expect(attendance.resumeRequested(at: 3_040) == [])
    #expect(attendance.state == .terminating)
  }

  @Test("the time of a dead engine does not stand still in a pause")
  func orphanedWhilePaused() {
    var attendance = Self.attendance(in: .running)
    attendance.engineDied(at: 1_000)
    #expect(attendance.pauseRequested(at: 1_500) == [.stop])
    #expect(attendance.sleep(at: 1_500) == 2_500)
    #expect(attendance.passed(to: 3_999, outputBytes: 10) == [])
    #expect(attendance.passed(to: 4_000, outputBytes: 10) == [.terminate])
    #expect(attendance.cause == .orphaned)
    #expect(attendance.pausedFor == 2_500)
  }

  @Test("an engine that takes over in time is an engine, and its death counts anew")
  func adopted() {
    var attendance = Self.attendance(in: .running)
    attendance.engineDied(at: 1_000)
    attendance.engineAdopted()
    #expect(attendance.passed(to: 5_000, outputBytes: 20) == [])
    attendance.engineDied(at: 6_000)
    #expect(attendance.passed(to: 8_999, outputBytes: 30) == [])
    #expect(attendance.passed(to: 9_000, outputBytes: 30) == [.terminate])
    attendance.engineAdopted()
    #expect(attendance.state == .terminating)
    #expect(attendance.cause == .orphaned)
  }

  @Test("a dead engine ends the tree once its time has passed, and not before")
  func orphaned() {
    var attendance = Self.attendance(in: .running)
    attendance.engineDied(at: 1_000)
    attendance.engineDied(at: 2_000)
    #expect(attendance.passed(to: 3_999, outputBytes: 10) == [])
    #expect(attendance.sleep(at: 3_999) == 1)
    #expect(attendance.passed(to: 4_000, outputBytes: 10) == [.terminate])
    #expect(attendance.cause == .orphaned)
  }

  @Test("without a time for it a dead engine ends nothing")
  func detached() {
    var spec = Self.spec()
    spec.orphanGrace = nil
    var attendance = Attendance(spec, startedAt: 0)
    attendance.engineDied(at: 0)
    #expect(attendance.passed(to: 29_999, outputBytes: 0) == [])
  }

  @Test("output, or output cut short, puts off the idle end and not the timeout")
  func idle() {
    var attendance = Attendance(Self.spec(), startedAt: 0)
    #expect(attendance.passed(to: 29_000, outputBytes: 500) == [])
    #expect(attendance.passed(to: 58_000, outputBytes: 100) == [])
    #expect(attendance.passed(to: 59_999, outputBytes: 100) == [])
    #expect(attendance.passed(to: 60_000, outputBytes: 200) == [.terminate])
    #expect(attendance.cause == .timedOut)
  }

  @Test("a first request during another end changes nothing, a second one leaves no grace")
  func requestWhileTerminating() {
    var attendance = Self.attendance(in: .running)
    _ = attendance.passed(to: 60_000, outputBytes: 20)
    #expect(attendance.stopRequested(hard: false, at: 60_001) == [])
    #expect(attendance.stopRequested(hard: false, at: 60_002) == [.kill(round: 1)])
    #expect(attendance.cause == .timedOut)
    #expect(attendance.killed)
  }

  @Test("leftovers get the drain and then a second of grace at the most")
  func leftovers() {
    var attendance = Self.attendance(in: .draining)
    #expect(attendance.passed(to: 3_000, outputBytes: 10) == [.noteLeftovers, .terminate])
    #expect(attendance.passed(to: 3_999, outputBytes: 10) == [])
    #expect(attendance.passed(to: 4_000, outputBytes: 10) == [.kill(round: 1)])
  }

  @Test("no grace means SIGKILL at once")
  func noGrace() {
    var spec = Self.spec()
    spec.grace = 0
    var attendance = Attendance(spec, startedAt: 0)
    #expect(attendance.stopRequested(hard: false, at: 1) == [.kill(round: 1)])
  }

  @Test("a program that ends during its grace time keeps the cause of its end")
  func endsWhileTerminating() {
    var attendance = Self.attendance(in: .terminating)
    #expect(attendance.programEnded(at: 2_000) == [])
    #expect(attendance.treeEmptied(at: 2_000) == [.finish])
    #expect(attendance.cause == .cancelled)
    #expect(!attendance.killed)
  }

  @Test(
    "output is looked at often enough for the nearer of its two limits",
    arguments: [
      (idle: nil, limit: 2 << 30, sleep: 1_000), (idle: 5_000, limit: 2 << 30, sleep: 500),
      (idle: 100, limit: 2 << 30, sleep: 20), (idle: nil, limit: 200_000_000, sleep: 100),
      (idle: nil, limit: 1, sleep: 20), (idle: nil, limit: -1, sleep: 20),
      (idle: nil, limit: .min, sleep: 20),
    ] as [(idle: Int?, limit: Int, sleep: Int)])
  func sampling(idle: Int?, limit: Int, sleep: Int) {
    var spec = Self.spec()
    spec.timeout = nil
    spec.idleTimeout = idle
    spec.outputLimit = limit
    #expect(Attendance(spec, startedAt: 7).sleep(at: 7) == sleep)
  }

  @Test("limits of any size are counted without overflow", arguments: [Int.max, Int.min])
  func extremes(limit: Int) {
    let spec = AttemptSpec(
      program: "/bin/true", arguments: [], directory: "/", timeout: limit, idleTimeout: limit,
      grace: limit, drain: limit, outputLimit: limit, orphanGrace: limit)
    var attendance = Attendance(spec, startedAt: 1_000)
    attendance.engineDied(at: 2_000)
    #expect(attendance.sleep(at: 3_000) == (limit > 0 ? 1_000 : 0))
    _ = attendance.passed(to: 3_000, outputBytes: 5)
    #expect(attendance.state == (limit > 0 ? .running : .killing))
    _ = attendance.stopRequested(hard: false, at: 4_000)
    #expect(attendance.state == (limit > 0 ? .terminating : .killing))
  }
}
