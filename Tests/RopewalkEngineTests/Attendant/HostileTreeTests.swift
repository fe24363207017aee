// Knows trees that resist their end, and that nobody else is hit. Unaware of the engine.

import Foundation
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("trees that resist their end", .serialized, .timeLimit(.minutes(10)))
struct HostileTreeTests {
  /// A user that nobody is, so that limits and rights of one test are its own.
  private static func user() -> Int { Int.random(in: 100_000...2_000_000) }

  @Test("fault 12: a fork bomb is ended", .needsRoot)
  func forkBomb() async throws {
    let bomb = "$SIG{TERM} = q(IGNORE); fork while 1"
    let script = """
      setpriv --reuid=\(Self.user()) --clear-groups prlimit --nproc=60 perl -e '\(bomb)' &
      exec sleep 1d
      """
    let end = try await AttendantHarness.end(sh: script) {
      $0.timeout = 500
      $0.grace = 100
    }
    #expect(end.record?.unkillable == [])
    #expect(end.record?.cause == .timedOut)
  }

  @Test("a chain that forks faster than it is looked at is ended")
  func runningChain() async throws {
    // Each link starts the next and ends: the tree is never where it was seen.
    let script = """
      c() { trap '' TERM; (c) & }
      c; c; c; while :; do sleep .01; done
      """
    let end = try await AttendantHarness.end(sh: script) {
      $0.timeout = 200
      $0.grace = 100
    }
    #expect(end.record?.unkillable == [])
    #expect(end.record?.killed == true)
  }

  @Test("a hundred descendants in sessions of their own get SIGTERM each")
  func wide() async throws {
    let script = """
      i=0
      while [ $i -lt 100 ]; do
        setsid sh -c 'trap "echo x; exit" TERM; echo up >$READY; while :; do sleep 1; done' &
        i=$((i+1))
      done
      wait
      """
    let end = try await AttendantHarness.attend(sh: script, .set(\.grace, 40_000)) { attempt in
      for _ in 0..<100 { try await attempt.ready() }
      attempt.signal(SIGTERM)
      return try await attempt.end()
    }
    #expect(end.stdout.count == 200)
    #expect(end.record?.killed == false)
  }

  @Test("leftovers that end while they are listed do no harm")
  func listedWhileEnding() async throws {
    let script = """
      i=0
      while [ $i -lt 100 ]; do sleep .0$((i % 10)) & i=$((i+1)); done
      exit 7
      """
    try await withThrowingTaskGroup(of: AttendantEnd.self) { group in
      for number in 0..<40 {
        group.addTask {
          try await AttendantHarness.end(sh: script) { $0.drain = number % 4 * 10 }
        }
      }
      for try await end in group {
        #expect(end.status == 0)
        #expect(end.record?.exit == 7)
      }
    }
  }

  @Test("fault 18: ends and requests at any moment hit nobody else, and each leaves its record")
  func randomCancel() async throws {
    let scripts = ["exit 0", "sleep 1d & exit 0", "setsid sleep 1d & wait", "(true & true) & wait"]
    let bird = "echo up >$READY; read x <$GO; exit 5"
    try await AttendantHarness.attend(sh: bird, .set(\.timeout, nil)) { canary in
      try await canary.ready()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<120 {
          if number >= 8 { try await group.next() }
          group.addTask {
            try await AttendantHarness.attend(sh: scripts[number % 4], .set(\.drain, 0)) {
              Self.spin(for: .microseconds(Int.random(in: 0...6_000)))
              $0.signal([SIGTERM, SIGQUIT][number / 4 % 2])
              let end = try await $0.end()
              #expect(end.status == 0)
              #expect(end.record?.unkillable == [])
            }
          }
        }
        try await group.waitForAll()
      }
      canary.go()
      let end = try await canary.end()
      #expect(end.record?.exit == 5)
    }
  }

  /// Lets a moment of a length pass that no event stands for.
  private static func spin(for duration: Duration) {
    let end = ContinuousClock.now + duration
    while ContinuousClock.now < end {}
  }

  @Test("fault 19: what cannot be killed is named, and the attendant ends all the same", .needsRoot)
  func unkillable() async throws {
    // Another user's process is as deaf to the attendant as one that is stuck in the kernel.
    let user = Self.user()
    let script = """
      ./setpriv --reuid=0 --regid=0 --clear-groups sh -c 'echo $$ >/proc/self/fd/9; exec sleep 1d' 9>$READY
      """
    try await AttendantHarness.withFolder(sh: script) { folder in
      let command = """
        cp "$0" "$(command -v setpriv)" "$1/" && chown -R \(user) "$1" && chown 0 "$1/setpriv" &&
        chmod 4755 "$1/setpriv" &&
        exec setpriv --reuid=\(user) --regid=\(user) --clear-groups "$1/ropewalk-attend" "$1"
        """
      let attempt = try AttendantHarness.start(
        ["/bin/sh", "-c", command, AttendantHarness.executable, folder.path], folder)
      let deaf = try #require(Int(try await attempt.ready()))
      attempt.signal(SIGQUIT)
      let end = try await attempt.end()
      TaggedProcesses(tag: folder.tag).kill()
      #expect(end.status == 0)
      #expect(end.record?.cause == .cancelled)
      #expect(end.record?.unkillable == [deaf])
      #expect(end.record?.signal == SIGKILL)
    }
  }
}

extension Trait where Self == ConditionTrait {
  /// For tests that mount or change users.
  static var needsRoot: Self { .enabled(if: getuid() == 0, "needs root") }
}
