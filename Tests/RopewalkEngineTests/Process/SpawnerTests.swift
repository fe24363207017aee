// Knows what a start and an end of a program must be like under Foundation's known faults.
// Unaware of git and of agents.

import Foundation
import RopewalkTestSupport
import Synchronization
import Testing

@testable import RopewalkEngine

@Suite("Starting programs", .timeLimit(.minutes(10)))
struct SpawnerTests {
  private func run(_ script: String, input: Data? = nil, limit: Int = 1 << 20) async throws
    -> ChildProcess.Result
  {
    try await ChildProcess.run(
      executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"],
      directory: "/", input: input, limit: limit)
  }

  private func text(_ data: Data) -> String { String(decoding: data, as: UTF8.self) }

  @Test("both streams, the exit status and the directory are as the program had them")
  func captures() async throws {
    let result = try await run("pwd; echo why >&2; exit 7")
    #expect(result.end == .exited(7))
    #expect(text(result.output) == "/\n")
    #expect(text(result.errors) == "why\n")
  }

  @Test("a signal is told apart from an exit status")
  func signals() async throws {
    #expect(try await run("kill -TERM $$").end == .signalled(15))
  }

  @Test("a megabyte goes in and comes out; a program that ignores its input harms nobody")
  func input() async throws {
    let data = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) })
    let result = try await run("cat", input: data, limit: 1 << 21)
    #expect(result.output == data)
    #expect(try await run("exit 0", input: data).end == .exited(0))
    #expect(text(try await run("cat").output) == "")
  }

  @Test("output above the limit is cut and says so")
  func limit() async throws {
    let result = try await run("printf abcdef", limit: 4)
    #expect(result.isCut)
    #expect(text(result.output) == "abcd")
  }

  @Test("no signal is blocked in a child, and a broken pipe ends it")
  func signalState() async throws {
    let status = text(try await run("cat /proc/self/status").output)
    let lines = status.split(separator: "\n")
    func mask(_ name: String) throws -> UInt64 {
      let line = try #require(lines.first { $0.hasPrefix(name) })
      return try #require(UInt64(line.split(separator: "\t")[1], radix: 16))
    }
    #expect(try mask("SigBlk") == 0)
    #expect(try mask("SigIgn") & 1 << UInt64(SIGPIPE - 1) == 0)
  }

  @Test("fault 42: five hundred starts at once lose no end and share no descriptor")
  func many() async throws {
    let results = try await withThrowingTaskGroup(of: String.self) { group in
      for n in 0..<500 {
        group.addTask {
          let result = try await ChildProcess.run(
            executable: "/bin/sh", arguments: ["-c", "echo \(n); readlink /proc/$$/fd/*"],
            environment: [:], directory: "/")
          return String(decoding: result.output, as: UTF8.self)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(results.compactMap { $0.split(separator: "\n").first }).count == 500)
    for result in results {
      #expect(result.split(separator: "\n").count(where: { $0.contains("memfd:") }) == 2)
    }
  }

  @Test("a cancelled caller still takes in the child's end")
  func cancelled() async throws {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await run("echo done")
    }
    #expect(text(try await task.value.output) == "done\n")
  }

  @Test("the end is told to all who wait, also to those who come late")
  func waiters() async throws {
    let child = try await Spawner.shared.start(
      executable: "/bin/sh", arguments: ["-c", "exit 3"], environment: [:], directory: "/")
    #expect(child.pid > 0)
    async let first = child.end()
    async let second = child.end()
    #expect(await [first, second] == [.exited(3), .exited(3)])
    #expect(await child.end() == .exited(3))
  }

  @Test("faults 34 to 37: what cannot be started is told by its reason")
  func refusals() async throws {
    let space = TestSpace()
    let file = try space.write("x", to: "plain")
    let torn = try space.write("#!/nowhere/sh\n", to: "torn", mode: 0o755)
    let cases: [(String, String, SpawnError)] = [
      (space("none"), "/", .noExecutable(space("none"), ENOENT)),
      (file, "/", .notExecutable(file)), (space.path, "/", .notExecutable(space.path)),
      (torn, "/", .cannotLoad(torn, ENOENT)),
      ("/bin/sh", space("no"), .noDirectory(space("no"), ENOENT)),
      ("/bin/sh", file, .notEnterable(file)),
    ]
    for (executable, directory, error) in cases {
      await #expect(throws: error) {
        try await Spawner.shared.start(
          executable: executable, arguments: [], environment: [:], directory: directory)
      }
    }
  }

  @Test("faults 38 and 40: an argument that is too long or holds NUL is refused, not cut")
  func arguments() async throws {
    func start(_ argument: String, _ environment: [String: String] = [:]) async throws {
      _ = try await Spawner.shared.start(
        executable: "/bin/true", arguments: [argument], environment: environment, directory: "/")
    }
    let long = String(repeating: "x", count: Spawner.stringLimit)
    await #expect(throws: SpawnError.tooLong("argument 1", bytes: long.utf8.count)) {
      try await start(long)
    }
    await #expect(throws: SpawnError.holdsNul("argument 1")) { try await start("a\0b") }
    let error = await #expect(throws: SpawnError.self) { try await start("", ["KEY": "secret\0"]) }
    #expect(error == .holdsNul("the environment variable `KEY`"))
    try await start(String(repeating: "x", count: Spawner.stringLimit - 1))
  }

  @Test("fault 41: a start without descriptors is tried again, then the limit is named")
  func descriptors() async throws {
    await #expect(processExitsWith: .success) {
      func start(_ clock: any Clock<Duration>) async throws -> RunningChild {
        try await Spawner.shared.start(
          executable: "/bin/true", arguments: [], environment: [:], directory: "/", clock: clock)
      }
      // The libraries' own descriptors are there after a first start.
      _ = try await start(InstantClock()).end()
      let highest =
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        .compactMap { Int($0) }.max() ?? 0
      let room = rlim_t(highest + 30)
      var limit = rlimit(rlim_cur: room, rlim_max: room)
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let taken = Mutex<[Int32]>([])
      taken.withLock { taken in
        while case let descriptor = dup(0), descriptor >= 0 { taken.append(descriptor) }
      }
      let error = await #expect(throws: SpawnError.outOfResources(EMFILE)) {
        try await start(InstantClock())
      }
      #expect(error?.description.contains("`ulimit -n` is \(room)") == true)
      let freeing = ActingClock {
        taken.withLock { taken in
          for descriptor in taken { close(descriptor) }
          taken = []
        }
      }
      let end = try await start(freeing).end()
      #expect(end == .exited(0))
    }
  }

  @Test("a start for which too many files are open waits until there are fewer")
  func tooManyOpen() async throws {
    await #expect(processExitsWith: .success) {
      _ = Spawner.inheritedOpenFiles
      let taken = Mutex<[Int32]>([])
      taken.withLock { taken in
        for _ in 0...Spawner.openFilesLimit { taken.append(dup(0)) }
      }
      let waits = Mutex(0)
      let freeing = ActingClock {
        guard
          waits.withLock({
            $0 += 1
            return $0 == 10
          })
        else { return }
        taken.withLock { taken in
          for descriptor in taken { close(descriptor) }
          taken = []
        }
      }
      let child = try await Spawner.shared.start(
        executable: "/bin/true", arguments: [], environment: [:], directory: "/", clock: freeing)
      #expect(await child.end() == .exited(0))
      #expect(waits.withLock { $0 } == 10)
    }
  }

  @Test("a hundred programs leave no descriptor behind")
  func leaks() async throws {
    await #expect(processExitsWith: .success) {
      func count() async throws -> Int {
        await Spawner.shared.released()
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      }
      func run() async throws {
        _ = try await ChildProcess.run(
          executable: "/bin/true", arguments: [], environment: [:], directory: "/")
      }
      for _ in 0..<3 { try await run() }
      let before = try await count()
      for _ in 0..<100 { try await run() }
      let after = try await count()
      #expect(after <= before + 2)
    }
  }
}

/// A clock on which every wait is over once an action has been done.
struct ActingClock: Clock {
  let action: @Sendable () -> Void
  var now: InstantClock.Instant { InstantClock.Instant() }
  var minimumResolution: Duration { .zero }
  func sleep(until deadline: InstantClock.Instant, tolerance: Duration?) async throws { action() }
}
