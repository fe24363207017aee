// Knows by which signs a limit is named. Unaware of how the signs come about.

import RopewalkCore
import Testing

@Suite("which limit an attempt met")
struct LimitEvidenceTests {
  private let limits = TaskLimits(
    memory: 64 << 20, cpuTime: .seconds(10), processes: 20, fileSize: 1 << 20, openFiles: 64)

  private func failed(
    _ cause: FailureCause, exit: Int? = nil, signal: Int? = nil, cpu: Double = 0
  ) -> AttemptResult {
    var result = AttemptResult(failed: cause, "it failed")
    (result.exit, result.signal, result.cpuSeconds) = (exit, signal, cpu)
    return result
  }

  @Test("a kill after all of the processor time is its limit, by signal or by a shell's exit code")
  func cpuTime() {
    for var result in [
      failed(.killedBySignal, signal: 9, cpu: 10.1), failed(.exitCode, exit: 137, cpu: 9.9),
    ] {
      result.blame(limits, lastWords: "")
      #expect(result.cause == .limitReached)
      #expect(result.message == "over its limit of cpuTime 10s")
      #expect(result.notes == ["it failed"])
    }
    var early = failed(.killedBySignal, signal: 9, cpu: 2)
    early.blame(limits, lastWords: "")
    #expect(early.cause == .killedBySignal)
  }

  @Test("what the system counted is certain")
  func counted() {
    var result = failed(.killedBySignal, signal: 9)
    result.blame(limits, lastWords: "", counted: ["memory", "processes"])
    #expect(result.message == "over its limit of memory 64M")
  }

  @Test(
    "last words are a reason to suspect a limit that was set, never more",
    arguments: [
      ("fork: Cannot allocate memory", "memory 64M"), ("sh: 1: Cannot fork", "processes 20"),
      ("open: Too many open files", "openFiles 64"), ("write: File too large", "fileSize 1M"),
    ])
  func suspected(words: String, limit: String) {
    var result = failed(.exitCode, exit: 1)
    result.blame(limits, lastWords: words)
    #expect(result.cause == .exitCode)
    #expect(result.message == "it failed; its limit of \(limit) may be why")
    var free = failed(.exitCode, exit: 1)
    free.blame(TaskLimits(), lastWords: words)
    #expect(free.message == "it failed")
  }

  @Test("neither a success nor a provider's refusal is blamed on a limit")
  func others() {
    var refused = failed(.providerError, exit: 137, cpu: 100)
    refused.blame(limits, lastWords: "cannot fork")
    #expect(refused.message == "it failed")
    var good = AttemptResult()
    good.blame(limits, lastWords: "cannot fork", counted: ["memory"])
    #expect(good.cause == nil)
  }
}
