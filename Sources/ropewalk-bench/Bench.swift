// Knows how a benchmark is asked for and how its result becomes an exit status.
// Unaware of what is measured.

import Foundation
import RopewalkCore

/// `ropewalk-bench NAME`: exit 0 when every target is met, 1 when one is missed, 2 for wrong usage,
/// 5 when it could not be measured.
@main
enum Bench {
  private static let all: [Benchmark] = [
    .overhead, .throughput, .graph, .batch, .check, .parallel,
  ]

  private static let usage = """
    usage: ropewalk-bench NAME [--repeat N] [--long] [--keep]
           ropewalk-bench --list

      --repeat N  measure N times instead of the benchmark's own number
      --long      the full number of tasks where the usual run takes fewer
      --keep      leave the scratch folder and say where it is

    Scratch folders are made below TMPDIR. On ext4 without a journal the kernel passes over each file
    that was deleted there in the last minutes whenever it makes one: prefer a quiet place.

    """

  static func main() {
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  private static func run(_ words: [String]) -> Int32 {
    if words == ["--list"] {
      print(list, terminator: "")
      return 0
    }
    if words == ["--help"] || words == ["-h"] {
      print(usage + "\n" + list, terminator: "")
      return 0
    }
    switch BenchOptions.parse(words) {
    case .failure(let refusal): return complain("\(refusal)\n\(usage)", 2)
    case .success(let options):
      guard let benchmark = all.first(where: { $0.name == options.name }) else {
        return complain(unknown(options.name), 2)
      }
      return measure(benchmark, options)
    }
  }

  private static func measure(_ benchmark: Benchmark, _ options: BenchOptions) -> Int32 {
    do {
      let site = try BenchSite(options)
      defer { site.leave() }
      print("\(benchmark.name): \(benchmark.claim)\n")
      let findings = try benchmark.measure(site)
      print(findings.text, terminator: "")
      return findings.isMet ? 0 : 1
    } catch {
      return complain("error: \(error)\n", 5)
    }
  }

  private static var list: String {
    let width = all.map(\.name.count).max() ?? 0
    return all.map { benchmark in
      let gap = String(repeating: " ", count: width - benchmark.name.count)
      return "  \(benchmark.name)\(gap)  \(benchmark.claim)\n"
    }.joined()
  }

  private static func unknown(_ name: String) -> String {
    let names = all.map(\.name)
    let near = NearName.nearest(to: name, in: names).map { "did you mean `\($0)`? " } ?? ""
    return """
      error: there is no benchmark `\(name)`
        hint: \(near)There are: \(names.joined(separator: ", "))

      """
  }

  private static func complain(_ text: String, _ status: Int32) -> Int32 {
    FileHandle.standardError.write(Data(text.utf8))
    return status
  }
}
