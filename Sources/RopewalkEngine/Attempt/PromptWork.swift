// Knows where the parts of an attempt's prompt are had, and how a prompt that is too long is made to
// fit. Unaware of how it reaches the agent.

import RopewalkCore
import RopewalkWire

/// An attempt's whole prompt, and what became of it on the way.
struct AttemptPrompt {
  var text = ""
  /// What was left out, cut or summarised.
  var notes: [String] = []
  /// What its summaries used; nil when there are none.
  var spent: AttemptResult.Usage?
  /// Whether the attempt was announced, because a summary was to be run.
  var isAnnounced = false
}

/// A prompt that is longer than the plan's limit and may not be made shorter.
struct PromptTooLong: Error, CustomStringConvertible {
  var reason: String

  var description: String {
    "\(reason); raise `limit` in the task's `context`, or let it tell less"
  }
}

/// Makes the prompt of an attempt.
///
/// Without a `context` in the plan it is the role, the step's own words and what is expected, so that
/// it can be foreseen to the letter. With one, what the `context` names and the instructions for this
/// kind of CLI stand around those words, for every step of a strategy alike.
struct PromptWork {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let agent: ResolvedAgent
  /// The path of the step's worktree.
  let worktree: String
  /// Whether the agent goes on in a session in which it was told all that before.
  let hasSession: Bool
  let control: AttemptControl

  /// - Parameter announce: called before anything is run for the prompt.
  /// - Throws: `ContextFileError`, `PromptTooLong`, what git throws; nothing has run then.
  func prompt(announce: () async throws -> Void) async throws -> AttemptPrompt {
    var prompt = AttemptPrompt()
    if order.purpose == .continuation, hasSession {
      prompt.text = PromptText.continuation
      return prompt
    }
    if order.purpose != .repair {
      try await compose(&prompt, role: agent.role, order.step.expect, announce)
      return prompt
    }
    if !hasSession { try await compose(&prompt, role: nil, .either, announce) }
    prompt.text = PromptText.repair(
      task: prompt.text, failure: order.previous?.message ?? "",
      tail: order.previous?.stderrTail ?? "", hasSession: hasSession)
    return prompt
  }

  private func compose(
    _ prompt: inout AttemptPrompt, role: String?, _ expectation: Expectation,
    _ announce: () async throws -> Void
  ) async throws {
    var parts = PromptParts(
      task: try await PromptRendering(site: site, order: order, worktree: worktree).text(),
      expectation: expectation)
    parts.role = role
    guard let context = order.task.context else {
      prompt.text = PromptComposer.compose(parts)
      return
    }
    try tell(context, &parts, &prompt)
    guard var limit = context.contextLimit else {
      prompt.text = PromptComposer.compose(parts)
      return
    }
    var fitted = PromptComposer.fit(parts, limit)
    if case .needsSummary(let summaries) = fitted {
      try await announce()
      prompt.isAnnounced = true
      for (index, summary) in summaries.enumerated() where control.reason == nil {
        await summarise(summary, number: index + 1, context, &parts, &prompt)
      }
      limit.over = .cut
      fitted = PromptComposer.fit(parts, limit)
    }
    switch fitted {
    case .fits(let text): prompt.text = text
    case .cut(let text, let notes):
      prompt.text = text
      prompt.notes += notes
    case .tooLong(let reason): throw PromptTooLong(reason: reason)
    case .needsSummary: preconditionFailure("a limit that cuts asks for summaries")
    }
  }

  // MARK: - The parts

  private func tell(
    _ context: TaskContext, _ parts: inout PromptParts, _ prompt: inout AttemptPrompt
  ) throws {
    parts.instructions = site.instructions.text(for: agent.spec.name)
    parts.agentReason = order.reason
    if context.tellsNeeds { parts.needs = untoldNeeds }
    if context.tellsProject {
      let (project, notes) = ProjectContext.read(root: worktree)
      let isKnown = project.map { site.instructions.reads($0.name, agent.spec.name) } ?? false
      parts.project = isKnown ? nil : project
      prompt.notes += notes
    }
    // Of work that goes on, a file may be gone because it had to go.
    let mayBeGone = order.purpose == .repair || order.step.start != nil
    let (files, notes) = try ContextFiles.read(
      context.files ?? [], in: worktree, mayBeGone: mayBeGone)
    parts.files = files
    prompt.notes += notes
  }

  /// What needs answered, but for those answers that the prompt itself puts where they belong.
  private var untoldNeeds: [PromptParts.Quote] {
    var told: Set<TaskID> = []
    for case .template(let template) in order.step.prompt {
      for case .needOutput(let need) in template.names { told.insert(need) }
    }
    return order.needs.filter { !told.contains($0.id) && !$0.output.isEmpty }
      .map { PromptParts.Quote($0.id.text, $0.output) }
  }

  // MARK: - Summaries

  /// Puts a summary in the place of a part; one that cannot be had leaves the part as it is.
  private func summarise(
    _ summary: FitResult.Summary, number: Int, _ context: TaskContext, _ parts: inout PromptParts,
    _ prompt: inout AttemptPrompt
  ) async {
    guard let role = site.plan.summariser(of: order.task), let clerk = site.agents[role] else {
      preconditionFailure("the summariser of `\(order.task.id)` was not resolved")
    }
    let called = parts.called(summary.place)
    let long = ContextLimit.tokens(in: parts[summary.place])
    let result = await ask(
      clerk, PromptComposer.summaryRequest(summary.place, of: parts, tokens: summary.tokens),
      number: number)
    if let usage = result.usage { prompt.spent = prompt.spent?.adding(usage) ?? usage }
    prompt.notes += result.notes
    guard result.cause == nil, let text = result.text else {
      prompt.notes.append(
        "\(called) could not be summarised by `\(role.name)`: \(result.message ?? "no answer")")
      return
    }
    parts[summary.place] = text
    prompt.notes.append(
      "\(called) was summarised by `\(role.name)` from about \(long.grouped) to "
        + "\(ContextLimit.tokens(in: text).grouped) tokens")
  }

  /// Runs the summariser in an empty folder of the attempt's.
  private func ask(_ clerk: ResolvedAgent, _ request: String, number: Int) async -> AttemptResult {
    let folder = AttemptFolder(
      path: site.folder.absolute(RunFolder.summary(order.task.id, order.attempt, number)))
    var call = AgentCall(
      site: site, order: order, agent: clerk, folder: folder, control: control)
    do {
      call.fence = try await AttemptFence.raise(
        site, order, agent: clerk, worktree: nil, directory: folder.path + "/work", folder: folder)
      let text = PromptText.complete(request, role: clerk.role, expectation: .answer)
      let invocation = try clerk.invocation(
        prompt: text, worktree: folder.path + "/work", attempt: folder.path, session: nil)
      let spec = call.spec(invocation, directory: folder.path + "/work")
      try folder.create(spec, prompt: invocation.stdin ?? invocation.promptFile)
      try FileBytes.createFolder(spec.directory)
      let result = try await call.run(invocation, spec, prompt: text, reporter: nil).result
      await call.fence?.lower()
      return result
    } catch {
      return ProcessAttempts.failure(error)
    }
  }
}
