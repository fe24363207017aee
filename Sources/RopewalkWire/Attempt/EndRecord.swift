// Knows how the end of one attended program is told. Unaware of what it means for a task.

/// How a program and its whole tree ended: the `end.json` of an attempt's folder.
///
/// The attendant writes it last, under another name, syncs it and renames it into place when
/// nothing of the tree is left. No end record, no end.
package struct EndRecord: Sendable, Equatable {
  package static let version = 1

  /// Why the tree was ended.
  package enum Cause: String, Sendable, CaseIterable {
    /// The program ended by itself.
    case exited
    /// It could not be started: `failure` says at which step and why.
    case couldNotStart
    /// It ran longer than `timeout`.
    case timedOut
    /// It wrote nothing for `idleTimeout`.
    case idle
    /// It wrote more than `outputLimit`.
    case outputLimit
    /// The engine, or a signal to the attendant, asked for the end.
    case cancelled
    /// The engine died and nobody took over.
    case orphaned
  }

  /// A step on the way to a start that failed.
  package struct StartFailure: Error, Equatable {
    /// What was tried: `spec`, `stdin`, `stdout`, `stderr`, `directory` or `exec`.
    package var step: String
    /// The system's error number.
    package var errno: Int32
    package var path: String

    package init(step: String, errno: Int32, path: String) {
      self.step = step
      self.errno = errno
      self.path = path
    }
  }

  /// A descendant that was still there when the program itself had ended.
  package struct Leftover: Sendable, Equatable {
    package var pid: Int
    /// The kernel's short name for it.
    package var name: String

    package init(pid: Int, name: String) {
      self.pid = pid
      self.name = name
    }
  }

  package var cause: Cause
  /// The program's own exit status, whatever the cause; nil when a signal ended it or it never ran.
  package var exit: Int32?
  /// The signal that ended the program itself.
  package var signal: Int32?
  package var failure: StartFailure?
  /// The wall clock at the start, in milliseconds since 1970.
  package var startedAt: Int
  /// From start to the end of the whole tree, by the monotonic clock; pauses are part of it.
  package var seconds: Double
  /// How long of that the tree was paused; no limit counts it.
  package var pausedSeconds: Double
  /// User and system time of the program and of all descendants that were waited for.
  package var cpuSeconds: Double
  /// The largest resident size of any one process of the tree, in bytes.
  package var peakMemoryBytes: Int
  package var stdoutBytes: Int
  package var stderrBytes: Int
  /// Whether SIGKILL was needed for anything.
  package var killed: Bool
  /// What outlived the program and was ended, the first 20.
  package var leftovers: [Leftover]
  /// What did not end even after SIGKILL (stuck in the kernel).
  package var unkillable: [Int]
  /// Whether the disk that holds the output had no room left at the end.
  package var diskFull: Bool

  package init(
    cause: Cause, exit: Int32? = nil, signal: Int32? = nil, failure: StartFailure? = nil,
    startedAt: Int = 0, seconds: Double = 0, pausedSeconds: Double = 0, cpuSeconds: Double = 0,
    peakMemoryBytes: Int = 0, stdoutBytes: Int = 0, stderrBytes: Int = 0, killed: Bool = false,
    leftovers: [Leftover] = [], unkillable: [Int] = [], diskFull: Bool = false
  ) {
    self.cause = cause
    self.exit = exit
    self.signal = signal
    self.failure = failure
    self.startedAt = startedAt
    self.seconds = seconds
    self.pausedSeconds = pausedSeconds
    self.cpuSeconds = cpuSeconds
    self.peakMemoryBytes = peakMemoryBytes
    self.stdoutBytes = stdoutBytes
    self.stderrBytes = stderrBytes
    self.killed = killed
    self.leftovers = leftovers
    self.unkillable = unkillable
    self.diskFull = diskFull
  }

  package var json: JSON {
    .known([
      ("version", .int(Self.version)),
      ("cause", .string(cause.rawValue)),
      ("exit", exit.map { .int(Int($0)) }),
      ("signal", signal.map { .int(Int($0)) }),
      (
        "failure",
        failure.map {
          [
            "step": .string($0.step), "errno": .int(Int($0.errno)), "path": .string($0.path),
          ]
        }
      ),
      ("startedAt", .int(startedAt)),
      ("seconds", .double(seconds)),
      ("pausedSeconds", pausedSeconds > 0 ? .double(pausedSeconds) : nil),
      ("cpuSeconds", .double(cpuSeconds)),
      ("peakMemoryBytes", .int(peakMemoryBytes)),
      ("stdoutBytes", .int(stdoutBytes)),
      ("stderrBytes", .int(stderrBytes)),
      ("killed", .bool(killed)),
      (
        "leftovers",
        .array(leftovers.map { ["pid": .int($0.pid), "name": .string($0.name)] })
      ),
      ("unkillable", .array(unkillable.map(JSON.int))),
      ("diskFull", .bool(diskFull)),
    ])
  }

  /// Reads back what `json` wrote; nil for anything else.
  package init?(_ value: JSONValue) {
    guard value["version"]?.int == Self.version,
      let cause = value["cause"]?.string.flatMap(Cause.init),
      let startedAt = value["startedAt"]?.int,
      let seconds = value["seconds"]?.double
    else { return nil }
    self.init(
      cause: cause,
      exit: value["exit"]?.int.flatMap(Int32.init(exactly:)),
      signal: value["signal"]?.int.flatMap(Int32.init(exactly:)),
      failure: value["failure"].flatMap { failure in
        guard let step = failure["step"]?.string,
          let errno = failure["errno"]?.int.flatMap(Int32.init(exactly:))
        else { return nil }
        return StartFailure(step: step, errno: errno, path: failure["path"]?.string ?? "")
      },
      startedAt: startedAt, seconds: seconds,
      pausedSeconds: value["pausedSeconds"]?.double ?? 0,
      cpuSeconds: value["cpuSeconds"]?.double ?? 0,
      peakMemoryBytes: value["peakMemoryBytes"]?.int ?? 0,
      stdoutBytes: value["stdoutBytes"]?.int ?? 0,
      stderrBytes: value["stderrBytes"]?.int ?? 0,
      killed: value["killed"]?.bool ?? false,
      leftovers: value["leftovers"]?.elements.compactMap { leftover in
        leftover["pid"]?.int.map {
          Leftover(pid: $0, name: leftover["name"]?.string ?? "")
        }
      } ?? [],
      unkillable: value["unkillable"]?.elements.compactMap(\.int) ?? [],
      diskFull: value["diskFull"]?.bool ?? false)
  }
}
