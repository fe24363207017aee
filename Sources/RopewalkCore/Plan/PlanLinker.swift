// Knows how the names that tasks have for each other become numbers, and which lead nowhere.
// Unaware of everything else about tasks.

/// The ids of a plan's tasks, found by name. Case is told apart, yet two ids may not differ by it alone.
private struct TaskNames {
  private let ids: [String]
  private var byFolded: [String: Int]
  /// Ids that differ from an earlier one by case alone.
  private var twins: [String: Int] = [:]
  /// How many more suggestions may be looked for: each one costs a look at every id.
  private var searchesLeft: Int

  init(_ ids: [String]) {
    self.ids = ids
    byFolded = Dictionary(minimumCapacity: ids.count)
    searchesLeft = max(20, 2_000_000 / max(ids.count, 1))
  }

  /// Takes up an id; returns the task that has it already, be it in another case.
  mutating func define(_ id: String, as task: Int) -> Int? {
    let folded = id.lowercased()
    guard let first = byFolded[folded] else {
      byFolded[folded] = task
      return nil
    }
    if let twin = twins[id] { return twin }
    if ids[first] != id { twins[id] = task }
    return first
  }

  func task(named name: String) -> Int? {
    if let task = byFolded[name.lowercased()], ids[task] == name { return task }
    return twins[name]
  }

  mutating func hint(for name: String) -> String? {
    if let twin = byFolded[name.lowercased()] { return "did you mean \(ids[twin].quoted)?" }
    guard searchesLeft > 0 else { return nil }
    searchesLeft -= 1
    let known = ids.indices.filter { task(named: ids[$0]) == $0 }.map { ids[$0] }
    return NearName.hint(for: name, in: known, owner: "the plan defines")
      ?? "the plan defines \(ids.count) tasks"
  }
}

extension StrictReader {
  /// Resolves what the tasks say of each other and returns them with their needs.
  mutating func link(_ drafts: consuming TaskDrafts) -> [PlanTask] {
    var names = define(drafts)
    var tasks = drafts.tasks
    drafts.tasks = []
    let isComplete = resolveNeeds(&tasks, drafts, &names)
    let graph = TaskGraph(needs: tasks.lazy.map(\.needs))
    switch TopologicalSort(graph, priorities: tasks.map(\.priority)) {
    case .ordered(let order):
      // What a prompt may use follows from the needs, so it is judged only when those are all known.
      let reachability = isComplete ? Reachability(graph: graph, order: order) : nil
      checkPrompts(tasks, drafts, &names, reachability)
    case .cycles(let cycles):
      for cycle in cycles { tell(cycle, drafts) }
      checkPrompts(tasks, drafts, &names, nil)
    }
    return tasks
  }

  private mutating func define(_ drafts: borrowing TaskDrafts) -> TaskNames {
    let ids = drafts.ids.map(\.text)
    var names = TaskNames(ids)
    for (task, id) in ids.enumerated() where !id.isEmpty {
      guard let first = names.define(id, as: task) else { continue }
      let path: [Step] = [.key("tasks"), .index(task), .key("id")]
      let message =
        ids[first] == id
        ? "task \(id.quoted) is defined twice, first in `tasks[\(first)]`"
        : "task \(id.quoted) differs from \(ids[first].quoted) in `tasks[\(first)]` by case alone"
      let hint =
        ids[first] == id
        ? "give one of them another id"
        : "give one of them another id: some file systems would take them for the same"
      note(message, hint: hint, at: drafts.ids[task].offset, path: path)
    }
    return names
  }

  /// Whether all needs were found.
  private mutating func resolveNeeds(
    _ tasks: inout [PlanTask], _ drafts: borrowing TaskDrafts, _ names: inout TaskNames
  ) -> Bool {
    var isComplete = !drafts.hasUnreadNeeds
    // The last task that was seen to need each one, by which repeats are known.
    var lastUser = [Int](repeating: -1, count: tasks.count)
    for task in tasks.indices {
      let range = drafts.needs(of: task)
      var needs: [Int] = []
      needs.reserveCapacity(range.count)
      for place in range {
        let (name, offset) = drafts.needs[place]
        let path: [Step] = [
          .key("tasks"), .index(task), .key("needs"), .index(place - range.lowerBound),
        ]
        // An empty one stands for a value that was refused when it was read, or names nothing.
        guard let need = names.task(named: name) else {
          isComplete = false
          if name.isEmpty, drafts.refusedNeeds.contains(place) { continue }
          note(
            "\(drafts.called(task)) needs \(name.quoted), which the plan does not define",
            hint: names.hint(for: name), at: offset, path: path)
          continue
        }
        if need == task {
          note(
            "\(drafts.called(task)) needs itself", hint: "remove it from its own `needs`",
            at: offset, path: path)
        } else if lastUser[need] == task {
          note(
            "\(drafts.called(task)) lists its need \(name.quoted) twice",
            hint: "remove one of the two", at: offset, path: path)
        } else {
          lastUser[need] = task
          needs.append(need)
        }
      }
      tasks[task].needs = needs
    }
    return isComplete
  }

