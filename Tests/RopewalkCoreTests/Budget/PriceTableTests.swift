// Knows which model has which price and when a cost is not known. Unaware of runs.

import RopewalkWire
import Testing

@testable import RopewalkCore

@Suite("prices")
struct PriceTableTests {
  private let table = PriceTable.builtIn()

  private func user(_ models: String) throws -> PriceTable {
    let text = "{date: '2026-11-01', models: [\(models)]}"
    return try PriceTable.decode(Array(text.utf8)).get()
  }

  @Test(
    "a model is known by its name, its dates and its provider",
    arguments: [
      ("claude-opus-4-1", 15.0), ("claude-opus-4-1-20250805", 15), ("claude-opus-4-20250514", 15),
      ("Claude-Opus-4-5", 5), ("anthropic/claude-opus-4-5", 5), ("claude-opus-4-5@20251101", 5),
      ("bedrock/anthropic.claude-opus-4-1-20250805-v1:0", 15), ("openai/gpt-5-codex", 1.25),
      ("gpt-5-2025-08-07", 1.25), ("gpt-5-mini", 0.25), ("gemini-2.5-flash-lite", 0.1),
      ("gemini-2.5-flash-preview", 0.3), ("devstral-small-2507", 0.1), ("devstral-2512", 0.4),
      ("kimi-k2-0905-preview", 0.6), ("google/gemini-2.5-pro", 1.25),
    ])
  func known(_ model: String, _ input: Double) {
    #expect(table.price(of: model)?.input == input)
  }

  @Test(
    "a name that only begins like a known one may be dearer and has no price",
    arguments: [
      "claude-opus-4-9", "claude-opus-6", "gpt-5-pro", "gpt-5.9", "gpt-5.6-terra", "gpt-50",
      "gpt-5-2", "claude-sonnet-4-5[1m]", "us.anthropic.claude-opus-4-1-20250805-v1:0",
      "somebody/gpt-5", "", "claude", "opus",
    ])
  func unknown(_ model: String) {
    #expect(table.price(of: model) == nil)
    #expect(table.cost(of: TokenCounts(input: 1, output: 1), model: model) == .unknown)
  }

  @Test("every class has its own price")
  func classes() {
    let tokens = TokenCounts(
      input: 1_000_000, output: 100_000, cacheRead: 2_000_000, cacheWrite: 10_000)
    let cost = table.cost(of: tokens, model: "claude-opus-4-1")
    #expect(cost == Cost(usd: 15 + 7.5 + 3 + 0.1875, source: .priced))
  }

  @Test(
    "a cost is known only when nothing that could add to it is unknown",
    arguments: [
      // The provider bills caching by itself: all four classes count.
      ("claude-opus-4-1", TokenCounts(input: 10, output: 1), Cost.Source.unknown),
      ("claude-opus-4-1", TokenCounts(input: 10, output: 1, cacheRead: 0), .unknown),
      (
        "claude-opus-4-1", TokenCounts(input: 10, output: 1, cacheRead: 0, cacheWrite: 0),
        .priced
      ),
      // Elsewhere what is not told apart is in the input.
      ("gpt-5", TokenCounts(input: 10, output: 1), .priced),
      ("gpt-5", TokenCounts(input: 10, output: 1, cacheRead: 4), .priced),
      ("devstral", TokenCounts(input: 10, output: 1), .priced),
      ("gpt-5", TokenCounts(input: 10), .unknown), ("gpt-5", TokenCounts(output: 1), .unknown),
      ("gpt-5", TokenCounts(cacheRead: 4), .unknown),
      // So much was read that one request may have been of the dearer kind.
      ("gpt-5.5", TokenCounts(input: 272_001, output: 1), .estimated),
      ("gpt-5.5", TokenCounts(input: 1, output: 1, cacheRead: 272_000), .estimated),
      ("gpt-5.5", TokenCounts(input: 272_000, output: 1), .priced),
    ])
  func sources(_ model: String, _ tokens: TokenCounts, _ source: Cost.Source) {
    #expect(table.cost(of: tokens, model: model).source == source)
  }

