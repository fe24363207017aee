// Knows why a run or a task is ended early, and which reason is the stronger. Unaware of signals.

/// Why something is ended before its time; a stronger reason replaces a weaker one.
package enum CancelReason: Int, Sendable, Comparable, CaseIterable {
  /// Another member of the task's strategy failed, and nobody wants the rest.
  case memberFailed
  /// A limit of a budget was reached.
  case overBudget
  /// `ropewalk cancel`, from another terminal.
  case requested
  /// The first interrupt: ends gracefully.
  case interrupted
  /// The terminal was closed or the engine was told to end.
  case terminated
  /// The journal or the repository can no longer be written.
  case storageFailed
  /// The second interrupt: ends without the grace time.
  case forced

  package static func < (left: CancelReason, right: CancelReason) -> Bool {
    left.rawValue < right.rawValue
  }

  /// Whether processes get no time to end by themselves.
  package var isHard: Bool { self == .forced }

  /// As the end of a sentence: "cancelled because …".
  package var text: String {
    switch self {
    case .memberFailed: "another member of its strategy failed"
    case .overBudget: "a budget is used up"
    case .requested: "it was cancelled on request"
    case .interrupted: "the run was interrupted"
    case .terminated: "ropewalk was told to end"
    case .storageFailed: "the run's journal could not be written"
    case .forced: "the run was interrupted twice"
    }
  }

  /// Reads back what `text` wrote.
  package init?(text: String) {
    guard let reason = Self.allCases.first(where: { $0.text == text }) else { return nil }
    self = reason
  }
}
