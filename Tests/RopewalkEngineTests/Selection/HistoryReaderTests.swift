import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import Testing

@Suite("The history of agents")
struct HistoryReaderTests {
  private let space = TestSpace()
  private var store: RunStore { RunStore(stateDirectory: space.path) }

  private func lines(_ run: RunID, _ results: [AttemptResult]) -> [UInt8] {
    results.enumerated().flatMap { index, result in
      JournalLine.encode(
        RunEvent(
          seq: index + 1, time: Timestamp(milliseconds: 0), run: run,
          subject: .init(task: TaskID("t"), attempt: 1, agent: "dev", runner: "claude"),
          payload: .attemptFinished(result)))
    }
  }

  /// - Parameter number: the run's age; a greater one is newer.
  private func run(_ number: Int) throws -> RunID {
    try #require(RunID("20260101-000000-\(1_000 + number)"))
  }

  private func write(_ bytes: [UInt8], _ number: Int) throws {
    let folder = store.folder(try run(number))
    try FileBytes.createFolder(folder.path)
    try FileBytes.create(folder.journal, bytes)
  }

  private func result(_ cause: FailureCause?, seconds: Double = 0) -> AttemptResult {
    var result = AttemptResult()
    result.cause = cause
    result.verdict = cause == nil ? .changed : nil
    result.seconds = seconds
    return result
  }

  @Test("attempts of earlier runs are counted, but for what the agent could not help")
  func counts() throws {
    let results = [
      result(nil, seconds: 10), result(nil, seconds: 20), result(.rejected), result(.cancelled),
      result(.conflict),
    ]
    try write(lines(try run(1), results), 1)
    try write(lines(try run(2), [result(nil, seconds: 30)]), 2)
    let record = try #require(HistoryReader.read(store)["dev", "claude"])
    #expect(record.attempts == 4)
    #expect(record.successes == 3)
    #expect(record.meanSeconds == 20)
    #expect(HistoryReader.read(store)["dev", "codex"] == nil)
    #expect(try HistoryReader.read(store, except: run(2))["dev", "claude"]?.attempts == 3)
  }

  @Test("only the newest runs count")
  func newest() throws {
    for number in 1...60 { try write(lines(try run(number), [result(nil)]), number) }
    #expect(HistoryReader.read(store)["dev", "claude"]?.attempts == HistoryReader.runs)
  }

  @Test("no journals, torn ones and damaged ones are no error")
  func damage() throws {
    #expect(HistoryReader.read(store) == AgentHistory())
    let whole = lines(try run(1), [result(nil), result(nil)])
    try write(Array(whole.dropLast(5)), 1)
    #expect(HistoryReader.read(store)["dev", "claude"]?.attempts == 1)
    var damaged = lines(try run(2), [result(nil), result(nil)])
    damaged[damaged.count - 40] ^= 1
    try write(damaged, 2)
    try write(lines(try run(1), [result(nil)]), 3)
    try FileBytes.createFolder(store.folder(try run(4)).journal)
    #expect(HistoryReader.read(store)["dev", "claude"]?.attempts == 1)
  }

  @Test("of a long journal the end is read")
  func long() throws {
    var big = result(nil)
    big.text = String(repeating: "x", count: 100_000)
    try write(lines(try run(1), Array(repeating: big, count: 10)), 1)
    #expect(HistoryReader.read(store)["dev", "claude"]?.attempts == 2)
  }

  @Test("the user's rules for the classifier stand in for the built-in ones, and are checked")
  func classifierFile() throws {
    let environment = ["XDG_CONFIG_HOME": space.path]
    #expect(
      try ClassifierFile.classifier(environment: environment).classify(prompt: "x").type
        == "feature")
    try space.write(#"{ otherwise: "chore" }"#, to: "ropewalk/classifier.json")
    #expect(
      try ClassifierFile.classifier(environment: environment).classify(prompt: "x").type == "chore")
    try space.write("{}", to: "ropewalk/classifier.json")
    #expect(throws: UserFileErrors.self) {
      try ClassifierFile.classifier(environment: environment)
    }
  }
}
