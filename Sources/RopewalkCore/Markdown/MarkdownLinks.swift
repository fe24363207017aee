// Knows how stages say which others they depend on. Unaware of cycles, which a plan's decoder tells.

/// Resolves what stages depend on.
struct MarkdownLinks {
  private typealias Number = MarkdownStage.Number

  private let plan: MarkdownPlan
  private let byNumber: [Number: Int]
  private let byName: [String: [Int]]
  /// The stages of each phase, by the phase's place.
  private var byPhase: [[Int]]
  private(set) var errors: [PlanError] = []

  init(_ plan: MarkdownPlan) {
    self.plan = plan
    let stages = plan.stages.enumerated()
    byNumber = Dictionary(stages.map { ($1.number, $0) }) { first, _ in first }
    byName = Dictionary(grouping: plan.stages.indices) { plan.stages[$0].name.lowercased() }
    byPhase = Array(repeating: [], count: plan.phases.count)
    for (index, stage) in stages { byPhase[stage.phase].append(index) }
  }

  /// The stages that a stage needs: those it names, else all of the phase before its own.
  mutating func needs(
    of stage: Int, saying items: [MarkdownStage.Place<String>]?
  ) -> [MarkdownStage.Place<Int>] {
    guard let items else {
      let own = plan.stages[stage]
      let before = own.phase > 0 ? byPhase[own.phase - 1] : []
      return before.map { MarkdownStage.Place(value: $0, line: own.line) }
    }
    var needs: [MarkdownStage.Place<Int>] = []
    var known: Set<Int> = []
    for item in items {
      for need in resolve(item.value, of: stage, item.line) where known.insert(need).inserted {
        needs.append(MarkdownStage.Place(value: need, line: item.line))
      }
    }
    return needs
  }

  /// The stages of one item, which may name several; what is unknown is told.
  private mutating func resolve(_ text: String, of stage: Int, _ line: Int) -> [Int] {
    let text = Self.bare(text)
    if ["none", "nothing", "-", "n/a"].contains(text.lowercased()) { return [] }
    if let stages = stages(called: text) { return stages }
    for separator in [";", ",", " and ", " & "] {
      let pieces = Self.split(text, separator)
      guard pieces.count > 1 else { continue }
      return pieces.flatMap { resolve($0, of: stage, line) }
    }
    errors.append(unknown(text, of: stage, line))
    return []
  }

  /// Nil when the text as a whole names nothing.
  private func stages(called text: String) -> [Int]? {
    if let named = byName[text.lowercased()], named.count == 1 { return named }
    if let heading = MarkdownHeading(text, word: "Phase"), heading.numbers.count == 1,
      heading.name.isEmpty,
      let phase = plan.phases.firstIndex(where: { $0.number == heading.numbers[0] })
    {
      return byPhase[phase]
    }
    let spelt = text.first?.isNumber == true ? "Stage " + text : text
    guard let heading = MarkdownHeading(spelt, word: "Stage"), heading.numbers.count == 2,
      let stage = byNumber[Number(phase: heading.numbers[0], stage: heading.numbers[1])]
    else { return nil }
    // Words after the number must be its name or a remark, not one more stage.
    let name = heading.name
    let isRemark = name.hasPrefix("(") && name.firstIndex(of: ")") == name.indices.last
    let isOwn = name.lowercased() == plan.stages[stage].name.lowercased()
    return name.isEmpty || isRemark || isOwn ? [stage] : nil
  }

  private func unknown(_ text: String, of stage: Int, _ line: Int) -> PlanError {
    let owner = "stage \(plan.stages[stage].number)"
    if text.isEmpty {
      return PlanError(
        line: line, message: "\(owner) has an empty \("Depends on".quoted)",
        hint: "name stages as in `1.2`, or write `none`")
    }
    if let twins = byName[text.lowercased()] {
      let numbers = twins.map { "\(plan.stages[$0].number)" }.joined(separator: ", ")
      return PlanError(
        line: line,
        message: "\(owner) depends on \(text.quoted), the name of \(twins.count) stages",
        hint: "name one by its number: \(numbers)")
    }
    let isNumber = text.contains { $0.isNumber }
    let known = plan.stages.map { isNumber ? "\($0.number)" : $0.name }
    return PlanError(
      line: line,
      message: "\(owner) depends on \(text.quoted), which the plan does not have",
      hint: NearName.hint(for: text, in: known, owner: "the stages are")
        ?? "the plan has \(Wording.count(known.count, "stage"))")
  }

  private static func bare(_ text: String) -> String {
    var text = text.filter { $0 != "`" }.trimmingSpace
    if text.hasSuffix(".") { text = text.dropLast().trimmingSpace }
    // The last of several after a comma: "1.1, 1.2, and 2.1".
    return text.lowercased().hasPrefix("and ") ? text.dropFirst(4).trimmingSpace : text
  }

  private static func split(_ text: String, _ separator: String) -> [String] {
    var pieces: [String] = []
    var rest = text[...]
    while let range = rest.firstRange(of: separator) {
      pieces.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    return (pieces + [String(rest)]).map(\.trimmingSpace).filter { !$0.isEmpty }
  }
}