  /// Tells of a cycle at the need by which its first task enters it.
  private mutating func tell(_ cycle: [Int], _ drafts: borrowing TaskDrafts) {
    let ids = drafts.ids
    var shown = cycle.map { ids[$0].text }
    if shown.count > 20 {
      shown.replaceSubrange(10..<shown.count - 5, with: ["(\(shown.count - 15) more)"])
    }
    shown.append(ids[cycle[0]].text)
    let range = drafts.needs(of: cycle[0])
    let entry = drafts.needs[range].firstIndex { $0.name == ids[cycle[1]].text } ?? range.lowerBound
    note(
      "tasks wait for each other: `\(shown.joined(separator: " -> "))`",
      hint: "each needs the next one; remove one of these needs", at: drafts.needs[entry].offset,
      path: [
        .key("tasks"), .index(cycle[0]), .key("needs"), .index(entry - range.lowerBound),
      ])
  }

  // MARK: - Names in prompts

  private mutating func checkPrompts(
    _ tasks: [PlanTask], _ drafts: borrowing TaskDrafts, _ names: inout TaskNames,
    _ reachability: Reachability?
  ) {
    var questions: [(task: Int, need: Int)] = []
    var askers: [(prompt: Int, use: PromptTemplate.Use)] = []
    for prompt in drafts.prompts.indices {
      let task = drafts.prompts[prompt].task
      for use in drafts.prompts[prompt].template.uses {
        switch use.name {
        case .taskID, .worktree, .run: break
        case .item:
          if drafts.strategies[task]?.hasItems != true {
            refuse(
              use, prompt, drafts, "which stands for nothing without items",
              hint: "give the task strategy: { split: { by: { list: […] }, pool: […] } }")
          }
        case .variable(let name):
          if tasks[task].vars[name] == nil, drafts.plan.vars[name] == nil {
            refuseVariable(name, use, prompt, tasks[task], drafts)
          }
        case .needOutput(let id), .needBranch(let id):
          if let need = names.task(named: id.text) {
            questions.append((task, need))
            askers.append((prompt, use))
          } else {
            refuse(
              use, prompt, drafts, "and the plan has no task \(id.text.quoted)",
              hint: names.hint(for: id.text))
          }
        }
      }
    }
    guard let reachability, !questions.isEmpty else { return }
    let answers = reachability.answers(to: questions)
    for (index, isNeed) in answers.enumerated() where !isNeed {
      let (task, need) = questions[index]
      let id = drafts.ids[need].text.quoted
      refuse(
        askers[index].use, askers[index].prompt, drafts,
        task == need ? "which is there only after it" : "and the task does not need \(id)",
        hint: task == need
          ? "name another task" : "add \(id) to the `needs` of \(drafts.called(task))")
    }
  }

  private mutating func refuseVariable(
    _ name: String, _ use: PromptTemplate.Use, _ prompt: Int, _ task: PlanTask,
    _ drafts: borrowing TaskDrafts
  ) {
    let known = Set(task.vars.keys).union(drafts.plan.vars.keys).sorted()
    let near = NearName.hint(for: name, in: known, owner: "the variables are")
    refuse(
      use, prompt, drafts, "and the plan has no variable \(name.quoted)",
      hint: near ?? "add it to `vars`, or give it with `--var \(name)=VALUE`")
  }

  private mutating func refuse(
    _ use: PromptTemplate.Use, _ prompt: Int, _ drafts: borrowing TaskDrafts, _ why: String,
    hint: String?
  ) {
    let draft = drafts.prompts[prompt]
    let called = draft.place.called(
      drafts.called(draft.task), at: use.offset, in: draft.template.source)
    note(
      "\(called) uses `{{\(use.name.spelt)}}`, \(why)", hint: hint,
      at: draft.place.offset(of: use.offset), path: draft.path)
  }
}
