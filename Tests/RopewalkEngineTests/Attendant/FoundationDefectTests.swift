// Knows what goes wrong with Foundation's `Process` on Linux, and that it does not go wrong with an
// attendant in between. Unaware of how the attendant does it.

import CSystem
import Foundation
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite(
  "Foundation's defects do not reach attended programs", .serialized, .timeLimit(.minutes(10)))
struct FoundationDefectTests {
  @Test(
    "defect 1: started with all signals blocked, the program has no signal blocked and hears SIGTERM"
  )
  func blockedSignals() async throws {
    let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; echo up >$READY; sleep 1d; :"
    let end = try await AttendantHarness.withFolder(sh: script, .set(\.grace, 600_000)) { folder in
      let attempt = try AttendantHarness.start(
        [AttendantHarness.executable, folder.path], folder, holding: .all)
      try await attempt.ready()
      attempt.signal(SIGTERM)
      return try await attempt.end()
    }
    #expect(end.text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
    #expect(end.record?.signal == SIGTERM)
  }

  @Test("defect 2: the end is seen though a grandchild would live for a day")
  func grandchild() async throws {
    let end = try await AttendantHarness.end(sh: "setsid sleep 1d & setsid sleep 1d & exit 0")
    #expect(end.record?.leftovers.count == 2)
  }

  @Test("defect 3: a program that closes its descriptors keeps nobody else's end from being seen")
  func closesDescriptors() async throws {
    let script = """
      for i in 3 4 5 6 7 8 9; do eval "exec $i>&-"; done
      echo up >$READY; read x <$GO; exit 9
      """
    try await AttendantHarness.attend(sh: script) { closing in
      try await closing.ready()
      let other = try await AttendantHarness.end(sh: "exit 8")
      #expect(other.record?.exit == 8)
      closing.go()
      let end = try await closing.end()
      #expect(end.record?.exit == 9)
    }
  }

  @Test("defect 4: nothing of one start is seen by the programs of others at the same time")
  func leaksBetweenStarts() async throws {
    let script = "ls /proc/$$/fd; echo up >$READY; read x <$GO"
    try await withThrowingTaskGroup(of: AttendantEnd.self) { group in
      for _ in 0..<20 {
        group.addTask {
          try await AttendantHarness.attend(sh: script) { attempt in
            try await attempt.ready()
            attempt.go()
            return try await attempt.end()
          }
        }
      }
      for try await end in group { #expect(end.text == "0\n1\n2\n") }
    }
  }

  @Test("defect 5: of two hundred programs each byte is there, to the last line")
  func lastLine() async throws {
    let expected = (1...500).map { "\($0)\n" }.joined() + "last"
    try await withThrowingTaskGroup(of: AttendantEnd.self) { group in
      for number in 0..<200 + 8 {
        if number < 200 {
          group.addTask { try await AttendantHarness.end(sh: "seq 1 500; printf last") }
        }
        guard number >= 8, let end = try await group.next() else { continue }
        #expect(end.record?.exit == 0)
        #expect(end.text == expected)
        #expect(end.record?.stdoutBytes == expected.utf8.count)
      }
    }
  }

  @Test("defects 6 to 8: neither starts that fail nor those that succeed cost a descriptor")
  func descriptorsOfTheStarter() async {
    // In a process of its own, where nobody else opens and closes.
    await #expect(processExitsWith: .success) {
      _ = try await AttendantHarness.end(sh: "exit 0")
      let before = Descriptors.count()
      for _ in 0..<40 {
        let failed = try await AttendantHarness.end(sh: "") { $0.program = "/no/such/program" }
        guard failed.record?.cause == .couldNotStart else { exit(2) }
        let ended = try await AttendantHarness.end(sh: "exit 1")
        guard ended.record?.exit == 1 else { exit(3) }
      }
      // Foundation closes the last one's descriptors a moment after it has said so.
      guard Descriptors.count() <= before + 3 else { exit(4) }
    }
  }

  @Test("defect 9: a live program costs its starter two descriptors at the most")
  func descriptorsOfTheLiving() async {
    await #expect(processExitsWith: .success) {
      try await AttendantHarness.attend(sh: "read x <$GO") { first in
        let before = Descriptors.count()
        let folders = try (0..<20).map { _ in try AttendedFolder() }
        // Each test folder holds two pipes, each attempt one descriptor of the test's own.
        let ours = folders.count * 3
        var attempts: [AttendedScript] = []
        for folder in folders {
          try folder.prepare("read x <$GO")
          attempts.append(
            try AttendantHarness.start([AttendantHarness.executable, folder.path], folder))
        }
        let each = Double(Descriptors.count() - before - ours) / Double(folders.count)
        for attempt in attempts {
          attempt.go()
          _ = try await attempt.end()
        }
        for folder in folders { folder.remove() }
        first.go()
        guard each <= 2 else { exit(2) }
      }
    }
  }
}

/// The descriptors that this process has open.
enum Descriptors {
  static func count() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
  }
}
