// Knows how a Markdown plan is written as a plan in JSON, and where in the Markdown an error of that
// plan comes from. Unaware of what is an error.

import RopewalkWire

extension MarkdownPlan {
  /// The plan in its JSON form, which is all that is ever decoded.
  package func planText() -> String { json.prettyText + "\n" }

  private var json: JSON {
    // The reader has told of a block that is no JSON5, and put `{}` in its place.
    let own = settings.flatMap { try? JSONDocument($0.text, dialect: .json5).root }
    let members = Self.withContext(own?.members.map { ($0.key, $0.value.json) } ?? [])
    let isNamed = title.isEmpty || members.contains { $0.0 == "name" }
    let ids = stages.map(\.id)
    return .object(
      (isNamed ? [] : [("name", .string(title))]) + members + [
        ("tasks", .array(stages.map { task($0, ids) }))
      ])
  }

  /// The plan's keys with a `context` among the defaults: what a stage's agent is told of the project
  /// and of the stages before, unless the keys say otherwise.
  private static func withContext(_ members: [(String, JSON)]) -> [(String, JSON)] {
    filling(members, "defaults") { defaults in
      filling(defaults, "context") { context in
        context
          + [("project", true), ("needs", true)].filter { key, _ in
            !context.contains { $0.0 == key }
          }
      }
    }
  }

  /// The members with those of one object among them changed, which is added where there is none.
  /// A value that is no object stays, to be refused.
  private static func filling(
    _ members: [(String, JSON)], _ key: String,
    _ change: ([(String, JSON)]) -> [(String, JSON)]
  ) -> [(String, JSON)] {
    guard let place = members.firstIndex(where: { $0.0 == key }) else {
      return members + [(key, .object(change([])))]
    }
    guard case .object(let own) = members[place].1 else { return members }
    var members = members
    members[place].1 = .object(change(own))
    return members
  }

  private func task(_ stage: MarkdownStage, _ ids: [String]) -> JSON {
    .known([
      ("id", .string(stage.id)), ("prompt", .string(prompt(stage))),
      (
        "needs",
        stage.needs.isEmpty ? nil : .array(stage.needs.map { .string(ids[$0.value]) })
      ),
      stage.agent.map { (isAgent($0.value) ? "agent" : "runner", .string($0.value)) }
        ?? ("agent", nil),
      (
        "verify",
        stage.verify.isEmpty ? nil : .array(stage.verify.map { .string($0.value) })
      ),
    ])
  }

  /// Whether a name means one of the plan's agents, be it misspelt, and not a runner.
  private func isAgent(_ name: String) -> Bool {
    let agents = settings?.agents ?? []
    if agents.contains(name) { return true }
    let isRunner = BuiltInRunners.files.contains { $0.name == name + ".json" }
    return !isRunner && NearName.nearest(to: name, in: agents) != nil
  }

  /// What the stage's agent is told: every part under a heading of its own.
  private func prompt(_ stage: MarkdownStage) -> String {
    let literal = { (text: String) in PromptTemplate(literal: text).source }
    let phase = phases[stage.phase]
    var text = """
      # Stage \(stage.number): \(literal(stage.name))

      This is one stage of \(literal(title.quoted)), phase \(phase.number)\
      \(phase.name.isEmpty ? "" : " (\(literal(phase.name)))"). \
      Do this stage and no other. You work in {{worktree}}.
      """
    if !stage.introduction.isEmpty { text += "\n\n" + stage.introduction }
    for label in MarkdownStage.Label.told {
      guard let part = stage.parts[label] else { continue }
      text += "\n\n## \(label.rawValue)\n\n\(part)"
    }
    return text
  }
}

extension PlanDecoder {
  /// Decodes a plan written in Markdown; every refusal names its line there.
  package func decode(markdown bytes: [UInt8]) -> Result<Plan, PlanErrors> {
    let read: (plan: MarkdownPlan?, errors: [PlanError])
    do throws(PlanErrors) {
      read = try MarkdownPlanReader.read(bytes)
    } catch {
      return .failure(error)
    }
    guard let plan = read.plan else { return .failure(PlanErrors(read.errors)) }
    switch decode(Array(plan.planText().utf8)) {
    case .success(let decoded):
      return read.errors.isEmpty ? .success(decoded) : .failure(PlanErrors(read.errors))
    case .failure(let refusal):
      let errors = read.errors + refusal.errors.map(plan.retold)
      let ordered = errors.enumerated().sorted {
        ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
      }
      return .failure(PlanErrors(ordered.map(\.element)))
    }
  }
}

extension MarkdownPlan {
  /// An error of the JSON form at the line of the Markdown that it comes from.
  func retold(_ error: PlanError) -> PlanError {
    var error = error
    error.column = nil
    var path = PlanPath(error.path)
    if path.takeKey("tasks"), let index = path.takeIndex(), stages.indices.contains(index) {
      error.line = line(in: stages[index], &path)
    } else if let place = settingsPlace(error.path) {
      (error.line, error.column) = (place.line, place.column)
    } else {
      error.line = titleLine
    }
    return error
  }

  private func line(in stage: MarkdownStage, _ path: inout PlanPath) -> Int {
    if path.takeKey("agent") || path.takeKey("runner") { return stage.agent?.line ?? stage.line }
    if path.takeKey("needs"), let need = path.takeIndex(), stage.needs.indices.contains(need) {
      return stage.needs[need].line
    }
    if path.takeKey("verify"), let command = path.takeIndex(),
      stage.verify.indices.contains(command)
    {
      return stage.verify[command].line
    }
    return stage.line
  }

  /// Where a value of the `json5` block stands; nil for one that is not in it.
  private func settingsPlace(_ path: String) -> TextPlace? {
    // In a block that cannot be read nothing has a place of its own.
    guard let settings, let document = try? JSONDocument(settings.text, dialect: .json5) else {
      return nil
    }
    var path = PlanPath(path)
    var value = document.root
    var offset: Int?
    descent: while true {
      if let index = path.takeIndex() {
        guard let element = value.elements.dropFirst(index).first(where: { _ in true }) else {
          break
        }
        (value, offset) = (element, element.start)
        continue
      }
      for member in value.members where path.takeKey(member.key) {
        (value, offset) = (member.value, member.keyOffset)
        continue descent
      }
      break
    }
    return offset.map { offset in
      let place = document.place(at: offset)
      return TextPlace(line: settings.line + place.line - 1, column: place.column)
    }
  }
}

/// The path of an error, taken apart from its beginning: `tasks[3].needs[0]`.
private struct PlanPath {
  private var rest: Substring

  init(_ path: String) { rest = path[...] }

  mutating func takeKey(_ key: String) -> Bool {
    for spelt in [key, "." + key, "[\(JSON.string(key).text)]"] where rest.hasPrefix(spelt) {
      let after = rest.dropFirst(spelt.count)
      guard after.isEmpty || after.first == "." || after.first == "[" else { continue }
      rest = after
      return true
    }
    return false
  }

  mutating func takeIndex() -> Int? {
    guard rest.first == "[", let end = rest.firstIndex(of: "]"),
      let index = Int(rest[rest.index(after: rest.startIndex)..<end])
    else { return nil }
    rest = rest[rest.index(after: end)...]
    return index
  }
}
