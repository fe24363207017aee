// Knows how a file of prices is written, and every way in which it can be wrong.
// Unaware of where the file is.

import RopewalkWire

extension PriceTable {
  /// Reads a file of prices; everything that is wrong with it at once, by line.
  package static func decode(_ bytes: [UInt8]) -> Result<PriceTable, PlanErrors> {
    StrictReader.read(bytes, "the price file") { $0.priceTable($1) }
  }
}

extension StrictReader {
  private static let tableKeys = Keys(
    owner: "a price file", known: ["date", "currency", "models"])
  private static let priceKeys = Keys(
    owner: "a model's price",
    known: ["match", "input", "output", "cacheRead", "cacheWrite", "longPrompt"])

  fileprivate mutating func priceTable(_ root: JSONValue) -> PriceTable {
    var date: String?
    var prices: [String: PriceTable.Price] = [:]
    let isObject = object(root, Self.tableKeys) { reader, key, value in
      switch key {
      case "date": date = reader.date(value)
      case "currency": reader.currency(value)
      default:
        _ = reader.list(value) { reader, value -> Bool? in
          reader.price(value, &prices)
          return nil
        }
      }
    }
    if isObject, root["date"] == nil {
      note(
        "the price file has no `date`", hint: "say of which day the prices are: \"2026-07-02\"",
        at: root.start)
    }
    return PriceTable(date: date ?? "", prices: prices)
  }

  private mutating func date(_ value: JSONValue) -> String? {
    guard let text = filledText(value) else { return nil }
    if Timestamp.isDay(text) { return text }
    note(
      "\(label) is \(text.quoted), which is no day", hint: "write it as 2026-07-02", at: value.start
    )
    return nil
  }

  private mutating func currency(_ value: JSONValue) {
    guard let text = filledText(value), text != "USD" else { return }
    note(
      "\(label) is \(text.quoted), but money is counted in dollars here",
      hint: "convert the prices and write \"USD\"", at: value.start)
  }

  private mutating func price(_ value: JSONValue, _ prices: inout [String: PriceTable.Price]) {
    var matches: [String] = []
    var price = PriceTable.Price(input: 0, output: 0)
    guard
      object(
        value, Self.priceKeys,
        { reader, key, value in
          switch key {
          case "match": matches = reader.matches(value)
          case "input": price.input = reader.dollarsPerMillion(value)
          case "output": price.output = reader.dollarsPerMillion(value)
          case "cacheRead": price.cacheRead = reader.dollarsPerMillion(value)
          case "cacheWrite": price.cacheWrite = reader.dollarsPerMillion(value)
          default: price.longPrompt = reader.whole(value, in: 1...1_000_000_000)
          }
        })
    else { return }
    for key in ["match", "input", "output"] where value[key] == nil {
      note("the model has no `\(key)`", at: value.start)
    }
    for match in matches where prices.updateValue(price, forKey: match) != nil {
      note("there is a price for \(match.quoted) already", hint: "keep one", at: value.start)
    }
  }

  /// One beginning of a model's name, or several; case does not count.
  private mutating func matches(_ value: JSONValue) -> [String] {
    let texts =
      value.kind == .array
      ? list(value) { $0.filledText($1) } ?? [] : [filledText(value)].compactMap(\.self)
    return texts.map { $0.lowercased() }
  }

  /// 0 is a price: that of a model of one's own.
  private mutating func dollarsPerMillion(_ value: JSONValue) -> Double {
    number(value, in: 0...1_000_000) ?? 0
  }
}
