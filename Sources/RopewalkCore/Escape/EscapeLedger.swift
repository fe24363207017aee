// Knows which attempts may have changed what lies outside of their worktrees. Unaware of how changes are seen.

/// An attempt that may be the one that changed something.
package struct Suspect: Hashable, Sendable {
  package var task: TaskID
  package var attempt: Int

  package init(task: TaskID, attempt: Int) {
    self.task = task
    self.attempt = attempt
  }
}

/// Who was there when something changed.
///
/// Everything outside is looked at before an attempt's program starts and after its tree is gone. A change that a look
/// finds is charged to those who were live at some moment since the look before began, and to nobody when there were
/// none: then it was the user. One that was alone is known for certain as far as the run goes.
package struct EscapeLedger: Sendable {
  private var live: Set<Suspect> = []
  /// Live at some moment since the latest look began.
  private var present: Set<Suspect> = []
  /// By attempt, what it may have changed, and with whom it shares the suspicion.
  private var charges: [Suspect: [String: Set<Suspect>]] = [:]
  /// Those that were present before the look that is under way began.
  private var questioned: Set<Suspect> = []

  package init() {}

  package var liveAttempts: Set<Suspect> { live }

  /// A look begins: changes made from now on may be for the next one to find.
  package mutating func lookBegan() {
    questioned = present
    present = live
  }

  /// A look has ended.
  ///
  /// - Parameters:
  ///   - changed: the names of what it found changed.
  ///   - starting: those that waited for it before they start; they are live from here on.
  package mutating func lookEnded(changed: [String], starting: [Suspect]) {
    let suspects = questioned.union(live)
    for suspect in suspects {
      for name in changed {
        charges[suspect, default: [:]][name, default: []].formUnion(suspects)
      }
    }
    live.formUnion(starting)
    present.formUnion(starting)
  }

  /// What is held against an attempt now, by name, with all who share the suspicion.
  package func charges(against suspect: Suspect) -> [String: Set<Suspect>] {
    charges[suspect] ?? [:]
  }

  /// Says that it was `suspect` alone who changed something.
  package mutating func bind(_ name: String, to suspect: Suspect) {
    let others = charges[suspect]?[name] ?? []
    for other in others where other != suspect { charges[other]?[name] = nil }
    charges[suspect, default: [:]][name] = [suspect]
  }

  /// Says that something that changed is nobody's escape.
  package mutating func drop(_ name: String) {
    for suspect in charges.keys { charges[suspect]?[name] = nil }
  }

  /// What is held against an attempt so far, as its escape.
  package func escape(of suspect: Suspect) -> Escape? {
    guard let held = charges[suspect], !held.isEmpty else { return nil }
    return Escape(held, of: suspect)
  }

  /// Nothing of the attempt is left that could change anything.
  package mutating func ended(_ suspect: Suspect) {
    live.remove(suspect)
    present.remove(suspect)
    questioned.remove(suspect)
    charges[suspect] = nil
  }
}

/// What an attempt changed outside of its worktree, or may have.
package struct Escape: Sendable, Equatable {
  /// Sorted; at most `limit`.
  package var names: [String]
  package var total: Int
  /// Tasks of other attempts that may have done it instead; none when it can only have been this one.
  package var others: [TaskID]

  package static let limit = 100

  init(_ held: [String: Set<Suspect>], of suspect: Suspect) {
    names = Array(held.keys.sorted().prefix(Self.limit))
    total = held.count
    // Certain of one name, certain of the attempt.
    let isCertain = held.values.contains { $0 == [suspect] }
    let tasks = held.values.reduce(into: Set<TaskID>()) { $0.formUnion($1.map(\.task)) }
    others = isCertain ? [] : tasks.subtracting([suspect.task]).sorted()
  }

  /// "`readme`, `.git/config` and 3 more".
  private var shown: String {
    let first = names.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
    return total > 5 ? "\(first) and \(total - 5) more" : first
  }

  /// What happened, as a failure's message.
  package var message: String {
    guard !others.isEmpty else { return "outside its worktree it changed \(shown)" }
    let names = others.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
    let more = others.count > 3 ? " and \(others.count - 3) more" : ""
    return
      "\(shown) outside the worktrees was changed while it and \(names)\(more) ran, and nothing tells by whom; "
      + "with sandbox: \"write-fence\" it would be known"
  }
}

extension AttemptResult {
  /// Takes in what was changed outside. A cause that says more about the end stays the cause.
  package mutating func record(_ escape: Escape, _ policy: OutsidePolicy) {
    escaped = escape.names
    escapedTotal = escape.total
    guard policy == .fail, !(cause.map(\.isAboveEscape) ?? false) else {
      notes.append(escape.message)
      return
    }
    if let message, cause != nil { notes.append(message) }
    cause = .escaped
    verdict = .escaped
    message = escape.message
  }
}

extension FailureCause {
  /// Whether it stands before `escaped` in the order of causes.
  fileprivate var isAboveEscape: Bool {
    for cause in Self.allCases {
      if cause == .escaped { return false }
      if cause == self { return true }
    }
    return false
  }
}
