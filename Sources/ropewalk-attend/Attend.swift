// Knows the attendant's one loop: sees ends, requests and time, and carries out what they lead to.
// Unaware of plans, runners and worktrees.

import CSystem
import Glibc
import RopewalkWire

/// Attends one program from start to end.
struct Attend {
  private let folder: Folder
  private let end: EndFile
  private let engine: EngineWatch
  private var record = EndRecord(cause: .couldNotStart, startedAt: Clock.wall())

  init(folder: Folder, end: EndFile, engine: EngineWatch) {
    self.folder = folder
    self.end = end
    self.engine = engine
  }

  /// Runs to the end of the whole tree and writes how it ended.
  ///
  /// - Returns: the attendant's exit status.
  mutating func run() -> Int32 {
    let status = attend()
    record.diskFull = folder.isDiskFull
    guard let failure = end.write(record) else { return status }
    folder.complain("the end record cannot be written: \(reason(failure.errno))")
    return ExitStatus.recordFailed
  }

  private mutating func attend() -> Int32 {
    let spec: AttemptSpec
    switch readSpec() {
    case .failure(let failure):
      record.failure = failure
      return ExitStatus.unreadable
    case .success(let read): spec = read
    }
    let begun = Clock.monotonic()
    let started = prepare().flatMap { senses in
      var senses = senses
      senses.tree.spared = spec.spared
      return Program(spec: spec, folder: folder).start().map { program in
        AttendLoop(senses, program, Attendance(spec, startedAt: begun))
      }
    }
    switch started {
    case .failure(let failure): record.failure = failure
    case .success(var loop):
      loop.run()
      tell(loop)
    }
    record.seconds = Double(Clock.monotonic() - begun) / 1000
    return ExitStatus.ended
  }

  private func readSpec() -> Result<AttemptSpec, EndRecord.StartFailure> {
    let unreadable = EndRecord.StartFailure(
      step: "spec", errno: EINVAL, path: folder.path + "/" + AttemptFiles.spec)
    return folder.read(AttemptFiles.spec)
      .mapError { .init(step: "spec", errno: $0.errno, path: unreadable.path) }
      .flatMap { bytes in
        do throws(JSONSyntaxError) {
          let spec = AttemptSpec(try JSONDocument(bytes).root)
          return spec.flatMap { $0.holdsZero ? nil : .success($0) } ?? .failure(unreadable)
        } catch {
          // Whoever wrote it knows what it should have been; that it is broken is all there is to tell.
          return .failure(unreadable)
        }
      }
  }

  /// Makes the attendant fit for its work, before there is anything to lose.
  private func prepare() -> Result<AttendLoop.Senses, EndRecord.StartFailure> {
    func failure(_ errno: Int32, _ path: String) -> EndRecord.StartFailure {
      .init(step: "attendant", errno: errno, path: path)
    }
    // Kept open, since closing them would confuse the one who watches us by them; not handed on.
    guard csystem_close_from_on_exec(3) == 0, csystem_become_subreaper() == 0 else {
      return .failure(failure(errno, folder.path))
    }
    guard let files = ProcFiles() else { return .failure(failure(ENOENT, "/proc")) }
    return Signals.open().mapError { failure($0.errno, folder.path) }.map { signals in
      AttendLoop.Senses(signals: signals, engine: engine, tree: ProcessTree(files))
    }
  }

  private mutating func tell(_ loop: AttendLoop) {
    record.cause = loop.attendance.cause
    record.killed = loop.attendance.killed
    record.pausedSeconds = Double(loop.attendance.pausedFor) / 1000
    if let status = loop.programStatus {
      let signal = status & 0x7F
      if signal == 0 { record.exit = (status >> 8) & 0xFF } else { record.signal = signal }
    }
    record.leftovers = loop.leftovers
    record.unkillable = loop.unkillable
    record.stdoutBytes = loop.program.output.stdoutBytes
    record.stderrBytes = loop.program.output.stderrBytes
    var usage = rusage()
    // Of all children waited for, adopted ones and what they waited for included.
    guard getrusage(RUSAGE_CHILDREN.rawValue, &usage) == 0 else { return }
    record.cpuSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
    }
    record.peakMemoryBytes = Int(usage.ru_maxrss) * 1024
  }
}

extension AttemptSpec {
  /// Whether a string holds a zero byte, which C would take for its end and cut the rest.
  fileprivate var holdsZero: Bool {
    ([program, name, directory, stdin ?? ""] + arguments + wrapper
      + environment.flatMap { [$0, $1] })
      .contains { $0.utf8.contains(0) }
  }
}
