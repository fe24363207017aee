// Knows how a run's events read as plain lines, one for each thing worth knowing.
// Unaware of where the events come from.

import RopewalkCore
import RopewalkWire

/// Turns events into progress lines. A value: it is fed every event in order.
struct ProgressLines {
  private var report = RunReport()
  private let isVerbose: Bool

  init(isVerbose: Bool) { self.isVerbose = isVerbose }

  /// The status as of the events so far.
  var current: RunReport { report }

  /// The lines that an event is worth; most are worth none.
  mutating func lines(for event: RunEvent) -> [String] {
    report.apply(event)
    let task = event.subject.task.flatMap { report[$0] }
    switch event.payload {
    case .runStarted(let start):
      let base = start.base.map { " from \($0.short)" } ?? ""
      return [
        "run \(event.run): \(Wording.count(start.tasks.count, "task"))\(base), "
          + "\(start.concurrency) at a time"
      ]
    case .runResumed(let resumed):
      let open =
        resumed.open.isEmpty ? "" : ", \(Wording.count(resumed.open.count, "attempt")) under way"
      let done = report.tasks.count { $0.state.isFinal }
      return [
        "run \(event.run) goes on: \(done) of \(Wording.count(report.tasks.count, "task")) ended\(open)"
      ]
    case .tasksRevived(let revived):
      let names = revived.tasks.prefix(5).map { "`\($0)`" }.joined(separator: ", ")
      let more = revived.tasks.count > 5 ? " and \(revived.tasks.count - 5) more" : ""
      return ["taken up again: \(names)\(more)"]
    case .attemptStarted(let start): return [started(event, start)]
    case .attemptFinished(let result):
      return (result.notes + result.denials.map { "the tool `\($0)` was refused" })
        .map { "  \(name(event)): note: \($0.safeLine)" }
    case .attemptRetried(let seconds):
      let why = task?.last?.message.map { ": \($0.safeLine.cut(to: 160))" } ?? ""
      return ["  \(name(event)): tries again in \(Wording.duration(seconds))\(why)"]
    case .rateLimited(_, let until?):
      let who = event.subject.task.map { "\($0): `\(event.subject.agent ?? runner(event))`" }
      let whose = who ?? "another run's `\(runner(event))`"
      return ["  \(whose) is limited until \(ClockTime.text(until))"]
    case .waiting(let waiting): return [waits(waiting)]
    case .verificationFinished(let verification) where !verification.passed:
      return [
        "  \(name(event)): `\(verification.command.safeLine.cut(to: 60))` failed: "
          + (verification.message ?? "")
      ]
    case .taskFinished: return task.map { [finished($0)] } ?? []
    case .agentAssigned(let assigned):
      return ["  \(name(event)): `\(assigned.agent)` is chosen: \(assigned.because)"]
    case .fallback(let fallback):
      return ["  \(name(event)): falls back, \(fallback.words.safeLine.cut(to: 300))"]
    case .budgetWarned(let news): return ["budget: \(news.message)"]
    case .budgetExceeded(let news):
      // The question itself says all of it.
      if news.reaction == .asked { return [] }
      let reaction = news.reaction.map { ": \($0.words)" } ?? ""
      return ["budget: \(news.message)\(reaction)"]
    case .debateRound(let round, let rounds):
      return ["  \(name(event)): round \(round) of \(rounds)"]
    case .decisionMade(let decision): return ["  \(name(event)): \(decided(decision))"]
    case .paused(let drain) where event.subject.task == nil:
      return [
        drain
          ? "paused: what runs comes to its end, nothing more starts"
          : "paused: agents stand still, and nothing starts"
      ]
    case .resumed where event.subject.task == nil: return ["going on"]
    case .paused(let drain):
      return ["  \(name(event)): \(drain ? "nothing more of it starts" : "paused")"]
    case .resumed: return ["  \(name(event)): goes on"]
    case .priorityChanged(let priority): return ["  \(name(event)): priority \(priority)"]
    case .errorOccurred(let message): return ["error: \(message.safeLine)"]
    case .cancelled(let reason) where event.subject.task == nil:
      return ["ending the run: \(reason.text)"]
    case .other(let kind, let value) where isVerbose: return said(event, kind, value)
    default: return []
    }
  }

