// Knows the words of the command line. Unaware of the benchmarks' names.

/// What the command line asks for.
struct BenchOptions {
  var name: String
  /// Instead of the benchmark's own number of repetitions.
  var repetitions: Int?
  var isLong = false
  var keepsScratch = false

  /// Why the words cannot be understood.
  struct Refusal: Error, CustomStringConvertible {
    var description: String
  }

  static func parse(_ words: [String]) -> Result<BenchOptions, Refusal> {
    var options = BenchOptions(name: "")
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--long": options.isLong = true
      case "--keep": options.keepsScratch = true
      case "--repeat":
        guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else {
          return .failure(Refusal(description: "error: `--repeat` takes a number from 1"))
        }
        options.repetitions = count
      case _ where word.hasPrefix("-"):
        return .failure(Refusal(description: "error: there is no option `\(word)`"))
      case _ where !options.name.isEmpty:
        return .failure(Refusal(description: "error: one benchmark at a time, please"))
      default: options.name = word
      }
    }
    if options.name.isEmpty { return .failure(Refusal(description: "error: which benchmark?")) }
    return .success(options)
  }
}
