// Knows how measurements are shown beside their targets. Unaware of how they were made.

import Foundation

/// What a benchmark found: figures, and targets that are met or missed.
struct Findings {
  private struct Row {
    var name: String
    var minimum: String
    var median: String
    var processor = ""
    var ratio = ""
    var target = ""
    var isMet: Bool?
  }

  private var rows: [Row] = []
  private var notes: [String] = []

  /// Whether no target is missed.
  var isMet: Bool { rows.allSatisfy { $0.isMet != false } }

  /// A figure without a target.
  mutating func figure(_ name: String, _ series: Series, unit: Unit) {
    rows.append(
      Row(name: name, minimum: unit.text(series.minimum), median: unit.text(series.median)))
  }

  /// Times of our own, and the processor time of the whole tree.
  mutating func own(_ name: String, _ contest: Contest) {
    guard let series = contest.series(name) else { return }
    rows.append(
      Row(
        name: name, minimum: Unit.seconds.text(series.minimum),
        median: Unit.seconds.text(series.median), processor: contest.processorText(name)))
  }

  /// Times beside those of a peer, and what the ratio should be; nothing where it took no part.
  ///
  /// - Parameter isSpeed: without a target, shows how many times as quick as the peer we are.
  mutating func peer(
    _ name: String, _ contest: Contest, _ target: Target?, isSpeed: Bool = false
  ) {
    guard let series = contest.series(name),
      let ratios = contest.ratios(of: "ropewalk", to: name)
    else { return }
    let plain = isSpeed ? 1 / ratios.median : ratios.median
    rows.append(
      Row(
        name: name, minimum: Unit.seconds.text(series.minimum),
        median: Unit.seconds.text(series.median), processor: contest.processorText(name),
        ratio: Self.number(target?.value(ratios.median) ?? plain) + "x",
        target: target.map { "\($0.sign) \(Self.number($0.limit))x" } ?? "",
        isMet: target.map { $0.holds($0.value(ratios.median)) }))
  }

  /// A value with a limit of its own, judged by its median.
  mutating func value(_ name: String, _ series: Series, unit: Unit, _ target: Target) {
    rows.append(
      Row(
        name: name, minimum: unit.text(series.minimum), median: unit.text(series.median),
        target: "\(target.sign) \(unit.text(target.limit))", isMet: target.holds(series.median)))
  }

  mutating func note(_ text: String) { notes.append(text) }

  var text: String {
    let header = ["", "min", "median", "processor", "ratio", "target", ""]
    let lines =
      [header]
      + rows.map { row in
        [
          row.name, row.minimum, row.median, row.processor, row.ratio, row.target,
          row.isMet.map { $0 ? "met" : "MISSED" } ?? "",
        ]
      }
    let widths = header.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
    let table = lines.map { line in
      let cells = line.enumerated().map { column, cell in
        let gap = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 || column == 6 ? cell + gap : gap + cell
      }.joined(separator: "  ")
      return "  " + cells.reversed().drop(while: \.isWhitespace).reversed() + "\n"
    }.joined()
    return table + notes.map { "  note: \($0)\n" }.joined()
  }

  private static func number(_ value: Double) -> String { String(format: "%.2f", value) }
}

/// A limit on a value or a ratio.
enum Target {
  /// Our time by the peer's must not be above this.
  case atMost(Double)
  /// We must be this many times as quick as the peer.
  case timesFaster(Double)

  var limit: Double {
    switch self {
    case .atMost(let limit), .timesFaster(let limit): limit
    }
  }

  var sign: String {
    switch self {
    case .atMost: "<="
    case .timesFaster: ">="
    }
  }

  /// What is compared with the limit: our time by theirs, or theirs by ours.
  func value(_ ratio: Double) -> Double {
    switch self {
    case .atMost: ratio
    case .timesFaster: 1 / ratio
    }
  }

  func holds(_ value: Double) -> Bool {
    switch self {
    case .atMost(let limit): value <= limit
    case .timesFaster(let limit): value >= limit
    }
  }
}

/// How a figure is written.
enum Unit {
  case seconds, milliseconds, megabytes, count

  /// - Parameter value: in seconds, seconds, bytes, pieces.
  func text(_ value: Double) -> String {
    switch self {
    case .seconds: String(format: "%.3f s", value)
    case .milliseconds: String(format: "%.2f ms", value * 1000)
    case .megabytes: String(format: "%.0f MB", value / 1_000_000)
    case .count: String(format: "%.0f", value)
    }
  }
}

extension Contest {
  /// The median of the processor time of a contestant's whole tree.
  fileprivate func processorText(_ name: String) -> String {
    series(name, \.cpuSeconds).map { Unit.seconds.text($0.median) } ?? ""
  }
}
