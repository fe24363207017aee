// Knows what a plan asks of one task, every default filled in. Unaware of how far the task has come.

import RopewalkWire

/// One task of a plan.
package struct PlanTask: Sendable, Equatable {
  package var id: TaskID
  package var prompt: PromptTemplate
  /// The tasks whose ends it waits for, as places in `Plan.tasks`, in the order of the plan's text.
  package var needs: [Int]
  /// The agent that does it; nil when the plan names a runner instead.
  package var agentName: String?
  /// The agent's runner, or the one that the task names; empty when neither is named.
  package var runnerName: String
  /// The task's model, else its agent's; nil leaves the choice to the CLI.
  package var model: String?
  /// The priorities that there are.
  package static let priorities = -1_000_000...1_000_000
  /// Tasks of a higher priority start first.
  package var priority: Int
  /// The longest that an attempt may take; nil is without limit.
  package var timeout: Duration?
  /// The longest that an attempt may print nothing; nil is without limit.
  package var idleTimeout: Duration?
  /// How long an attempt has to end by itself when it is told to.
  package var grace: Duration
  package var retry: RetryPolicy
  package var onError: OnError
  package var when: StartCondition
  package var expect: Expectation
  package var worktree: WorktreePolicy
  /// Commands that must all pass on the result; none are no verification.
  package var verify: [VerifyCommand]
  /// How often a refused result goes back to its agent.
  package var repair: Int
  /// Its own values for `{{vars.…}}`, which stand above the plan's.
  package var vars: [String: String]
  /// How it uses agents.
  package var strategy: Strategy
  /// What its agent must be capable of.
  package var capabilities: [String]
  /// What all of its attempts may use together.
  package var budget: Budget?
  /// What becomes of the work of an attempt that failed.
  package var partialWork: PartialWork
  /// What its agents are told beside its prompt; nil is nothing.
  package var context: TaskContext?
  /// What it says itself of what its attempts may use; see `Plan.limits(of:by:)`.
  package var limits: TaskLimits
  /// How it says itself that its attempts are confined; see `Plan.sandbox(of:by:)`.
  package var sandbox: Sandbox?
  /// How much it must have for itself of what the plan's `resources` name.
  package var resources: [String: Int] = [:]
  /// What it may change: no other task that could change the same runs at the same time.
  package var touches: [PathPattern] = []

  package static let standardGrace = Duration.seconds(10)

  package init(
    id: TaskID, prompt: PromptTemplate, needs: [Int] = [], agentName: String? = nil,
    runnerName: String, model: String? = nil, priority: Int = 0, timeout: Duration? = nil,
    idleTimeout: Duration? = nil, grace: Duration = standardGrace, retry: RetryPolicy = .none,
    onError: OnError = .continue, when: StartCondition = .success, expect: Expectation = .either,
    worktree: WorktreePolicy = .own,
    verify: [VerifyCommand] = [], repair: Int = 1, vars: [String: String] = [:],
    strategy: Strategy = .single, capabilities: [String] = [], budget: Budget? = nil,
    partialWork: PartialWork = .setAside, context: TaskContext? = nil,
    limits: TaskLimits = TaskLimits(), sandbox: Sandbox? = nil
  ) {
    self.id = id
    self.prompt = prompt
    self.needs = needs
    self.agentName = agentName
    self.runnerName = runnerName
    self.model = model
    self.priority = priority
    self.timeout = timeout
    self.idleTimeout = idleTimeout
    self.grace = grace
    self.retry = retry
    self.onError = onError
    self.when = when
    self.expect = expect
    self.worktree = worktree
    self.verify = verify
    self.repair = repair
    self.vars = vars
    self.strategy = strategy
    self.capabilities = capabilities
    self.budget = budget
    self.partialWork = partialWork
    self.context = context
    self.limits = limits
    self.sandbox = sandbox
  }

  /// Whether the plan says who does it: an agent or a runner.
  package var isAssigned: Bool { !runnerName.isEmpty }

  /// Every prompt by which its agents are asked.
  package var prompts: [PromptTemplate] { [prompt] + strategy.prompts }

  /// Tries in all that the task has before it fails; repairs do not count.
  package var allowedTries: Int { retry.attempts }

  /// The task as the plan's text would have it; `ids` are those of all tasks.
  func json(in plan: Plan) -> JSON {
    .known([
      ("id", .string(id.text)), ("prompt", .string(prompt.source)),
      ("needs", needs.isEmpty ? nil : .array(needs.map { .string(plan.tasks[$0].id.text) })),
      agentName.map { ("agent", .string($0)) }
        ?? ("runner", isAssigned ? .string(runnerName) : nil),
      ("model", model.map(JSON.string)), ("priority", .int(priority)),
      ("timeout", timeout.map { .string(DurationText.spelt($0)) }),
      ("idleTimeout", idleTimeout.map { .string(DurationText.spelt($0)) }),
      ("grace", .string(DurationText.spelt(grace))), ("retry", retry.json),
      ("onError", .string(onError.rawValue)), ("when", .string(when.rawValue)),
      ("expect", .string(expect.rawValue)), ("worktree", .string(worktree.rawValue)),
      ("verify", .array(verify.map(\.json))),
      ("repair", .int(repair)), ("vars", vars.isEmpty ? nil : .sorted(vars)),
      ("strategy", strategy == .single ? JSON?.none : strategy.json),
      ("capabilities", capabilities.isEmpty ? nil : .array(capabilities.map(JSON.string))),
      ("budget", budget.map(\.json)),
      ("partialWork", partialWork == .setAside ? nil : .string(partialWork.rawValue)),
      ("context", context?.json), ("limits", limits.json),
      ("sandbox", sandbox.map { .string($0.rawValue) }), ("resources", .counts(resources)),
      ("touches", touches.isEmpty ? nil : .array(touches.map { .string($0.text) })),
    ])
  }
}
