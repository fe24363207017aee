// Knows what a plan may say of budgets and what it is told otherwise. Unaware of plans as a whole.

import RopewalkWire
import Testing

@testable import RopewalkCore

@Suite("budgets as a plan writes them")
struct BudgetReaderTests {
  private func read(
    _ text: String, _ level: BudgetLevel = .plan
  ) -> Result<Budget?, PlanErrors> {
    StrictReader.read(Array(text.utf8), "the budget") { $0.budget($1, level: level) }
  }

  @Test(
    "a budget is read back as it was written",
    arguments: [
      "{}", #"{"usd":20}"#, #"{"usd":0.5,"tokens":5000000,"attempts":40,"wallTime":"2h"}"#,
      #"{"perAttempt":{"usd":2,"tokens":1000}}"#,
      #"{"usd":3,"perAttempt":{"usd":3},"unknownCost":"estimate","onExceeded":"stop"}"#,
    ])
  func roundTrip(_ text: String) throws {
    #expect(try read(text).get()?.json.text == text)
  }

  @Test(
    "what no limit can be is refused by name",
    arguments: [
      ("{usd: 0}", "`usd` must be a number from 0.0001 to 1000000, not 0"),
      ("{usd: -1}", "`usd` must be a number from 0.0001 to 1000000, not -1"),
      ("{usd: '20'}", "`usd` must be a number from 0.0001 to 1000000, not a string"),
      ("{usd: Infinity}", "`usd` must be a number from 0.0001 to 1000000, not Infinity"),
      ("{tokens: 0}", "`tokens` must be a whole number from 1 to 1000000000000, not 0"),
      ("{tokens: 1.5}", "`tokens` must be a whole number from 1 to 1000000000000, not 1.5"),
      ("{attempts: -3}", "`attempts` must be a whole number from 1 to 1000000, not -3"),
      ("{wallTime: 30}", "`wallTime` must be a duration such as \"30m\", not a number"),
      ("{wallTime: '0s'}", "`wallTime` must be longer than nothing"),
      ("{perAttempt: 2}", "`perAttempt` must be an object, not a number"),
      (
        "{perAttempt: {usd: 0}}",
        "`usd` must be a number from 0.0001 to 1000000, not 0"
      ),
      ("{onExceeded: 'halt'}", "`onExceeded` cannot be `halt`"),
      ("{unknownCost: 'ignore'}", "`unknownCost` cannot be `ignore`"),
      ("{dollars: 2}", "a budget has no key `dollars`"),
      ("20", "the budget must be an object, not a number"),
      (
        "{usd: 1, perAttempt: {usd: 2}}",
        "`perAttempt.usd` is more than `usd`, so that no attempt could start"
      ),
      (
        "{tokens: 1, perAttempt: {tokens: 2}}",
        "`perAttempt.tokens` is more than `tokens`, so that no attempt could start"
      ),
    ])
  func refusals(_ text: String, _ message: String) {
    #expect(messages(text) == [message])
  }

  @Test(
    "what is done about limits is the plan's to say alone", arguments: [BudgetLevel.task, .agent])
  func policies(_ level: BudgetLevel) {
    let told = messages("{usd: 1, unknownCost: 'warn', onExceeded: 'ask'}", level)
    let owner = level == .task ? "a task's" : "an agent's"
    #expect(
      told == [
        "`unknownCost` cannot be said of \(owner) budget",
        "`onExceeded` cannot be said of \(owner) budget",
      ])
  }

  private func messages(_ text: String, _ level: BudgetLevel = .plan) -> [String] {
    switch read(text, level) {
    case .success: []
    case .failure(let errors): errors.errors.map(\.message)
    }
  }
}