  @Test("without a model there is no price")
  func noModel() {
    #expect(table.cost(of: TokenCounts(input: 1, output: 1), model: nil) == .unknown)
    #expect(table.estimate(promptBytes: 9, answerBytes: 9, model: nil) == .unknown)
  }

  @Test("an estimate says that it is one")
  func estimate() {
    let cost = table.estimate(promptBytes: 3_000_000, answerBytes: 300_000, model: "gpt-5")
    #expect(cost == Cost(usd: 1.25 + 1, source: .estimated))
  }

  @Test("the best cost that there is: reported, else priced, else, when asked for, estimated")
  func completing() {
    let tokens = TokenCounts(input: 1_000_000, output: 0)
    let reported = AttemptResult.Usage(tokens: tokens, cost: Cost(usd: 9, source: .reported))
    #expect(table.completing(reported, model: "gpt-5") == reported)
    let priced = AttemptResult.Usage(tokens: tokens, cost: .unknown)
    #expect(table.completing(priced, model: "gpt-5").cost == Cost(usd: 1.25, source: .priced))
    #expect(table.completing(priced, model: nil).cost == .unknown)
    let silent = AttemptResult.Usage(tokens: nil, cost: .unknown)
    #expect(table.completing(silent, model: "gpt-5").cost == .unknown)
    #expect(
      table.completing(silent, model: "gpt-5", sizes: (300_000, 0)).cost
        == Cost(usd: 0.125, source: .estimated))
  }

  @Test("a user's price takes the place of the built-in one, and others stay")
  func merging() throws {
    let merged = table.merging(
      try user(
        """
        { match: 'gpt-5', input: 9, output: 9 }, { match: 'mine/big-*', input: 0, output: 0 },
        """))
    #expect(merged.price(of: "gpt-5")?.input == 9)
    #expect(merged.price(of: "openai/gpt-5")?.input == 9)
    #expect(merged.price(of: "gpt-5-mini") == table.price(of: "gpt-5-mini"))
    #expect(merged.price(of: "mine/big-anything")?.input == 0)
    #expect(
      merged.cost(of: TokenCounts(input: 5, output: 5), model: "mine/big-1")
        == Cost(usd: 0, source: .priced))
    #expect(merged.date == "2026-11-01")
  }

  @Test(
    "a file that is wrong is refused by line",
    arguments: [
      ("{models: []}", "1: the price file has no `date`"),
      ("{date: '2026-02-30'}", "1: `date` is `2026-02-30`, which is no day"),
      (
        "{date: '2026-01-01',\n currency: 'EUR'}",
        "2: `currency` is `EUR`, but money is counted in dollars here"
      ),
      (
        "{date: '2026-01-01', models: [\n{match: 'a', input: -1, output: 1}]}",
        "2: `input` must be a number from 0 to 1000000, not -1"
      ),
      (
        "{date: '2026-01-01', models: [\n{match: 'a', input: 1}]}", "2: the model has no `output`"
      ),
      (
        "{date: '2026-01-01', models: [\n{match: ['a', 'A'], input: 1, output: 1}]}",
        "2: there is a price for `a` already"
      ),
      (
        "{date: '2026-01-01', models: [{match: 'a', input: 1, output: 1, cached: 2}]}",
        "1: a model's price has no key `cached`"
      ),
      ("{date: ", "1: the price file is not JSON5: a value is missing"),
    ])
  func refusals(_ text: String, _ message: String) {
    guard case .failure(let errors) = PriceTable.decode(Array(text.utf8)) else {
      Issue.record("the file is accepted")
      return
    }
    #expect(errors.errors.map { "\($0.line ?? 0): \($0.message)" } == [message])
  }

  @Test("the built-in file stays small and says its day")
  func builtIn() {
    #expect(PackageResources.prices_json.count < 5_120)
    #expect(Timestamp.isDay(table.date))
  }
}
