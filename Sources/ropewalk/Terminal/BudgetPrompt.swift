// Knows how a person at the terminal is asked whether a run goes on. Unaware of budgets.

import Foundation
import RopewalkEngine
import Synchronization

/// Asks on the terminal, and takes silence for a no.
struct BudgetPrompt: Sendable {
  /// How long an answer is waited for.
  static let patience = Duration.seconds(60)

  private let output: Output
  /// Questions come one after another, also when several limits are reached at once.
  private let turn = Turn()

  /// Nil where nobody can be asked: stdin or stderr is no terminal.
  init?(_ output: Output) {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1, !output.isQuiet else { return nil }
    self.output = output
  }

  /// True for a `y`; false for anything else, for silence, and when the caller is cancelled.
  func ask(_ question: BudgetQuestion) async -> Bool {
    await turn.pass {
      output.note("budget: \(question.message)")
      output.note("  \(question.hint)")
      output.note(
        "go on without this limit? y or n; no answer in \(Int(Self.patience.components.seconds)) s means n"
      )
      let isCancelled = Atomic(false)
      return await withTaskCancellationHandler {
        await withCheckedContinuation { answer in
          DispatchQueue(label: "ropewalk.question").async {
            answer.resume(returning: Self.readYes { isCancelled.load(ordering: .relaxed) })
          }
        }
      } onCancel: {
        isCancelled.store(true, ordering: .relaxed)
      }
    }
  }

  /// Reads a line in small steps, so that a run that ends meanwhile is not held up.
  private static func readYes(_ isCancelled: () -> Bool) -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + patience
    var line: [UInt8] = []
    while clock.now < end, !isCancelled() {
      var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 100) > 0 else { continue }
      var byte: UInt8 = 0
      guard read(STDIN_FILENO, &byte, 1) == 1 else { return false }
      if byte == UInt8(ascii: "\n") { break }
      line.append(byte)
    }
    let answer = String(decoding: line, as: UTF8.self).lowercased()
    return answer == "y" || answer == "yes"
  }
}

/// Lets one at a time through.
private actor Turn {
  private var last: Task<Bool, Never>?

  func pass(_ work: @escaping @Sendable () async -> Bool) async -> Bool {
    let before = last
    let task = Task {
      _ = await before?.value
      return await work()
    }
    last = task
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
