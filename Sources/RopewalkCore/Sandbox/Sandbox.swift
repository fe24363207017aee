// Knows the ways in which an attempt can be confined. Unaware of how they are carried out.

/// What an attempt's processes cannot do.
package enum Sandbox: String, Sendable, CaseIterable {
  /// Nothing is kept from them.
  case none
  /// They can read what the user can, and write in their worktree and to their CLI's own state alone.
  case writeFence = "write-fence"
}

extension Plan {
  /// The limits of a task's attempts by an agent: the task's, else the agent's, else those of all.
  package func limits(of task: PlanTask, by agent: AgentRole?) -> TaskLimits {
    task.limits.over((agent?.limits ?? TaskLimits()).over(limits))
  }

  /// How a task's attempts by an agent are confined: as the task says, else the agent, else the plan.
  package func sandbox(of task: PlanTask, by agent: AgentRole?) -> Sandbox {
    task.sandbox ?? agent?.sandbox ?? sandbox ?? .none
  }
}
