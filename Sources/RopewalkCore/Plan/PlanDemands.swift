// Knows how a plan says what its machine must have left and what tasks must have for themselves.
// Unaware of who gets it.

import RopewalkWire

extension StrictReader {
  // MARK: - The machine

  /// `false`, or `{ memory: "1G", load: 16, disk: "1G" }`, each of which may be `false`.
  mutating func admission(_ value: JSONValue) -> Admission? {
    if value.bool == false { return Admission.none }
    guard value.kind == .object else {
      let hint = "as in admission: { memory: \"1G\", load: 16 }"
      if value.kind == .bool {
        note("\(label) cannot be true", hint: hint, at: value.start)
      } else {
        wrongType(value, "an object or false", hint: hint)
      }
      return nil
    }
    var admission = Admission.standard
    let keys = Keys(owner: "`admission`", known: ["memory", "load", "disk"])
    object(value, keys) { reader, key, value in
      if value.bool == false {
        switch key {
        case "memory": admission.memory = nil
        case "load": admission.load = nil
        default: admission.disk = nil
        }
        return
      }
      switch key {
      case "memory": admission.memory = reader.size(value) ?? admission.memory
      case "load": admission.load = reader.number(value, in: 0.01...1_000_000)
      default: admission.disk = reader.size(value) ?? admission.disk
      }
    }
    return admission
  }

  private mutating func size(_ value: JSONValue) -> Int? {
    guard let text = value.string else {
      wrongType(value, "a size such as \"1G\", or false", hint: SizeText.rule)
      return nil
    }
    if let bytes = SizeText.parse(text) { return bytes }
    note("\(label) is \(text.quoted), which is no size", hint: SizeText.rule, at: value.start)
    return nil
  }

  // MARK: - What tasks have for themselves

  /// `{ db: 1, gpu: 2 }`: how much there is, or how much is wanted.
  mutating func resources(_ value: JSONValue) -> [String: Int] {
    var resources: [String: Int] = [:]
    names(value) { reader, member in
      if TaskID(member.key) == nil {
        reader.note(
          "\(member.key.quoted) is no name of a resource", hint: "a name is \(TaskID.rule)",
          at: member.keyOffset)
      }
      resources[member.key] = reader.whole(member.value, in: 1...1_000_000)
    }
    return resources
  }

  mutating func touches(_ value: JSONValue) -> [PathPattern] {
    list(value) { reader, element in
      guard let text = reader.filledText(element) else { return nil }
      if let pattern = PathPattern(text) { return pattern }
      reader.note(
        "\(text.quoted) is no path within the repository",
        hint: "write it from the top of the repository, as in \"src/api/**\"", at: element.start)
      return nil
    } ?? []
  }

  /// What a task wants must be there, or it would wait for ever.
  mutating func checkResources(_ task: Int, _ value: JSONValue, _ drafts: TaskDrafts) {
    guard let wanted = value["resources"], wanted.kind == .object else { return }
    let supply = drafts.plan.resources
    for member in wanted.members {
      let path: [Step] = [.key("tasks"), .index(task), .key("resources"), .key(member.key)]
      guard let there = supply[member.key] else {
        let near = NearName.hint(
          for: member.key, in: supply.keys.sorted(), owner: "the plan defines")
        note(
          "\(drafts.called(task)) wants the resource \(member.key.quoted), which the plan does not define",
          hint: near ?? "define it, as in resources: { db: 1 }", at: member.keyOffset, path: path)
        continue
      }
      guard let count = member.value.int, count > there else { continue }
      note(
        "\(drafts.called(task)) wants \(count) of \(member.key.quoted), and there "
          + (there == 1 ? "is 1" : "are \(there)"),
        hint: "want less, or say in `resources` of the plan that there is more",
        at: member.value.start, path: path)
    }
  }
}

extension PlanTask {
  /// What it must have for itself while it runs.
  package var demand: Demand { Demand(resources: resources, touches: touches) }
}

extension JSON {
  /// An object of numbers, by key; nil when there are none.
  static func counts(_ counts: [String: Int]) -> JSON? {
    counts.isEmpty
      ? nil : .object(counts.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })
  }
}
