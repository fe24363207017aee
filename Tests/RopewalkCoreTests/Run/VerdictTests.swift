import RopewalkCore
import Testing

@Suite("Verdicts")
struct VerdictTests {
  struct Case: Sendable {
    var expectation: RopewalkCore.Expectation
    var changed: Bool
    var answer: Bool
    var verified: Bool?
    var declared: Bool
    var verdict: Verdict
  }

  static let cases: [Case] = [
    Case(expectation: .either, changed: true, answer: true, declared: false, verdict: .changed),
    Case(
      expectation: .either, changed: true, answer: true, verified: true, declared: false,
      verdict: .verified),
    Case(
      expectation: .either, changed: true, answer: true, verified: false, declared: false,
      verdict: .rejected),
    Case(expectation: .either, changed: false, answer: true, declared: false, verdict: .answered),
    Case(expectation: .either, changed: false, answer: false, declared: false, verdict: .empty),
    Case(expectation: .changes, changed: false, answer: true, declared: false, verdict: .empty),
    Case(expectation: .changes, changed: false, answer: true, declared: true, verdict: .unchanged),
    Case(
      expectation: .changes, changed: false, answer: true, verified: true, declared: false,
      verdict: .empty),
    Case(expectation: .answer, changed: false, answer: true, declared: false, verdict: .answered),
    Case(expectation: .answer, changed: false, answer: false, declared: false, verdict: .empty),
    Case(expectation: .answer, changed: true, answer: true, declared: false, verdict: .changed),
  ]

  @Test("the evidence decides, not the claim", arguments: cases)
  func evidence(example: Case) {
    let verdict = Verdict.of(
      expectation: example.expectation, changed: example.changed, hasAnswer: example.answer,
      verified: example.verified, declaredNoChange: example.declared)
    #expect(verdict == example.verdict)
  }

  @Test("the last four verdicts are failures, whatever the exit status was")
  func failures() {
    #expect(
      Verdict.allCases.filter { !$0.isSuccess } == [.empty, .incomplete, .rejected, .escaped])
  }
}
