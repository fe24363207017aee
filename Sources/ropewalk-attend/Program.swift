// Knows how the attended program is started, with nothing of ours but three streams.
// Unaware of what becomes of it.

import CSystem
import Glibc
import RopewalkWire

/// The program that a spec describes.
struct Program {
  let spec: AttemptSpec
  let folder: Folder

  typealias Failure = EndRecord.StartFailure

  /// A program under way, and the files that it writes to.
  struct Running {
    let pid: pid_t
    let output: Output
  }

  /// Starts the program in a session of its own, in its directory, with default signals, an empty
  /// mask and no descriptor but 0, 1 and 2. After a failure nothing runs.
  func start() -> Result<Running, Failure> {
    open("stdin", spec.stdin ?? "/dev/null", O_RDONLY).flatMap { stdin in
      defer { close(stdin) }
      return openOutput().flatMap { output in
        spawn([stdin, output.stdout, output.stderr]).map { Running(pid: $0, output: output) }
      }
    }
  }

  private func openOutput() -> Result<Output, Failure> {
    // In append mode, so that those who share a stream never write over each other.
    let flags = O_WRONLY | O_CREAT | O_APPEND
    return open("stdout", AttemptFiles.stdout, flags).flatMap { stdout in
      open("stderr", AttemptFiles.stderr, flags).map { Output(stdout: stdout, stderr: $0) }
    }
  }

  private func open(_ step: String, _ path: String, _ flags: Int32) -> Result<Int32, Failure> {
    folder.open(path, flags).mapError { Failure(step: step, errno: $0.errno, path: path) }
  }

  /// Spawns from within the directory: a missing one is told apart from a missing program, and
  /// none can be put in its place in between.
  private func spawn(_ streams: [Int32]) -> Result<pid_t, Failure> {
    guard chdir(spec.directory) == 0 else {
      return .failure(Failure(step: "directory", errno: errno, path: spec.directory))
    }
    // A worktree that is removed meanwhile must not be held by us.
    defer { chdir("/") }
    return withOpenFiles { spawnHere(streams) }
  }

  /// Gives the program the soft limit that the engine had before it raised its own: some programs
  /// close "all" descriptors one by one, others cannot count past 1024.
  private func withOpenFiles<Value>(_ body: () -> Value) -> Value {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var own = rlimit()
    guard let openFiles = spec.openFiles, openFiles > 0, getrlimit(resource, &own) == 0 else {
      return body()
    }
    var limit = own
    limit.rlim_cur = min(rlim_t(openFiles), limit.rlim_max)
    // A soft limit below the hard one is always allowed.
    setrlimit(resource, &limit)
    defer { setrlimit(resource, &own) }
    return body()
  }

  private func spawnHere(_ streams: [Int32]) -> Result<pid_t, Failure> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, stream) in streams.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, stream, Int32(target))
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    Self.setDefaultSignalsAndSession(&attributes)
    var pid: pid_t = 0
    // A wrapper that finds no program would tell it in words of its own.
    if !spec.wrapper.isEmpty, access(spec.program, X_OK) != 0 {
      return .failure(Failure(step: "exec", errno: errno, path: spec.program))
    }
    let executable = spec.wrapper.first ?? spec.program
    let words =
      spec.wrapper.isEmpty
      ? [spec.name] + spec.arguments : spec.wrapper + [spec.program] + spec.arguments
    let arguments = words.map { Array($0.utf8) + [0] }
    let failure = withPointers(arguments) { arguments in
      withPointers(Environment(spec).strings) { environment in
        Self.retrying {
          posix_spawn(&pid, executable, &actions, &attributes, arguments, environment)
        }
      }
    }
    return failure == 0
      ? .success(pid) : .failure(Failure(step: "exec", errno: failure, path: executable))
  }

  /// Tries again, after ever longer pauses of 4 s in all, what failed for want of processes or
  /// memory: those that have them may end meanwhile.
  private static func retrying(_ start: () -> Int32) -> Int32 {
    var failure = start()
    var pause: Int32 = 30
    while failure == EAGAIN || failure == ENOMEM, pause < 4_000 {
      poll(nil, 0, pause)
      pause *= 2
      failure = start()
    }
    return failure
  }

  private static func setDefaultSignalsAndSession(_ attributes: inout posix_spawnattr_t) {
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // Really all: `sigfillset` leaves out two that the C library keeps for itself, and
    // `posix_spawn` would have those ignored.
    var all = sigset_t()
    withUnsafeMutableBytes(of: &all) { $0.copyBytes(from: repeatElement(0xFF, count: $0.count)) }
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(
      &attributes,
      Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(CSYSTEM_SPAWN_SETSID))
  }
}

/// The two files that the program writes to, held open so that their sizes can be asked for
/// whatever becomes of their names.
struct Output {
  let stdout: Int32
  let stderr: Int32

  var stdoutBytes: Int { size(stdout) }
  var stderrBytes: Int { size(stderr) }
  var bytes: Int { stdoutBytes + stderrBytes }

  private func size(_ descriptor: Int32) -> Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }
}

/// Hands strings that end in zeros to C as a list that ends in nil.
private func withPointers<Value>(
  _ strings: [[UInt8]], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
) -> Value {
  var joined = strings.flatMap(\.self)
  return joined.withUnsafeMutableBytes { bytes in
    var at = 0
    let pointers = strings.map { string -> UnsafeMutablePointer<CChar>? in
      defer { at += string.count }
      return bytes.baseAddress.map { ($0 + at).assumingMemoryBound(to: CChar.self) }
    }
    return body(pointers + [nil])
  }
}
