// Knows how `ropewalk budget` is asked for and how spending is shown. Unaware of how it is kept.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

enum BudgetCommand: Command {
  static let spec = CommandSpec(
    name: "budget",
    summary: "Show what agents have cost, over all runs.",
    details: [
      "Every attempt of every run of yours is counted, with where its cost comes from: reported by"
        + " the CLI, priced from its tokens, estimated from sizes, or unknown. A sum with an unknown"
        + " part is shown as \"at least\": what nobody knows is never taken for nothing.",
      "Days and months are those of UTC. The figures are in $XDG_STATE_HOME/ropewalk/spending.jsonl.",
    ],
    options: [
      Option(
        long: "by", value: "GROUP",
        help: "sum by day (default), month, model, agent or repository"),
      Option(
        long: "since", value: "YYYY-MM-DD",
        help: "from that day on (default: all; the table by day shows the last \(shownDays))"),
    ],
    examples: ["ropewalk budget", "ropewalk budget --by model --since 2026-11-01 --json"])

  /// So many days are shown when no other day is asked for; `--json` has them all.
  private static let shownDays = 14

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    let grouping = try grouping(arguments)
    let since = try since(arguments)
    var history = SpendingHistory(by: grouping, since: since, now: EngineTime.real().now())
    var reading = SpendingBook.Reading()
    let book = SpendingBook(environment: ProcessInfo.processInfo.environment)
    if let book { reading = try book.read { history.add($0) } }
    if reading.unreadableLines > 0, let book {
      history.addUnreadable()
      output.note(
        "note: left out, since it cannot be read: \(Wording.count(reading.unreadableLines, "line"))"
          + " of \(book.path)")
    }
    if output.isJSON {
      output.print(json(history, grouping, reading).text + "\n")
    } else {
      output.print(text(history, grouping, since))
    }
    return .success
  }

  private static func grouping(_ arguments: Arguments) throws(Failure) -> SpendingHistory.Grouping {
    guard let name = arguments.value("by") else { return .day }
    if let grouping = SpendingHistory.Grouping(rawValue: name) { return grouping }
    let known = SpendingHistory.Grouping.allCases.map(\.rawValue)
    throw .usage(
      "`--by` cannot be `\(name)`",
      hint: NearName.hint(for: name, in: known, owner: "it takes one of"))
  }

  private static func since(_ arguments: Arguments) throws(Failure) -> String? {
    guard let day = arguments.value("since"), !Timestamp.isDay(day) else {
      return arguments.value("since")
    }
    throw .usage("`--since` takes a day, not `\(day)`", hint: "write it as 2026-11-01")
  }

  // MARK: - For people

  private static func text(
    _ history: SpendingHistory, _ grouping: SpendingHistory.Grouping, _ since: String?
  ) -> String {
    let groups = history.groups
    if groups.isEmpty {
      if history.month.spending.unknownCosts > 0 { return "what was spent cannot be read\n" }
      let when = since.map { " since \($0)" } ?? " yet"
      return "nothing has been spent\(when): no attempt is recorded\n"
    }
    let sums = [("today", history.today), ("this month", history.month)]
    var rows = [[grouping.rawValue.uppercased(), "ATTEMPTS", "COST", "SOURCES"]]
    rows += sums.map { row($0.0, $0.1) }
    rows.append([])
    let isCut = grouping == .day && since == nil && groups.count > shownDays
    rows += (isCut ? Array(groups.prefix(shownDays)) : groups).map { row($0.name, $0) }
    guard isCut else { return table(rows) }
    let rest = Wording.count(groups.count - shownDays, "earlier day")
    return table(rows) + "\(rest); `--since` shows them\n"
  }

  private static func row(_ name: String, _ group: SpendingHistory.Group) -> [String] {
    let name = name.safeLine.cut(to: 60)
    guard let cost = Wording.cost(group.spending) else { return [name, "0", "nothing"] }
    let sources = Cost.Source.allCases.compactMap { source in
      group.sources[source].map { "\($0) \(source.rawValue)" }
    }
    return [name, String(group.attempts), cost, sources.joined(separator: ", ")]
  }

  /// Columns as wide as their widest cell; a row of no cells is an empty line.
  private static func table(_ rows: [[String]]) -> String {
    let widths = (0..<4).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let padded = zip(row.dropLast(), widths).map { $0.padded(to: $1) }
      return (padded + row.suffix(1)).joined(separator: "  ") + "\n"
    }.joined()
  }

  // MARK: - For programs

  private static func json(
    _ history: SpendingHistory, _ grouping: SpendingHistory.Grouping,
    _ reading: SpendingBook.Reading
  ) -> JSON {
    [
      "today": json(history.today), "month": json(history.month),
      "by": .string(grouping.rawValue), "groups": .array(history.groups.map(json)),
      "unreadableLines": .int(reading.unreadableLines),
    ]
  }

  private static func json(_ group: SpendingHistory.Group) -> JSON {
    .object([
      ("name", .string(group.name)), ("attempts", .int(group.attempts)),
      ("cost", group.spending.costJSON ?? .null),
      ("unknownAttempts", .int(group.spending.unknownCosts)),
      (
        "sources",
        .object(
          Cost.Source.allCases.compactMap { source in
            group.sources[source].map { (source.rawValue, .int($0)) }
          })
      ),
      ("tokens", group.spending.tokensJSON ?? .null),
    ])
  }
}
