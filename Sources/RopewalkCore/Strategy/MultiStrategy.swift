// Knows how a chain of members hands its work on. Unaware of worktrees and of how members are run.

/// A chain in one worktree: each goes on from what the ones before left and said.
///
/// With `rounds` the last member reviews: it approves, or sends the work back to the member before it, at most so
/// often. Events: one attempt after the other, `work` in order, then `review`, and after each `revise` a `work` and
/// a `review` of the next round.
///
/// A member that fails fails the chain; with `onError: "continue"` it is left out and the result is partial.
struct MultiStrategy: StrategyMachine {
  private let members: [StrategyMember]
  private let labels: [String]
  private let rounds: Int
  private let onError: OnError?
  private var next = 0
  private var key = 0
  private var round = 1
  private var answers: [(label: String, text: String)] = []
  private var commit: ObjectID?
  private var failures = MemberFailures()
  private var notes: String?
  /// Why the reviewer's last answer could not be read, when it is asked once more.
  private var unreadable: String?

  init(_ members: [StrategyMember], rounds: Int, onError: OnError?) {
    self.members = members
    labels = StrategyMember.labels(members)
    self.rounds = rounds
    self.onError = onError
  }

  private var hasReviewer: Bool { rounds > 0 && members.count > 1 }
  private var isReview: Bool { hasReviewer && next == members.count - 1 }

  mutating func begin() -> [StrategyMove] { [ask()] }

  private mutating func ask() -> StrategyMove {
    var prompt: [PromptPiece] = [.task]
    if let notes, !isReview {
      prompt.append(.text(StrategyPrompts.sentBack(notes, reviewer: labels[members.count - 1])))
    } else if !answers.isEmpty {
      prompt.append(.text(StrategyPrompts.handOff(answers)))
    }
    if next > 0 || notes != nil, let commit {
      prompt.append(.diff(label: "What was changed so far", to: commit))
    }
    if isReview { prompt.append(.text(StrategyPrompts.review)) }
    if let unreadable { prompt.append(.text(StrategyPrompts.unreadable(unreadable))) }
    key += 1
    return .ask(
      StrategyRequest(
        key: key, doer: .member(members[next]), label: labels[next],
        role: isReview ? .review : .work, round: round, prompt: prompt, start: commit,
        expect: .either))
  }

  mutating func ended(_ key: Int, _ result: AttemptResult) -> [StrategyMove] {
    guard result.cause == nil else { return failed(result) }
    commit = result.commit ?? commit
    if isReview { return reviewed(result.text ?? "") }
    if let text = result.text {
      // Only its newest answer counts: the one before was sent back.
      answers.removeAll { $0.label == labels[next] }
      answers.append((labels[next], text))
    }
    return goOn()
  }

  private mutating func goOn() -> [StrategyMove] {
    next += 1
    return next < members.count ? [ask()] : [finish()]
  }

  private mutating func failed(_ result: AttemptResult) -> [StrategyMove] {
    failures.add(labels[next], result)
    guard onError == .continue, !isReview else { return [.finish(failures.end)] }
    return goOn()
  }

  private mutating func reviewed(_ text: String) -> [StrategyMove] {
    let reviewer = labels[members.count - 1]
    switch ReviewVerdict.read(text) {
    case .approve:
      return [finish()]
    case .revise(let notes):
      guard round <= rounds else {
        return undecided(
          "`\(reviewer)` still asks for changes after \(Wording.count(rounds, "round"))")
      }
      round += 1
      self.notes = notes
      unreadable = nil
      next = members.count - 2
      return [ask()]
    case .unreadable(let why):
      if unreadable != nil {
        return undecided("the verdict of `\(reviewer)` cannot be read: \(why)")
      }
      unreadable = why
      return [ask()]
    }
  }

  /// The work was done and not approved.
  private mutating func undecided(_ message: String) -> [StrategyMove] {
    guard onError == .continue else { return [.finish(.failed(.undecided, message))] }
    guard case .finish(var end) = finish() else { return [] }
    end.isPartial = true
    end.message = message
    return [.finish(end)]
  }

  private func finish() -> StrategyMove {
    guard !answers.isEmpty || commit != nil else { return .finish(failures.end) }
    let worker = hasReviewer ? members.count - 2 : members.count - 1
    return .finish(
      StrategyEnd(
        text: answers.last?.text,
        parts: commit.map { [Step.Part(label: labels[worker], commit: $0)] } ?? [],
        message: failures.isEmpty ? nil : failures.words, isPartial: !failures.isEmpty,
        repairer: members[worker]))
  }
}
