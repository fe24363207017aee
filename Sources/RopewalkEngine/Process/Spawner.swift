// Knows how to start a program through Foundation without its races: one thread, one start at a time.
// Unaware of what is started and of what it prints.

import CSystem
import Foundation
import Synchronization

/// Starts every program of this process, one after another, on a thread that never ends.
///
/// Foundation leaks descriptors between two starts at the same time, starts children with signals
/// blocked when it is called from a worker thread, and is silent when descriptors have run out. Here
/// each start has the thread for itself, with no signal blocked, after a look at what is left.
package final class Spawner: Sendable {
  /// The only one: two would race.
  package static let shared = Spawner()

  /// The soft limit on open files that this process was started with, to be given back to agents.
  package static var inheritedOpenFiles: UInt64 { shared.inherited }

  /// One argument or environment string must be shorter than this, or the kernel refuses the start.
  package static let stringLimit = 128 * 1024

  private let inherited: UInt64
  private let starts = ImmortalThread(name: "ropewalk.spawner")
  private let ends = ImmortalThread(name: "ropewalk.reaper")

  private init() {
    inherited = Self.raiseOpenFiles()
    Self.surviveBrokenPipes()
    // Made now, while there are descriptors: a run loop without them ends the program.
    ends.perform { RunLoop.current.run(until: Date()) }
  }

  /// Starts `executable` and returns once it runs.
  ///
  /// The child leads a process group of its own. A start that fails for want of descriptors, processes
  /// or memory is tried again a few times with growing pauses; one for which too many files are open
  /// waits until others have ended.
  ///
  /// - Parameters:
  ///   - executable: a path; PATH is not searched.
  ///   - environment: all that the child gets; nothing is inherited.
  ///   - directory: where the child starts; `PWD` is the caller's to set.
  ///   - standardInput: owned by the caller, as are the other two; may be closed after the return.
  /// - Returns: the child, already watched: it is reaped even when nobody awaits its end.
  /// - Throws: `SpawnError`; nothing runs then. A cancelled caller skips the pauses, never the child.
  package func start(
    executable: String, arguments: [String], environment: [String: String], directory: String,
    standardInput: FileHandle = .nullDevice, standardOutput: FileHandle = .nullDevice,
    standardError: FileHandle = .nullDevice, clock: any Clock<Duration> = ContinuousClock()
  ) async throws(SpawnError) -> RunningChild {
    try Self.check(executable: executable, directory: directory)
    try Self.check(arguments: arguments, environment: environment)
    var pause = Duration.milliseconds(20)
    var attempt = 1
    while true {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: executable)
      process.arguments = arguments
      process.environment = environment
      process.currentDirectoryURL = URL(fileURLWithPath: directory, isDirectory: true)
      process.standardInput = standardInput
      process.standardOutput = standardOutput
      process.standardError = standardError
      do throws(SpawnError) {
        return try await start(process, executable: executable)
      } catch {
        if error == .tooManyOpen {
          // In a task of its own, so that a cancelled caller waits too instead of turning round and round.
          await Task { try? await clock.sleep(for: .milliseconds(50)) }.value
          continue
        }
        guard error.isTransient, attempt < 6 else { throw error }
        // A cancelled sleep only means that the next try comes at once.
        try? await clock.sleep(for: pause)
        pause *= 2
        attempt += 1
      }
    }
  }

  private func start(_ process: Process, executable: String) async throws(SpawnError)
    -> RunningChild
  {
    let result: Result<RunningChild, SpawnError> = await withCheckedContinuation { continuation in
      starts.perform {
        continuation.resume(returning: Self.run(process, executable: executable))
      }
    }
    return try result.get()
  }

  /// Frees what Foundation keeps for a child that ended and that nobody waited for.
  ///
  /// On one thread for all of them: the wait makes a run loop, three descriptors, for each new thread.
  func release(_ process: Process) {
    ends.perform { process.waitUntilExit() }
  }

  /// Returns when what Foundation kept for the children that have ended so far is freed.
  package func released() async {
    await withCheckedContinuation { continuation in
      ends.perform { continuation.resume() }
    }
  }

  private static func run(_ process: Process, executable: String) -> Result<
    RunningChild, SpawnError
  > {
    if let shortage = missingDescriptors() { return .failure(shortage) }
    let child = RunningChild()
    process.terminationHandler = { ended in child.ended(ended) }
    // The child inherits the mask of the thread that starts it.
    ImmortalThread.setSignalMask { sigemptyset(&$0) }
    defer { ImmortalThread.setSignalMask { sigfillset(&$0) } }
    do {
      try process.run()
    } catch {
      return .failure(SpawnError(launching: executable, error: error))
    }
    child.started(process.processIdentifier)
    return .success(child)
  }

  /// Foundation starts a child it can never see end when descriptors run out on the way: look first.
  private static func missingDescriptors() -> SpawnError? {
    var opened: [Int32] = []
    defer { for descriptor in opened { close(descriptor) } }
    for _ in 0..<12 {
      let descriptor = csystem_open("/dev/null", O_RDONLY | O_CLOEXEC, 0)
      guard descriptor >= 0 else { return .outOfResources(csystem_errno()) }
      opened.append(descriptor)
    }
    return csystem_open_descriptors() > openFilesLimit ? .tooManyOpen : nil
  }

  /// At each start Foundation lists the open descriptors into a buffer of 32 KiB and copies 256 bytes
  /// of each name, however short: with more than 1,300 of them past the buffer's end, at times into
  /// nothing. Until it no longer does, so many are never open at a start.
  static let openFilesLimit: Int32 = 1_200

  private static func raiseOpenFiles() -> UInt64 {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
    let inherited = UInt64(limit.rlim_cur)
    limit.rlim_cur = limit.rlim_max
    // A refusal leaves the old limit, which every start looks at again.
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return inherited
  }

  /// A handler that does nothing, unlike "ignore", is not handed on to children by exec.
  private static func surviveBrokenPipes() {
    var current = sigaction()
    guard sigaction(SIGPIPE, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil
    else { return }
    signal(SIGPIPE) { _ in }
  }
}

