import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Testing

@Suite("Starts that are kept apart", .timeLimit(.minutes(10)))
struct StartGateTests {
  private static func runner(_ apart: Duration) -> RunnerSpec {
    var spec = RunnerSpec(name: "cli", about: "", family: "cli", executable: "cli")
    spec.startsApart = apart
    return spec
  }

  /// Starts `count` attempts at once; their numbers come as they pass.
  private func starts(
    _ gate: StartGate, _ controls: [AttemptControl], _ runner: RunnerSpec
  ) -> AsyncStream<Int> {
    let (passed, tell) = AsyncStream<Int>.makeStream()
    for (index, control) in controls.enumerated() {
      Task {
        await gate.pass(runner, control)
        tell.yield(index)
      }
    }
    return passed
  }

  @Test("one start opens the way for the next only after the runner's time")
  func apart() async {
    let clock = ManualClock()
    let gate = StartGate(clock: clock)
    var passed = starts(gate, (0..<3).map { _ in AttemptControl() }, Self.runner(.seconds(1)))
      .makeAsyncIterator()
    var sleeps = clock.sleeps.makeAsyncIterator()
    var seen: Set<Int> = []
    for _ in 0..<3 {
      if let next = await passed.next() { seen.insert(next) }
      #expect(await sleeps.next() == .seconds(1))
      clock.advance(by: .seconds(1))
    }
    #expect(seen == [0, 1, 2])
  }

  @Test("who is to end waits no longer, and takes no other's turn")
  func cancelled() async {
    let clock = ManualClock()
    let gate = StartGate(clock: clock)
    let (first, second) = (AttemptControl(), AttemptControl())
    await gate.pass(Self.runner(.seconds(1)), first)
    var passed = starts(gate, [second], Self.runner(.seconds(1))).makeAsyncIterator()
    second.cancel(.requested)
    #expect(await passed.next() == 0)
    var third = starts(gate, [AttemptControl()], Self.runner(.seconds(1))).makeAsyncIterator()
    var sleeps = clock.sleeps.makeAsyncIterator()
    #expect(await sleeps.next() == .seconds(1))
    clock.advance(by: .seconds(1))
    #expect(await third.next() == 0)
  }

  @Test("a runner that says nothing of it never waits")
  func free() async {
    let gate = StartGate(clock: ManualClock())
    for _ in 0..<3 { await gate.pass(Self.runner(.zero), AttemptControl()) }
  }

  /// Users report a locked database when several start at once, of opencode (anomalyco/opencode #33320, #47566) and of
  /// codex (openai/codex #20213, #31184), and of claude around 2.1.59 a corrupt `~/.claude.json`.
  @Test("the runners whose copies are known to disturb each other at their start are kept apart")
  func builtIn() {
    let apart = RunnerCatalog.builtIn().names.filter {
      RunnerCatalog.builtIn()[$0]?.spec.startsApart ?? .zero > .zero
    }
    #expect(Set(apart) == ["claude", "codex", "opencode-run"])
  }
}
