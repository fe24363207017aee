// Knows what a plan says of an agent. Unaware of runners, which know how to start it.

import RopewalkWire

/// A named way to use a runner: `{"runner":"claude","model":"opus","role":"Design only."}`.
package struct AgentRole: Sendable, Equatable {
  package var name: String
  /// The name of a runner; whether there is one of that name is the runner catalog's to say.
  package var runner: String
  /// As the agent's CLI calls it; nil leaves the choice to the CLI.
  package var model: String?
  /// Instructions that stand before every prompt.
  package var role: String?
  /// Given to the CLI after the runner's own arguments.
  package var arguments: [String]
  /// Added to the child's environment. May hold secrets, so it stays out of messages.
  package var env: [String: String]
  /// The program and its arguments, for the runner `command` alone. Never empty.
  package var command: [String]?
  /// JSON text that says how the program's output is read, for the runner `command` alone: `"jsonl"` or an
  /// object as a runner file has it.
  package var output: String?
  /// The most tasks that it carries at a time; nil where the plan sets no limit.
  package var maxTasks: Int?
  /// How much its vote counts where votes are weighted.
  package var weight: Double
  /// What it is good at, in words of the plan's own.
  package var capabilities: [String]
  /// Agents or runners that take over when it cannot; nil is its runner's family.
  package var fallback: [String]?
  /// What all of its attempts in a run may use together.
  package var budget: Budget?
  /// What its attempts may use, where the task does not say it.
  package var limits: TaskLimits
  /// How its attempts are confined, where the task does not say it.
  package var sandbox: Sandbox?

  /// The most items or unassigned tasks that an agent carries at a time, where it sets no `maxTasks`.
  package static let standardMaxTasks = 3

  package init(
    name: String, runner: String, model: String? = nil, role: String? = nil,
    arguments: [String] = [], env: [String: String] = [:], command: [String]? = nil,
    output: String? = nil, maxTasks: Int? = nil, weight: Double = 1, capabilities: [String] = [],
    fallback: [String]? = nil, budget: Budget? = nil, limits: TaskLimits = TaskLimits(),
    sandbox: Sandbox? = nil
  ) {
    self.name = name
    self.runner = runner
    self.model = model
    self.role = role
    self.arguments = arguments
    self.env = env
    self.command = command
    self.output = output
    self.maxTasks = maxTasks
    self.weight = weight
    self.capabilities = capabilities
    self.fallback = fallback
    self.budget = budget
    self.limits = limits
    self.sandbox = sandbox
  }

  /// What tells one agent from another where it is found and replaced: a task may ask for another model.
  package struct Identity: Hashable, Sendable {
    var name: String
    var runner: String
    var model: String?
  }

  package var identity: Identity { Identity(name: name, runner: runner, model: model) }

  /// What stands before every prompt: the role, then the skills; nil where the plan says neither.
  package var introduction: String? {
    let skills =
      capabilities.isEmpty ? nil : "Your skills: \(capabilities.joined(separator: ", "))."
    let parts = [role, skills].compactMap(\.self)
    return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
  }

  var json: JSON {
    .known([
      ("runner", .string(runner)), ("model", model.map(JSON.string)),
      ("role", role.map(JSON.string)),
      ("arguments", arguments.isEmpty ? nil : .array(arguments.map(JSON.string))),
      ("env", env.isEmpty ? nil : .sorted(env)),
      ("command", command.map { .array($0.map(JSON.string)) }),
      ("output", output.map { .raw(Array($0.utf8)) }), ("maxTasks", maxTasks.map(JSON.int)),
      ("weight", weight == 1 ? nil : .double(weight)),
      ("capabilities", capabilities.isEmpty ? nil : .array(capabilities.map(JSON.string))),
      ("fallback", fallback.map { .array($0.map(JSON.string)) }),
      ("budget", budget.map(\.json)), ("limits", limits.json),
      ("sandbox", sandbox.map { .string($0.rawValue) }),
    ])
  }
}

extension JSON {
  /// An object of texts, by key.
  static func sorted(_ texts: [String: String]) -> JSON {
    .object(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
  }
}
