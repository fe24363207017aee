// Knows what one run's share of a session's figures is. Unaware of CLIs but by their recordings.

import RopewalkCore
import Testing

@Suite("shares of a session's figures")
struct SessionUsageTests {
  private func usage(_ usd: Double?, _ tokens: TokenCounts?) -> AttemptResult.Usage {
    AttemptResult.Usage(tokens: tokens, cost: Cost(usd: usd, source: .reported))
  }

  @Test(
    "what earlier runs used is taken off, and nothing is hidden by it",
    arguments: [
      (0.75, 0.5, 0.25), (0.5, 0.5, 0), (0.5, nil, 0.5), (nil, 0.5, nil),
      // A total below the earlier one counts this run alone.
      (0.1, 0.5, 0.1),
    ] as [(Double?, Double?, Double?)])
  func cost(_ total: Double?, _ earlier: Double?, _ share: Double?) {
    let told = SessionUsage.share(of: usage(total, nil), after: usage(earlier, nil))
    #expect(told.cost.usd == share)
    #expect((told.cost.source == .unknown) == (share == nil))
  }

  @Test("what was charged of a session is taken off, though one of its runs did not say its cost")
  func unknownRun() {
    let earlier = usage(0.5, nil).adding(usage(nil, nil))
    #expect(SessionUsage.share(of: usage(0.75, nil), after: earlier).cost.usd == 0.25)
  }

  @Test("tokens are taken off class by class, unless one of them shows that the count began anew")
  func tokens() {
    let earlier = usage(nil, TokenCounts(input: 500, output: 40, cacheRead: 100))
    let total = TokenCounts(input: 800, output: 50, cacheRead: 100, cacheWrite: 7)
    #expect(
      SessionUsage.share(of: usage(nil, total), after: earlier).tokens
        == TokenCounts(input: 300, output: 10, cacheRead: 0, cacheWrite: 7))
    let anew = TokenCounts(input: 600, output: 30, cacheRead: 0)
    #expect(SessionUsage.share(of: usage(nil, anew), after: earlier).tokens == anew)
    #expect(SessionUsage.share(of: usage(nil, total), after: nil).tokens == total)
  }

  @Test(
    "recorded sessions that were taken up again count each run once",
    arguments: ["claude", "codex"])
  func recorded(_ runner: String) throws {
    let first = try outcome(runner, "session-first", nil)
    let earlier = AttemptResult.Usage(tokens: first.tokens, cost: first.cost)
    let second = try outcome(runner, "session-resume", earlier)
    #expect(second.tokens == TokenCounts(input: 100, output: 10, cacheRead: 0, cacheWrite: 0))
    if let usd = first.cost.usd { #expect(abs((second.cost.usd ?? 0) - usd) < 1e-12) }
  }

  @Test(
    "while it runs, a session that was taken up again tells of this run alone, too",
    arguments: ["claude", "codex"])
  func live(_ runner: String) throws {
    let first = try outcome(runner, "session-first", nil)
    let earlier = AttemptResult.Usage(tokens: first.tokens, cost: first.cost)
    var shown: [AttemptResult.Usage] = []
    let second = try outcome(runner, "session-resume", earlier) { shown.append($0) }
    #expect(shown.last == AttemptResult.Usage(tokens: second.tokens, cost: second.cost))
    #expect(shown.allSatisfy { ($0.tokens?.input ?? 0) <= second.tokens?.input ?? 0 })
  }

  @Test("a total below that of the runs before is this run's own, not a known nothing")
  func anew() throws {
    let earlier = usage(9, TokenCounts(input: 9_000, output: 900, cacheRead: 0, cacheWrite: 0))
    for runner in ["claude", "codex"] {
      let alone = try outcome(runner, "session-resume", nil)
      let resumed = try outcome(runner, "session-resume", earlier)
      #expect(resumed.tokens == alone.tokens)
      #expect(resumed.cost == alone.cost)
    }
  }

  private func outcome(
    _ runner: String, _ name: String, _ earlier: AttemptResult.Usage?,
    shown: (AttemptResult.Usage) -> Void = { _ in }
  ) throws -> AgentOutcome {
    let run = try #require(Transcript.all.first { $0.runner == runner && $0.name == name })
    var decoder = AgentOutputDecoder(Reading.rules(runner), resuming: earlier)
    for line in run.stdout.split(separator: 10) {
      for case .usage(let usage) in decoder.line(line) { shown(usage) }
    }
    return decoder.finish(run.end, stderr: [], resultFile: nil)
  }
}