  private func runner(_ event: RunEvent) -> String { event.subject.runner ?? "agent" }

  private func waits(_ waiting: Waiting) -> String {
    switch waiting.why {
    case .limited:
      let until = waiting.until.map { " until \(ClockTime.text($0))" } ?? ""
      return "all agents limited\(until)"
    case .memory, .load, .disk: return "waiting: \(waiting.message.safeLine)"
    }
  }

  private func name(_ event: RunEvent) -> String { event.subject.task?.text ?? event.run.text }

  private var counter: String {
    let ended = report.tasks.count { $0.state.isFinal }
    return "[\(ended)/\(report.tasks.count)]"
  }

  private func started(_ event: RunEvent, _ start: AttemptStart) -> String {
    if let step = start.step {
      return "\(counter) \(name(event)): \(step.role.rawValue) (\(step.member))"
    }
    let who = event.subject.agent ?? event.subject.runner ?? ""
    let which = event.subject.attempt.map { $0 > 1 ? ", attempt \($0)" : "" } ?? ""
    return "\(counter) \(name(event)): started (\(who)\(start.isRepair ? ", repair" : which))"
  }

  private func decided(_ decision: Decision) -> String {
    let winner = decision.winner.map { "`\($0)` wins" } ?? "nobody wins"
    let tie = decision.tie.map { ", a tie broken by \($0.brokenBy.rawValue)" } ?? ""
    let votes = decision.votes.map { "\($0.voter) for \($0.choice)" }
    let voiceless =
      decision.abstained.map { "\($0) abstains" }
      + decision.unreadable.map { "\($0.voter) cannot be read" }
    let all = (votes + voiceless).joined(separator: ", ")
    return "\(winner) (\(decision.rule.rawValue)\(tie))" + (all.isEmpty ? "" : ": \(all)")
  }

  private func finished(_ task: TaskReport) -> String {
    var parts = [StatusView.result(task)].filter { !$0.isEmpty }
    if let seconds = task.seconds, task.attempts > 0 { parts.append(Wording.duration(seconds)) }
    if task.attempts > 0, let cost = Wording.cost(task.spending) { parts.append(cost) }
    let why = parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    return "\(counter) \(task.id): \(StatusView.words(task.state))\(why)"
  }

  /// What an agent said, for those who asked to see it.
  private func said(_ event: RunEvent, _ kind: String, _ value: JSONValue) -> [String] {
    switch kind {
    case "agentMessage":
      return ["  \(name(event)): \((value["text"]?.string ?? "").safeLine.cut(to: 160))"]
    case "agentToolCall":
      let tool = value["name"]?.string ?? "tool"
      let what = value["summary"]?.string.map { " \($0.safeLine.cut(to: 120))" } ?? ""
      return ["  \(name(event)): uses \(tool.safeLine)\(what)"]
    default: return []
    }
  }

  /// The last lines: what became of everything, why what failed did, and what to type next.
  func summary() -> [String] {
    guard let run = report.run else { return [] }
    var lines = [""]
    let unhappy = report.tasks.filter { $0.state != .completed && $0.state != .skipped }
    for task in unhappy {
      lines.append("\(StatusView.words(task.state)): \(task.id): \(StatusView.result(task))")
      if let tail = task.last?.stderrTail {
        lines += tail.split(separator: "\n").suffix(20).map { "    \($0)" }
      }
      if let ref = task.last?.ref, task.last?.isSuccess == false {
        lines.append("  its partial work is kept: git show \(ref)")
      }
    }
    lines.append(StatusView.headline(report))
    if report.tasks.contains(where: { $0.branch != nil }) {
      lines.append("results: git branch --list 'ropewalk/\(run)/*'")
    }
    if report.state == .cancelled { lines.append("go on: ropewalk resume \(run)") }
    lines.append(
      unhappy.isEmpty
        ? "look: ropewalk status \(run)"
        : "look: ropewalk status \(run); ropewalk logs \(run) \(unhappy[0].id)")
    return lines
  }
}

extension BudgetReaction {
  fileprivate var words: String {
    switch self {
    case .asked: "a person is asked"
    case .stopped: "nothing more is started"
    case .lifted: "going on without this limit"
    }
  }
}
