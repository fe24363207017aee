// Knows the order in which headings make a plan of a Markdown text, and which make none.
// Unaware of what stands within a stage.

import RopewalkWire

/// Reads the headings of a Markdown plan; everything that is wrong is told at once.
struct MarkdownPlanReader {
  /// Where the line that is read stands.
  private enum Place {
    case beforePhases
    case phase
    case stage
    /// A section for people, whose content is passed over.
    case aside
    /// A phase whose heading was refused, so that nothing more is said of its stages.
    case refusedPhase

    var isInPhase: Bool {
      switch self {
      case .phase, .stage: true
      case .beforePhases, .aside, .refusedPhase: false
      }
    }
  }

  private(set) var plan: MarkdownPlan?
  private(set) var errors: [PlanError] = []
  private var place = Place.beforePhases
  private var phaseLines: [Int] = []
  private var stageLines: [MarkdownStage.Number: Int] = [:]
  /// The phases, by place, below which there are stages, be they refused.
  private var filledPhases: Set<Int> = []
  private var hasUnreadSettings = false
  private var stageReader: MarkdownStageReader?
  /// What the stages say they depend on, by stage; nil where they say nothing.
  private var dependencies: [[MarkdownStage.Place<String>]?] = []

  /// - Returns: the plan as far as it could be read, nil when that is too little to look for more
  ///   mistakes in it, and what is wrong with it in the order of the text.
  static func read(
    _ bytes: [UInt8]
  ) throws(PlanErrors) -> (plan: MarkdownPlan?, errors: [PlanError]) {
    if let refusal = PlanText.refusal(of: bytes, maximumBytes: PlanDecoder.maximumBytes) {
      throw PlanErrors([refusal])
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = String(decoding: bytes.starts(with: mark) ? bytes[3...] : bytes[...], as: UTF8.self)
    let scanner = MarkdownScanner(text)
    var reader = MarkdownPlanReader()
    reader.errors = scanner.errors
    for block in scanner.blocks { reader.read(block) }
    reader.finish()
    let errors = reader.errors.enumerated().sorted {
      ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
    }
    let isUnread = !scanner.errors.isEmpty || reader.hasUnreadSettings
    return (isUnread ? nil : reader.plan, errors.map(\.element))
  }

  private mutating func note(_ message: String, hint: String? = nil, at line: Int) {
    errors.append(PlanError(line: line, message: message, hint: hint))
  }

  private mutating func read(_ block: MarkdownBlock) {
    if case .heading(let level, let text) = block.kind, level <= 3 {
      finishStage()
      switch level {
      case 1: title(text, block.line)
      case 2: section(text, block.line)
      default: stage(text, block.line)
      }
      return
    }
    switch place {
    case .beforePhases:
      if case .fence("json5", let body) = block.kind { settings(body, block.line) }
    case .stage: stageReader?.read(block)
    case .phase, .aside, .refusedPhase: break
    }
  }

  // MARK: - Headings

  private mutating func title(_ text: String, _ line: Int) {
    if let plan, !plan.title.isEmpty || !plan.phases.isEmpty {
      place = .aside
      return note(
        "the plan has a second title, \(text.quoted)",
        hint: "the first one is in line \(plan.titleLine); begin phases with `##`", at: line)
    }
    begin(line)
    plan?.title = text
    plan?.titleLine = line
  }

  private mutating func section(_ text: String, _ line: Int) {
    guard let heading = MarkdownHeading(text, word: "Phase") else {
      place = plan?.phases.isEmpty ?? true ? .beforePhases : .aside
      if MarkdownHeading.isMeant(text, word: "Phase") {
        place = .refusedPhase
        note(
          "\(text.quoted) is no heading of a phase", hint: "write it as `## Phase N: name`",
          at: line)
      }
      return
    }
    guard heading.numbers.count == 1, let number = heading.numbers.first else {
      place = .refusedPhase
      return note(
        "the phase \(text.quoted) has no whole number", hint: "write it as `## Phase N: name`",
        at: line)
    }
    checkOrder(number, line)
    begin(line)
    plan?.phases.append(MarkdownPlan.Phase(number: number, name: heading.name))
    phaseLines.append(line)
    place = .phase
  }

  private mutating func checkOrder(_ number: Int, _ line: Int) {
    guard let phases = plan?.phases, let last = phases.last, number <= last.number else { return }
    if let twin = phases.firstIndex(where: { $0.number == number }) {
      note(
        "phase \(number) is there twice, first in line \(phaseLines[twin])",
        hint: "give one of them another number", at: line)
    } else {
      note(
        "phase \(number) stands after phase \(last.number)",
        hint: "put the phases in the order in which they are to be done", at: line)
    }
  }

  private mutating func stage(_ text: String, _ line: Int) {
    if place.isInPhase, let phase = plan?.phases.indices.last { filledPhases.insert(phase) }
    guard let heading = MarkdownHeading(text, word: "Stage") else {
      return strayHeading(text, line)
    }
    guard place != .refusedPhase else { return }
    // Until its own text is known to be wanted, what follows is passed over.
    let isInPhase = place.isInPhase
    place = isInPhase ? .phase : .aside
    guard heading.numbers.count == 2 else {
      return note(
        "the stage \(text.quoted) has no number such as `1.2`",
        hint: "write it as `### Stage N.M: name`", at: line)
    }
    let number = MarkdownStage.Number(phase: heading.numbers[0], stage: heading.numbers[1])
    guard isInPhase, let phases = plan?.phases, let phase = phases.last else {
      return note(
        "stage \(number) is outside of a phase",
        hint: "put it below a heading `## Phase \(number.phase): name`", at: line)
    }
    if let twin = stageLines.updateValue(line, forKey: number) {
      return note(
        "stage \(number) is there twice, first in line \(twin)",
        hint: "give one of them another number", at: line)
    }
    if phase.number != number.phase {
      note(
        "stage \(number) stands in phase \(phase.number)",
        hint: "number it \(phase.number).\(number.stage), or move it to phase \(number.phase)",
        at: line)
    }
    if heading.name.isEmpty {
      note(
        "stage \(number) has no name", hint: "write it as `### Stage \(number): name`", at: line)
    }
    place = .stage
    stageReader = MarkdownStageReader(
      MarkdownStage(number: number, name: heading.name, line: line, phase: phases.count - 1))
  }

  /// Below a phase every heading is a stage, so that none is passed over for its spelling.
  private mutating func strayHeading(_ text: String, _ line: Int) {
    let isInPhase = place.isInPhase
    if isInPhase { place = .phase }
    guard isInPhase || MarkdownHeading.isMeant(text, word: "Stage") else { return }
    note(
      "\(text.quoted) is no heading of a stage",
      hint: "write it as `### Stage N.M: name`, or use a deeper heading", at: line)
  }

  // MARK: - Settings

  private mutating func settings(_ body: [String], _ fence: Int) {
    begin(fence)
    let text = body.joined(separator: "\n")
    let line = fence + 1
    if let first = plan?.settings {
      return note(
        "a second block of `json5` stands before the phases",
        hint: "put its keys into the one in line \(first.line - 1)", at: fence)
    }
    // From here on there is one, whatever is wrong with it.
    plan?.settings = MarkdownPlan.Settings(text: "{}", line: line, agents: [])
    hasUnreadSettings = true
    let document: JSONDocument
    do throws(JSONSyntaxError) {
      document = try JSONDocument(text, dialect: .json5)
    } catch {
      let place = TextPlace(of: error.offset, in: Array(text.utf8))
      errors.append(
        PlanError(
          line: line + place.line - 1, column: place.column,
          message: "the plan's keys are not JSON5: \(error.reason)"))
      return
    }
    let root = document.root
    guard root.kind == .object else {
      return note(
        "the plan's keys must be an object, not \(root.kind.named)",
        hint: "write them as { agents: { … } }", at: line)
    }
    if let tasks = root.members.first(where: { $0.key == "tasks" }) {
      return note(
        "the block of `json5` has the key `tasks`",
        hint: "the stages are the tasks; remove the key",
        at: line + document.place(at: tasks.keyOffset).line - 1)
    }
    let agents = root["agents"]?.members.map(\.key) ?? []
    plan?.settings = MarkdownPlan.Settings(text: text, line: line, agents: agents)
    hasUnreadSettings = false
  }

  // MARK: - The end

  /// What comes before any title makes a plan without one.
  private mutating func begin(_ line: Int) {
    if plan == nil { plan = MarkdownPlan(title: "", titleLine: line) }
  }

  private mutating func finishStage() {
    guard let reader = stageReader else { return }
    stageReader = nil
    let (stage, depends, found) = reader.finish()
    plan?.stages.append(stage)
    dependencies.append(depends)
    errors += found
  }

  private mutating func finish() {
    finishStage()
    guard var read = plan, !read.phases.isEmpty else {
      if errors.isEmpty {
        note(
          "the plan has no phases",
          hint: "write `## Phase 1: name` and below it `### Stage 1.1: name`", at: 1)
      }
      plan = nil
      return
    }
    if read.title.isEmpty {
      note("the plan has no title", hint: "begin it with `# Title`", at: read.titleLine)
    }
    for (phase, line) in zip(read.phases.indices, phaseLines)
    where !filledPhases.contains(phase) {
      let number = read.phases[phase].number
      note(
        "phase \(number) has no stages", hint: "add one, as in `### Stage \(number).1: name`",
        at: line)
    }
    var links = MarkdownLinks(read)
    for stage in read.stages.indices {
      read.stages[stage].needs = links.needs(of: stage, saying: dependencies[stage])
    }
    errors += links.errors
    plan = read.stages.isEmpty ? nil : read
  }
}