extension Spawner {
  private static func check(executable: String, directory: String) throws(SpawnError) {
    for (what, text) in [("the program's path", executable), ("the directory's path", directory)]
    where text.utf8.contains(0) {
      throw .holdsNul(what)
    }
    var status = stat()
    guard stat(executable, &status) == 0 else { throw .noExecutable(executable, csystem_errno()) }
    guard status.st_mode & S_IFMT == S_IFREG, access(executable, X_OK) == 0 else {
      throw .notExecutable(executable)
    }
    guard stat(directory, &status) == 0 else { throw .noDirectory(directory, csystem_errno()) }
    guard status.st_mode & S_IFMT == S_IFDIR, access(directory, X_OK) == 0 else {
      throw .notEnterable(directory)
    }
  }

  private static func check(
    arguments: [String], environment: [String: String]
  ) throws(SpawnError) {
    for (index, argument) in arguments.enumerated() {
      try check("argument \(index + 1)", argument.utf8)
    }
    for (name, value) in environment {
      // The value stays out of the message: it may be a key.
      try check("the environment variable `\(name)`", "\(name)=\(value)".utf8)
    }
  }

  private static func check(_ what: String, _ text: String.UTF8View) throws(SpawnError) {
    if text.contains(0) { throw .holdsNul(what) }
    if text.count >= stringLimit { throw .tooLong(what, bytes: text.count) }
  }
}

/// A thread that does one job after another and never ends; signals to the whole program are for others.
private final class ImmortalThread: Sendable {
  private let jobs = Mutex<[@Sendable () -> Void]>([])
  private let arrivals = DispatchSemaphore(value: 0)

  init(name: String) {
    let thread = Thread { [self] in serve() }
    thread.name = name
    thread.start()
  }

  func perform(_ job: @escaping @Sendable () -> Void) {
    jobs.withLock { $0.append(job) }
    arrivals.signal()
  }

  private func serve() {
    Self.setSignalMask { sigfillset(&$0) }
    while true {
      arrivals.wait()
      let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      job?()
    }
  }

