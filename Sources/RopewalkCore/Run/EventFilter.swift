// Knows which events an observer wants to see. Unaware of observers.

/// Picks events by kind, task and agent; what is nil is not looked at.
package struct EventFilter: Sendable, Equatable {
  package var kinds: Set<String>?
  package var tasks: Set<TaskID>?
  package var agents: Set<String>?

  package static let all = EventFilter()

  package init(
    kinds: Set<String>? = nil, tasks: Set<TaskID>? = nil, agents: Set<String>? = nil
  ) {
    self.kinds = kinds
    self.tasks = tasks
    self.agents = agents
  }

  /// Whether the event is wanted. One that is about no task passes no filter of tasks, and so with agents; the end of
  /// the run passes every filter, so that every observer knows when no more will come.
  package func accepts(_ event: RunEvent) -> Bool {
    if case .runFinished = event.payload { return true }
    if let kinds, !kinds.contains(event.kind) { return false }
    if let tasks, !(event.subject.task.map(tasks.contains) ?? false) { return false }
    if let agents, !(event.subject.agent.map(agents.contains) ?? false) { return false }
    return true
  }
}

extension RunEvent {
  /// Every kind that an event of this version can have.
  package static let kinds = [
    "runStarted", "runResumed", "tasksRevived", "taskQueued", "taskStarted", "agentAssigned",
    "attemptStarted", "agentWorking",
    "agentMessage", "agentToolCall", "agentToolResult", "agentUsage", "agentUnknown",
    "verificationFinished", "attemptFinished", "attemptRetried", "fallback", "rateLimited",
    "waiting",
    "proposalMade", "debateRound", "decisionMade", "budgetWarned", "budgetExceeded", "cancelled",
    "paused", "resumed", "priorityChanged", "taskFinished", "errorOccurred", "runFinished",
  ]
}
