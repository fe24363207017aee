// Knows how the pieces of a prompt become its text. Unaware of who asked for them.

import RopewalkCore

/// Fills in a step's prompt.
struct PromptRendering {
  let site: ProcessAttempts.Site
  let order: AttemptOrder
  let worktree: String

  /// More of a difference than this is left out, and said to be.
  private static let diffLimit = 64 << 10

  func text() async throws -> String {
    var parts: [String] = []
    for piece in order.step.prompt {
      switch piece {
      case .text(let text): parts.append(text)
      case .template(let template): parts.append(render(template))
      case .diff(let label, let commit): parts.append(try await diff(label, to: commit))
      case .task: preconditionFailure("a step's prompt still speaks of its strategy's task")
      }
    }
    return parts.joined(separator: "\n\n")
  }

  private func render(_ template: PromptTemplate) -> String {
    template.render { name in
      switch name {
      case .taskID: order.task.id.text
      case .run: site.folder.run.text
      case .worktree: worktree
      case .item: order.step.item ?? ""
      case .variable(let variable): site.plan.value(ofVariable: variable, in: order.task) ?? ""
      case .needOutput(let need): order.mentioned[need]?.output ?? ""
      case .needBranch(let need): order.mentioned[need]?.branch ?? ""
      }
    }
  }

  /// From the task's start, not the step's: a reviewer that starts from the work would see nothing of it.
  private func diff(_ label: String, to commit: ObjectID) async throws -> String {
    let start = try await site.starts.taskStart(of: order)
    let diff = try await site.worktrees.diff(from: start, to: commit, limit: Self.diffLimit)
    let cut =
      diff.isCut
      ? "\n[the rest is left out; `git diff \(start.short) \(commit.short)` shows it]" : ""
    return StrategyText.quoted("\(label):", diff.text + cut)
  }
}
