// Knows what models' tokens cost by a table. Unaware of who used them and of budgets.

import RopewalkWire

/// List prices by model, and the day on which they were gathered.
///
/// A figure from it is never below the true list price in silence: where something that could have
/// cost more is not known, the cost is `unknown`, or `estimated` instead of `priced`.
package struct PriceTable: Sendable, Equatable {
  /// The prices of one model in dollars per million tokens.
  package struct Price: Sendable, Equatable {
    package var input: Double
    package var output: Double
    /// Nil where the provider bills these tokens as input.
    package var cacheRead: Double?
    /// Nil where the provider bills these tokens as input.
    package var cacheWrite: Double?
    /// Requests of more tokens than this are dearer, by how much is not in the table.
    package var longPrompt: Int?
  }

  /// The day, as `2026-07-02`.
  package private(set) var date: String
  private var prices: [String: Price]

  init(date: String, prices: [String: Price]) {
    self.date = date
    self.prices = prices
  }

  /// The table that is part of the program.
  package static func builtIn() -> PriceTable {
    switch decode(PackageResources.prices_json) {
    case .success(let table): table
    case .failure(let errors):
      preconditionFailure("the built-in prices are refused:\n\(errors.text(file: "prices.json"))")
    }
  }

  /// This table with the other's models in place of its own of the same `match`.
  package func merging(_ user: PriceTable) -> PriceTable {
    PriceTable(
      date: max(date, user.date), prices: prices.merging(user.prices) { _, theirs in theirs })
  }

  // MARK: - The model

  /// The price of a model: that of the longest `match` which it begins with.
  ///
  /// What follows the match may only be a date, a build (`-v1:0`), `-latest` or `-preview`: anything
  /// else makes another model, whose price may be another (`gpt-5-pro` costs twelve times `gpt-5`).
  /// A match that ends in `*` takes any rest. The provider's name before the model's is dropped,
  /// unless the table has it; of resellers the table knows nothing.
  package func price(of model: String) -> Price? {
    let name = model.lowercased()
    return longestMatch(name[...]) ?? longestMatch(Self.withoutProvider(name))
  }

  private func longestMatch(_ name: Substring) -> Price? {
    var best: (length: Int, price: Price)?
    for (match, price) in prices {
      let isOpen = match.hasSuffix("*")
      let stem = isOpen ? match.dropLast() : match[...]
      guard name.hasPrefix(stem), stem.utf8.count > best?.length ?? -1 else { continue }
      guard isOpen || Self.isSameModel(name.dropFirst(stem.count)) else { continue }
      best = (stem.utf8.count, price)
    }
    return best?.price
  }

  private static let providers: Set<Substring> = [
    "alibaba", "amazon-bedrock", "anthropic", "azure", "bedrock", "deepseek", "gemini", "google",
    "google-vertex", "mistral", "mistralai", "moonshot", "moonshotai", "openai", "qwen",
    "vertex_ai",
  ]

  /// `bedrock/anthropic.claude-…` and `anthropic/claude-…` are both `claude-…`. Bedrock's regional
  /// names (`us.anthropic.…`) keep theirs: they are dearer.
  private static func withoutProvider(_ name: String) -> Substring {
    var rest = name[...]
    while let slash = rest.firstIndex(of: "/"), providers.contains(rest[..<slash]) {
      rest = rest[slash...].dropFirst()
    }
    for vendor in ["global.anthropic.", "anthropic."] where rest.hasPrefix(vendor) {
      return rest.dropFirst(vendor.count)
    }
    return rest
  }

  private static func isSameModel(_ rest: Substring) -> Bool {
    guard let first = rest.first else { return true }
    guard "-@:".contains(first) else { return false }
    return rest.split(whereSeparator: { "-@:".contains($0) }).allSatisfy { part in
      if part == "latest" || part == "preview" || part == "v1" || part == "0" { return true }
      return part.utf8.allSatisfy { (0x30...0x39).contains($0) } && isPartOfDate(part, rest)
    }
  }

  /// `20250514`, `2507`, or the parts of `2025-08-07`; a single `5` would be another version.
  private static func isPartOfDate(_ part: Substring, _ rest: Substring) -> Bool {
    [4, 6, 8].contains(part.count)
      || part.count == 2 && rest.split(separator: "-").contains { $0.count == 4 }
  }

  // MARK: - The cost

  /// What these tokens cost at list price.
  ///
  /// - It is unknown without a model or a price for it, and when `input` or `output` is unknown.
  /// - A cache class that is unknown: where the provider bills caching by itself (there is a price
  ///   of `cacheWrite`), such tokens stand beside the input, and the cost is unknown. Elsewhere
  ///   a CLI that does not tell them apart has them in its input, and all of it is billed as input.
  /// - It is `estimated` when so much was read that a request may have been long enough for a dearer
  ///   price: how long each one was cannot be told from a sum.
  package func cost(of tokens: TokenCounts, model: String?) -> Cost {
    guard let price = model.flatMap(price), let input = tokens.input, let output = tokens.output
    else { return .unknown }
    if price.cacheWrite != nil, tokens.cacheRead == nil || tokens.cacheWrite == nil {
      return .unknown
    }
    let (read, written) = (Double(tokens.cacheRead ?? 0), Double(tokens.cacheWrite ?? 0))
    let perMillion =
      Double(input) * price.input + Double(output) * price.output
      + read * (price.cacheRead ?? price.input) + written * (price.cacheWrite ?? price.input)
    let mayBeLong = price.longPrompt.map { Double(input) + read + written > Double($0) } == true
    return Cost(usd: perMillion / 1_000_000, source: mayBeLong ? .estimated : .priced)
  }

  /// The usage with the best cost that there is: the reported one, else that of its tokens, else,
  /// where `sizes` are given because the plan's `unknownCost` is `estimate`, a guess.
  package func completing(
    _ usage: AttemptResult.Usage, model: String?, sizes: (promptBytes: Int, answerBytes: Int)? = nil
  ) -> AttemptResult.Usage {
    guard usage.cost.usd == nil else { return usage }
    var usage = usage
    usage.cost = usage.tokens.map { cost(of: $0, model: model) } ?? .unknown
    if usage.cost.usd == nil, let sizes {
      usage.cost = estimate(
        promptBytes: sizes.promptBytes, answerBytes: sizes.answerBytes, model: model)
    }
    return usage
  }

  /// What an attempt may have cost of which only its prompt and its answer are known.
  ///
  /// A token is taken for three bytes, which is few for English and code. What the agent read and
  /// wrote in between is not in it, so that the truth is usually higher.
  package func estimate(promptBytes: Int, answerBytes: Int, model: String?) -> Cost {
    guard let price = model.flatMap(price) else { return .unknown }
    let tokens = { (bytes: Int) in (Double(max(0, bytes)) / 3).rounded(.up) }
    let perMillion = tokens(promptBytes) * price.input + tokens(answerBytes) * price.output
    return Cost(usd: perMillion / 1_000_000, source: .estimated)
  }
}
