import RopewalkCore
import RopewalkWire
import Testing

@Suite("Money and tokens add up")
struct SpendingTests {
  private func usage(_ usd: Double?, input: Int? = nil) -> AttemptResult.Usage {
    AttemptResult.Usage(
      tokens: input.map { TokenCounts(input: $0) }, cost: Cost(usd: usd, source: .reported))
  }

  @Test("known costs are summed with their source")
  func known() {
    var spending = Spending()
    spending.add(usage(0.25))
    spending.add(usage(0.5))
    #expect(spending.costJSON?.text == #"{"usd":0.75,"source":"reported"}"#)
  }

  @Test("one unknown part makes the sum unknown, and the known part a lower bound")
  func unknown() {
    var spending = Spending()
    spending.add(usage(0.25))
    spending.add(usage(nil))
    #expect(spending.costJSON?.text == #"{"usd":null,"source":"unknown","atLeast":0.25}"#)
    #expect(Wording.cost(spending) == "at least $0.25")
  }

  @Test("a known part of an unknown cost is a lower bound, in a sum of two and in that of many")
  func knownPart() throws {
    let sum = usage(0.25).adding(usage(nil)).adding(usage(0.5))
    #expect(sum.cost.usd == nil)
    #expect(sum.cost.json.text == #"{"usd":null,"source":"unknown","atLeast":0.75}"#)
    #expect(Cost(try JSONDocument(sum.cost.json.bytes).root) == sum.cost)
    #expect(usage(nil).adding(usage(nil)).cost == .unknown)
    var spending = Spending()
    spending.add(sum)
    spending.add(usage(1))
    #expect(spending.costJSON?.text == #"{"usd":null,"source":"unknown","atLeast":1.75}"#)
  }

  @Test("what never ran cost nothing and says nothing")
  func nothing() {
    #expect(Spending().costJSON == nil)
    #expect(Wording.cost(Spending()) == nil)
  }

  @Test("unknown is never shown as 0")
  func neverZero() {
    var spending = Spending()
    spending.add(usage(nil))
    #expect(spending.costJSON?.text == #"{"usd":null,"source":"unknown"}"#)
    #expect(Wording.cost(spending) == "cost unknown")
  }

  @Test("attempts that reported no tokens are counted beside the sum")
  func tokens() {
    var spending = Spending()
    spending.add(usage(nil, input: 5))
    spending.add(usage(nil))
    #expect(spending.tokensJSON?.text == #"{"input":5,"unreportedAttempts":1}"#)
  }

  @Test("sums saturate instead of wrapping")
  func saturation() {
    let huge = TokenCounts(input: .max)
    #expect(huge.adding(huge).input == .max)
  }
}

extension JSON? {
  static func == (left: JSON?, right: JSON?) -> Bool { left?.text == right?.text }
}
