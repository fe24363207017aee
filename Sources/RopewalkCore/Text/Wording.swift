// Knows how durations, money and counts are written for people. Unaware of what they measure.

/// Numbers as people read them.
package enum Wording {
  /// "0.4 s", "12 s", "3 m 20 s", "2 h 5 m".
  package static func duration(_ seconds: Double) -> String {
    let seconds = min(max(0, seconds), 1e12)
    let whole = Int(seconds.rounded())
    switch seconds {
    case ..<10: return "\(Double(Int((seconds * 10).rounded())) / 10) s"
    case ..<60: return "\(whole) s"
    case ..<3600: return "\(whole / 60) m \(whole % 60) s"
    default: return "\(whole / 3600) h \(whole / 60 % 60) m"
    }
  }

  /// "$0.0312", or "unknown": never 0 for what nobody said.
  package static func cost(_ spending: Spending) -> String? {
    if spending.source == nil { return spending.unknownCosts > 0 ? "cost unknown" : nil }
    let known = dollars(spending.knownUSD)
    return spending.unknownCosts > 0 ? "at least \(known)" : known
  }

  package static func dollars(_ usd: Double) -> String {
    // What a CLI claims may fit no integer.
    guard usd.magnitude < 1e12 else { return "$\(usd)" }
    let tenThousandths = Int((usd * 10_000).rounded())
    let fraction = String(tenThousandths % 10_000)
    let digits = String(repeating: "0", count: 4 - fraction.count) + fraction
    let cents = digits.hasSuffix("00") ? String(digits.prefix(2)) : digits
    return "$\(tenThousandths / 10_000).\(cents)"
  }

  /// "1 task", "6 tasks".
  package static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }

  /// "512 bytes", "10 MiB".
  package static func bytes(_ count: Int) -> String {
    switch count {
    case ..<1024: return Self.count(count, "byte")
    case ..<(1 << 20): return "\(count >> 10) KiB"
    case ..<(1 << 30): return "\(count >> 20) MiB"
    default: return "\(count >> 30) GiB"
    }
  }

  /// "SIGSEGV (11)".
  package static func signal(_ number: Int) -> String {
    let names = [
      1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
      8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE",
      14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]
    return names[number].map { "\($0) (\(number))" } ?? "signal \(number)"
  }
}
