// Knows how strategies nest and how the outermost one becomes a task's result. Unaware of slots and processes.

/// The strategy of one task under way.
///
/// Each strategy in it is a node; what a node asks of a nested strategy makes another node. Requests to agents become
/// steps, which are numbered in the order in which they were asked for.
package struct StrategyRun: Sendable {
  package enum Effect: Sendable {
    /// To be done when there is a slot; its end is reported by `ended`.
    case step(Int, Step)
    case tell(StrategyNews)
    /// These steps are not wanted any more; their ends are still reported.
    case endSteps([Int])
    case finish(Finish)
  }

  /// How the task ended.
  package struct Finish: Sendable {
    /// Nil for a success, whose last step holds the result.
    package var cause: FailureCause?
    package var message: String?
    package var isPartial = false
  }

  private struct Node {
    var machine: any StrategyMachine
    var onError: OnError?
    /// The request that this node answers; nil for the outermost.
    var parent: (node: Int, request: StrategyRequest)?
    var prompt: [PromptPiece]
    var place: Int
    var start: ObjectID?
    var ownPlaces: [Int: Int] = [:]
    /// What it ended with, while its parts are merged.
    var end: StrategyEnd?
  }

  private let plan: Plan
  private let task: PlanTask
  private var nodes: [Node] = []
  /// By step, who asked for it.
  private var askers: [(node: Int, key: Int)] = []
  private var open: Set<Int> = []
  private var places = 1
  private var repairs = 0
  private var isFinished = false
  /// Whether a strategy within brought only a part.
  private var holdsPart = false

  package init(_ task: PlanTask, in plan: Plan) {
    self.task = task
    self.plan = plan
  }

  package mutating func begin() -> [Effect] {
    guard !task.strategy.members.isEmpty else {
      // The plainest task publishes its own result: nothing has to be merged.
      var step = Step(
        task.isAssigned ? .agent(plan.agent(of: task)) : .anyAgent, role: .work,
        member: task.agentName ?? task.runnerName, prompt: [.template(task.prompt)],
        expect: task.expect)
      (step.verifies, step.publishes) = (true, true)
      return [add(step, node: -1, key: 0)]
    }
    return begin(
      task.strategy, parent: nil, prompt: [.template(task.prompt)], place: 0, start: nil)
  }

  /// A step has ended, its retries included.
  package mutating func ended(_ step: Int, _ result: AttemptResult) -> [Effect] {
    open.remove(step)
    guard !isFinished else { return [] }
    let (node, key) = askers[step]
    if node == -1 { return plainEnded(result) }
    switch key {
    case Self.concluding: return concluded(node, result)
    case Self.repairing: return repaired(node, result)
    default: return carryOut(nodes[node].machine.ended(key, result), node)
    }
  }

  // Keys of the steps that a run adds to those of its strategies; theirs are above.
  private static let concluding = Int.min
  private static let repairing = Int.min + 1

  private mutating func plainEnded(_ result: AttemptResult) -> [Effect] {
    isFinished = true
    return [.finish(Finish(cause: result.cause, message: nil))]
  }

  // MARK: - Nodes

  private mutating func begin(
    _ strategy: Strategy, parent: (node: Int, request: StrategyRequest)?,
    prompt: [PromptPiece], place: Int, start: ObjectID?
  ) -> [Effect] {
    nodes.append(
      Node(
        machine: machine(strategy), onError: strategy.onError, parent: parent, prompt: prompt,
        place: place, start: start))
    let node = nodes.count - 1
    return carryOut(nodes[node].machine.begin(), node)
  }

  private mutating func carryOut(_ moves: [StrategyMove], _ node: Int) -> [Effect] {
    var effects: [Effect] = []
    for move in moves {
      switch move {
      case .ask(let request): effects += ask(request, node)
      case .tell(let news): effects.append(.tell(news))
      case .endOthers: effects.append(.endSteps(open.filter { isBelow($0, node) }.sorted()))
      case .finish(let end): effects += finish(end, node)
      }
    }
    return effects
  }

  private func isBelow(_ step: Int, _ node: Int) -> Bool {
    var at: Int? = askers[step].node
    while let here = at, here >= 0 {
      if here == node { return true }
      at = nodes[here].parent?.node
    }
    return false
  }

  private mutating func ask(_ request: StrategyRequest, _ node: Int) -> [Effect] {
    let place = place(request.place, node)
    let start = request.start ?? nodes[node].start
    let own = request.doer.ownPrompt
    let prompt = request.prompt.flatMap { piece in
      piece == .task ? own.map { [.template($0)] } ?? nodes[node].prompt : [piece]
    }
    if case .member(let member) = request.doer, case .strategy(let nested) = member.doer {
      return begin(
        nested, parent: (node, request), prompt: prompt, place: place, start: start)
    }
    var step = Step(
      work(request.doer), role: request.role, member: request.label, round: request.round,
      prompt: prompt, place: place, start: start, expect: request.expect ?? task.expect,
      verifies: request.verifies, item: request.item)
    step.isRetried = nodes[node].onError == .retry
    return [add(step, node: node, key: request.key)]
  }

  private mutating func place(_ place: StrategyRequest.Place, _ node: Int) -> Int {
    switch place {
    case .shared: return nodes[node].place
    case .own(let key):
      if let known = nodes[node].ownPlaces[key] { return known }
      nodes[node].ownPlaces[key] = places
      places += 1
      return places - 1
    }
  }

  private func work(_ doer: StrategyRequest.Doer) -> Step.Work {
    switch doer {
    case .paths(let glob): .paths(glob: glob)
    case .text: .text
    case .member(let member): .agent(agent(member))
    }
  }

  private func agent(_ member: StrategyMember) -> AgentRole {
    let name = member.agents[0]
    guard let agent = plan.agents.first(where: { $0.name == name }) else {
      preconditionFailure("the plan has no agent `\(name)`")
    }
    return agent
  }

  private mutating func add(_ step: Step, node: Int, key: Int) -> Effect {
    askers.append((node, key))
    open.insert(askers.count - 1)
    return .step(askers.count - 1, step)
  }

  private func machine(_ strategy: Strategy) -> any StrategyMachine {
    func roles(_ members: [StrategyMember]) -> [AgentRole?] {
      members.map { member in
        guard case .agent(let name) = member.doer else { return nil }
        return plan.agents.first { $0.name == name }
      }
    }
    let onError = strategy.onError
    switch strategy.kind {
    case .single, .auto:
      preconditionFailure("`\(strategy.name)` has no members: `\(task.id)` is done by one agent")
    case .multi(let members, let rounds):
      return MultiStrategy(members, rounds: rounds, onError: onError)
    case .parallel(let members): return ParallelStrategy(members, onError: onError)
    case .debate(let members, let rounds, let rule):
      return DebateStrategy(
        members, weights: roles(members).map { $0?.weight ?? 1 }, rounds: rounds, rule,
        onError: onError)
    case .split(let source, let pool, let deal, let max):
      let hands = zip(pool, roles(pool)).map { member, role in
        SplitStrategy.Hand(
          member: member, capabilities: Set(role?.capabilities ?? []),
          limit: role?.maxTasks ?? AgentRole.standardMaxTasks)
      }
      return SplitStrategy(source, pool: hands, deal, max: max, onError: onError)
    case .candidates(let members, let pick):
      return CandidatesStrategy(members, pick: pick, onError: onError)
    }
  }

  // MARK: - Ends

  private mutating func finish(_ end: StrategyEnd, _ node: Int) -> [Effect] {
    nodes[node].end = end
    guard end.cause == nil else { return settle(node, commit: nil) }
    guard let parent = nodes[node].parent else { return [conclude(node, end.parts)] }
    if end.parts.count > 1 || (parent.request.verifies && !task.verify.isEmpty) {
      return [conclude(node, end.parts)]
    }
    return settle(node, commit: end.parts.first?.commit)
  }

  /// Makes one result of what a strategy brought: merged, and where it is asked for verified.
  private mutating func conclude(_ node: Int, _ parts: [Step.Part]) -> Effect {
    let isOutermost = nodes[node].parent == nil
    let isVerified = isOutermost || nodes[node].parent?.request.verifies == true
    let step = Step(
      .merge(parts), role: .conclusion, member: task.strategy.name, place: nodes[node].place,
      start: nodes[node].start, expect: isOutermost ? task.expect : .either, verifies: isVerified,
      publishes: isOutermost, answer: nodes[node].end?.text)
    return add(step, node: node, key: Self.concluding)
  }

  private mutating func concluded(_ node: Int, _ result: AttemptResult) -> [Effect] {
    if result.cause == .rejected, repairs < task.repair, let repair = repair(node, result) {
      return repair
    }
    if let cause = result.cause {
      nodes[node].end?.cause = cause
      nodes[node].end?.message = result.message
    }
    return settle(node, commit: result.commit)
  }

  /// Gives what the verification refused to the one who can mend it, in the place where it was merged.
  private mutating func repair(_ node: Int, _ result: AttemptResult) -> [Effect]? {
    guard let repairer = nodes[node].end?.repairer, case .agent = repairer.doer else { return nil }
    repairs += 1
    let words = PromptText.repair(
      task: "", failure: result.message ?? "", tail: result.stderrTail ?? "", hasSession: true)
    let step = Step(
      .agent(agent(repairer)), role: .work, member: StrategyMember.labels([repairer])[0],
      round: repairs + 1, prompt: nodes[node].prompt + [.text(words)], place: nodes[node].place,
      // Without a commit nothing was changed yet.
      start: result.commit ?? nodes[node].start, expect: .either)
    return [add(step, node: node, key: Self.repairing)]
  }

  private mutating func repaired(_ node: Int, _ result: AttemptResult) -> [Effect] {
    guard result.cause == nil, let commit = result.commit else {
      nodes[node].end?.cause = result.cause ?? .rejected
      nodes[node].end?.message =
        result.message ?? "the verification still fails: nothing was changed"
      return settle(node, commit: nil)
    }
    return [conclude(node, [Step.Part(label: "repair", commit: commit)])]
  }

  /// Hands a node's end to whoever asked for it.
  private mutating func settle(_ node: Int, commit: ObjectID?) -> [Effect] {
    guard let end = nodes[node].end else { return [] }
    guard let (parent, request) = nodes[node].parent else {
      isFinished = true
      return [
        .finish(
          Finish(
            cause: end.cause, message: end.message, isPartial: end.isPartial || holdsPart))
      ]
    }
    if end.isPartial, end.cause == nil { holdsPart = true }
    var result = AttemptResult()
    result.cause = end.cause
    result.message = end.message
    result.text = end.text
    result.commit = commit
    if end.cause == nil { result.verdict = commit == nil ? .answered : .changed }
    return carryOut(nodes[parent].machine.ended(request.key, result), parent)
  }
}

extension StrategyRequest.Doer {
  fileprivate var ownPrompt: PromptTemplate? {
    if case .member(let member) = self { member.prompt } else { nil }
  }
}