  static func setSignalMask(_ fill: (inout sigset_t) -> Void) {
    var mask = sigset_t()
    fill(&mask)
    pthread_sigmask(SIG_SETMASK, &mask, nil)
  }
}

/// Why a program could not be started. Nothing ran.
package enum SpawnError: Error, Equatable, CustomStringConvertible {
  case noExecutable(String, Int32)
  case notExecutable(String)
  /// The file is there, but the program named in its first line is not, or it is for another machine.
  case cannotLoad(String, Int32)
  case noDirectory(String, Int32)
  case notEnterable(String)
  case holdsNul(String)
  case tooLong(String, bytes: Int)
  case outOfResources(Int32)
  /// More files are open than Foundation can start a program with; the start waits.
  case tooManyOpen
  /// A descriptor that this program was started with has a number that the limit of open files no
  /// longer allows: Foundation cannot keep it from children and starts none.
  case inheritedBeyondLimit(limit: Int)
  case failed(String, Int32)

  init(launching executable: String, error: any Error) {
    let outer = error as NSError
    let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
    let code = inner.domain == NSPOSIXErrorDomain ? Int32(inner.code) : 0
    switch code {
    case EAGAIN, EMFILE, ENFILE, ENOMEM: self = .outOfResources(code)
    case EBADF: self = .inheritedBeyondLimit(limit: Self.openFiles)
    case ENOENT, ENOEXEC, ELIBBAD: self = .cannotLoad(executable, code)
    case 0 where outer.code == CocoaError.fileReadNoSuchFile.rawValue:
      self = .cannotLoad(executable, ENOENT)
    default: self = .failed(executable, code)
    }
  }

  /// Whether the same start may work in a moment.
  package var isTransient: Bool {
    switch self {
    case .outOfResources: true
    // Some other program that was started just now still holds the file as its writer had it.
    case .failed(_, ETXTBSY): true
    case .noExecutable, .notExecutable, .cannotLoad, .noDirectory, .notEnterable, .holdsNul,
      .tooLong, .tooManyOpen, .inheritedBeyondLimit, .failed:
      false
    }
  }

  package var description: String {
    switch self {
    case .noExecutable(let path, let code):
      "could not start `\(path)`: \(Self.words(code))"
    case .notExecutable(let path):
      "could not start `\(path)`: it is not an executable file"
    case .cannotLoad(let path, let code):
      "could not start `\(path)`: the system cannot load it (\(Self.words(code))); is the program "
        + "in its first line installed, and is it built for this machine"
    case .noDirectory(let path, let code):
      "could not start in the directory `\(path)`: \(Self.words(code))"
    case .notEnterable(let path):
      "could not start in `\(path)`: it is not a directory that can be entered"
    case .holdsNul(let what):
      "could not start: \(what) holds a NUL byte, which no program can be given"
    case .tooLong(let what, let bytes):
      "could not start: \(what) has \(bytes) bytes; the system takes fewer than "
        + "\(Spawner.stringLimit): hand it over in a file or on standard input"
    case .outOfResources(let code):
      "could not start: \(Self.words(code)) (\(Self.limit(code))); raise that limit or lower the "
        + "concurrency"
    case .tooManyOpen:
      "could not start: more than \(Spawner.openFilesLimit) files are open"
    case .inheritedBeyondLimit(let limit):
      "could not start: a descriptor that was open already lies beyond the limit of \(limit) open files; "
        + "raise the limit, as in `ulimit -n 1024`"
    case .failed(let path, let code):
      "could not start `\(path)`: \(Self.words(code))"
    }
  }

  private static func words(_ code: Int32) -> String {
    code == 0 ? "the system gives no reason" : String(cString: strerror(code)).lowercased()
  }

  private static var openFiles: Int {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
  }

  private static func limit(_ code: Int32) -> String {
    var limit = rlimit()
    switch code {
    case EMFILE:
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      return "`ulimit -n` is \(limit.rlim_cur)"
    case EAGAIN:
      getrlimit(__rlimit_resource_t(__RLIMIT_NPROC.rawValue), &limit)
      return "`ulimit -u` is \(limit.rlim_cur)"
    case ENFILE: return "the limit of the whole machine, `fs.file-max`"
    default: return "memory"
    }
  }
}
