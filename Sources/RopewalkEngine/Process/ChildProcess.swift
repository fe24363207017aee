// Knows how to wait for a started program, and how to run a short one and take all that it printed.
// Unaware of which programs these are.

import CSystem
import Foundation
import Synchronization

/// How a child ended.
package enum ChildEnd: Sendable, Hashable {
  case exited(Int32)
  case signalled(Int32)
}

/// A program that was started and is watched until it has been reaped.
package final class RunningChild: Sendable {
  private struct State {
    var pid: pid_t = 0
    var end: ChildEnd?
    var waiting: [CheckedContinuation<ChildEnd, Never>] = []
  }
  private let state = Mutex(State())

  init() {}

  /// The child's process id, which is also that of its group. It may have been reaped: signal only a
  /// child that is known to be unable to end by itself in between.
  package var pid: pid_t { state.withLock { $0.pid } }

  /// Waits until the child has been reaped and says how it ended; any number of tasks may wait.
  ///
  /// A child whose descendants keep all of its descriptors is seen to end when they are gone. A
  /// cancelled task waits on: the child's end is always taken in.
  package func end() async -> ChildEnd {
    await withCheckedContinuation { continuation in
      let known = state.withLock { state -> ChildEnd? in
        if state.end == nil { state.waiting.append(continuation) }
        return state.end
      }
      if let known { continuation.resume(returning: known) }
    }
  }

  func started(_ pid: pid_t) { state.withLock { $0.pid = pid } }

  /// Called by Foundation, on a thread that it made for this one call.
  func ended(_ process: Process) {
    let end: ChildEnd =
      process.terminationReason == .exit
      ? .exited(process.terminationStatus) : .signalled(process.terminationStatus)
    let waiting = state.withLock { state in
      state.end = end
      defer { state.waiting = [] }
      return state.waiting
    }
    // Before anyone hears of the end: who then asks what is left over finds this child among it.
    Spawner.shared.release(process)
    for continuation in waiting { continuation.resume(returning: end) }
  }
}

/// A short program, run to its end, with all that it printed.
package enum ChildProcess {
  /// What a program printed and how it ended.
  package struct Result: Sendable {
    package let end: ChildEnd
    package let output: Data
    package let errors: Data
    /// Whether `output` or `errors` is only the beginning of what was printed.
    package let isCut: Bool
  }

  /// Runs `executable` to its end.
  ///
  /// The three streams are files in memory, not pipes: no thread reads along, nothing can block, a
  /// descendant that keeps them open delays nothing, and a child that ignores its input breaks no pipe.
  ///
  /// - Parameters:
  ///   - input: the child's standard input; empty when nil.
  ///   - limit: the most bytes taken of each stream.
  /// - Throws: `SpawnError` when it could not be started. Cancellation is not looked at: the child runs
  ///   to its end.
  package static func run(
    executable: String, arguments: [String], environment: [String: String], directory: String,
    input: Data? = nil, limit: Int = 256 << 20, clock: any Clock<Duration> = ContinuousClock()
  ) async throws(SpawnError) -> Result {
    // Those that wait hold no descriptors yet.
    try await few.pass { () throws(SpawnError) in
      try await runNow(
        executable: executable, arguments: arguments, environment: environment,
        directory: directory, input: input, limit: limit, clock: clock)
    }
  }

  private static let few = Gate(width: 64)

  private static func runNow(
    executable: String, arguments: [String], environment: [String: String], directory: String,
    input: Data?, limit: Int, clock: any Clock<Duration>
  ) async throws(SpawnError) -> Result {
    let output = try await memory(clock: clock)
    let errors = try await memory(clock: clock)
    var source: MemoryFile?
    if let input { source = try await memory(holding: input, clock: clock) }
    let child = try await Spawner.shared.start(
      executable: executable, arguments: arguments, environment: environment, directory: directory,
      standardInput: source?.handle ?? .nullDevice, standardOutput: output.handle,
      standardError: errors.handle, clock: clock)
    let end = await child.end()
    return Result(
      end: end, output: output.contents(upTo: limit), errors: errors.contents(upTo: limit),
      isCut: output.size > limit || errors.size > limit)
  }

  /// A file in memory; where there is none to be had it is asked for again, as a start is.
  private static func memory(
    holding data: Data = Data(), clock: any Clock<Duration>
  ) async throws(SpawnError) -> MemoryFile {
    var pause = Duration.milliseconds(20)
    for _ in 1..<6 {
      do throws(SpawnError) {
        return try MemoryFile(holding: data)
      } catch {
        // A cancelled sleep only means that the next try comes at once.
        try? await clock.sleep(for: pause)
        pause *= 2
      }
    }
    return try MemoryFile(holding: data)
  }
}

/// A file without a name, in memory, closed with its last reference.
private struct MemoryFile {
  let handle: FileHandle

  /// `memfd_create`, which Swift's Glibc module does not name.
  private static let create: (@convention(c) (UnsafePointer<CChar>, UInt32) -> Int32)? =
    dlsym(nil, "memfd_create").map {
      unsafeBitCast($0, to: (@convention(c) (UnsafePointer<CChar>, UInt32) -> Int32).self)
    }

  init(holding data: Data = Data()) throws(SpawnError) {
    let closeOnExec: UInt32 = 1  // MFD_CLOEXEC
    let descriptor = Self.create?("ropewalk", closeOnExec) ?? -1
    guard descriptor >= 0 else { throw .outOfResources(csystem_errno()) }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard !data.isEmpty else { return }
    var written = 0
    while written < data.count {
      let count = data.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress! + written, data.count - written, off_t(written))
      }
      guard count > 0 else { throw .outOfResources(csystem_errno()) }
      written += count
    }
  }

  var size: Int {
    var status = stat()
    return fstat(handle.fileDescriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  func contents(upTo limit: Int) -> Data {
    var data = Data(count: min(size, limit))
    var taken = 0
    while taken < data.count {
      let left = data.count - taken
      let count = data.withUnsafeMutableBytes {
        pread(handle.fileDescriptor, $0.baseAddress! + taken, left, off_t(taken))
      }
      guard count > 0 else { break }
      taken += count
    }
    return data.prefix(taken)
  }
}
