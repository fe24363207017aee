// Knows how one run's share is told from figures that count a whole session. Unaware of CLIs.

/// Figures that some CLIs count over a session, all its runs together.
package enum SessionUsage {
  /// What this run used, of a total that counts the session's earlier runs too.
  ///
  /// A total below the earlier one counts no earlier runs: then it is this run's own as it stands,
  /// for a difference of nothing would hide what was spent. A class or cost of the earlier runs
  /// that is unknown is not taken off, so that the share can be too large, never too small. Of a
  /// cost that is known in part, that part is taken off: it was charged already.
  ///
  /// - Parameter earlier: what the runs before used, all together; nil when this is the first.
  package static func share(
    of reported: AttemptResult.Usage, after earlier: AttemptResult.Usage?
  ) -> AttemptResult.Usage {
    guard let earlier else { return reported }
    var usd = reported.cost.usd
    if let total = usd, let before = earlier.cost.known, total >= before { usd = total - before }
    return AttemptResult.Usage(
      tokens: reported.tokens.map { share(of: $0, after: earlier.tokens) },
      cost: Cost(usd: usd, source: reported.cost.source))
  }

  private static func share(of reported: TokenCounts, after earlier: TokenCounts?) -> TokenCounts {
    let classes: [WritableKeyPath<TokenCounts, Int?>] = [
      \.input, \.output, \.cacheRead, \.cacheWrite,
    ]
    guard let earlier else { return reported }
    var share = reported
    for path in classes {
      guard let total = reported[keyPath: path], let before = earlier[keyPath: path] else {
        continue
      }
      if total < before { return reported }
      share[keyPath: path] = total - before
    }
    return share
  }
}
