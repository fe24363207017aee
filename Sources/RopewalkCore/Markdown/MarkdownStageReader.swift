// Knows how a stage's labels part what it says. Unaware of other stages.

/// Reads what stands below a stage's heading.
struct MarkdownStageReader {
  private typealias Label = MarkdownStage.Label

  private var stage: MarkdownStage
  /// The label that what follows belongs to; nil before the first one.
  private var current: Label?
  /// Whether what follows belongs to a label that was refused.
  private var isRefused = false
  /// Whether the labels are items of a list, as the first one is.
  private var isList: Bool?
  private var introduction: [MarkdownBlock] = []
  private var contents: [Label: [MarkdownBlock]] = [:]
  private var lines: [Label: Int] = [:]
  private var errors: [PlanError] = []

  init(_ stage: MarkdownStage) { self.stage = stage }

  private mutating func note(_ message: String, hint: String?, at line: Int) {
    errors.append(PlanError(line: line, message: message, hint: hint))
  }

  mutating func read(_ block: MarkdownBlock) {
    guard case .line(let text) = block.kind, let start = LabelledLine(text) else {
      return append(block)
    }
    let label = Label(spelt: start.label)
    // Bold words elsewhere, or at the beginning of an item, are part of what is said.
    guard start.isListItem == isList ?? (start.isListItem && label != nil) else {
      return append(block)
    }
    guard let label else {
      guard start.hasColon else { return append(block) }
      isRefused = true
      return note(
        "stage \(stage.number) has the unknown label \(start.label.quoted)",
        hint: NearName.hint(
          for: start.label, in: Label.allCases.map(\.rawValue), owner: "the labels are"),
        at: block.line)
    }
    isList = start.isListItem
    isRefused = false
    current = label
    if let first = lines[label] {
      isRefused = true
      return note(
        "stage \(stage.number) has \(label.rawValue.quoted) twice, first in line \(first)",
        hint: "put both under one label", at: block.line)
    }
    lines[label] = block.line
    contents[label] = []
    if !start.rest.isEmpty {
      append(MarkdownBlock(kind: .line(start.rest), line: block.line, source: [start.rest]))
    }
  }

  private mutating func append(_ block: MarkdownBlock) {
    if isRefused { return }
    if let current { contents[current]?.append(block) } else { introduction.append(block) }
  }

  /// - Returns: the stage without its needs, what it says of them, and what is wrong with it.
  consuming func finish() -> (
    stage: MarkdownStage, depends: [MarkdownStage.Place<String>]?, errors: [PlanError]
  ) {
    stage.introduction = Self.promptText(introduction)
    for label in Label.told {
      let text = Self.promptText(contents[label] ?? [])
      if !text.isEmpty { stage.parts[label] = text }
    }
    if stage.parts[.objective] == nil {
      note(
        "stage \(stage.number) has no objective", hint: "add a line `**Objective**: …`",
        at: lines[.objective] ?? stage.line)
    }
    readAgent()
    readVerify()
    return (stage, dependsOn(), errors)
  }

  /// The text as a prompt's template: in fenced code, braces stand for themselves.
  private static func promptText(_ blocks: [MarkdownBlock]) -> String {
    let lines = blocks.map { block in
      let text = block.source.joined(separator: "\n")
      return if case .fence = block.kind { PromptTemplate(literal: text).source } else { text }
    }
    let text = lines.joined(separator: "\n")
    return String(text.drop { $0.isNewline }).trimmingEnd
  }

  // MARK: - What the engine acts upon

  /// The lines below a label, without the marks of a list.
  private func items(_ label: Label) -> [MarkdownStage.Place<String>] {
    (contents[label] ?? []).filter { !$0.isBlank }.flatMap { block in
      block.source.enumerated().map { offset, text in
        MarkdownStage.Place(
          value: text.markdownListItem ?? text.trimmingSpace, line: block.line + offset)
      }
    }
  }

  private mutating func readAgent() {
    guard let line = lines[.agent] else { return }
    let items = items(.agent)
    guard items.count == 1, let item = items.first else {
      return note(
        "stage \(stage.number) names \(items.isEmpty ? "no agent" : "more than one agent")",
        hint: "name one agent or runner, as in `**Agent**: claude`", at: line)
    }
    stage.agent = MarkdownStage.Place(value: item.value.withoutBackquotes, line: item.line)
  }

  private func dependsOn() -> [MarkdownStage.Place<String>]? {
    lines[.dependsOn].map { line in
      let items = items(.dependsOn)
      return items.isEmpty ? [MarkdownStage.Place(value: "", line: line)] : items
    }
  }

  private mutating func readVerify() {
    guard let line = lines[.verify] else { return }
    for block in contents[.verify] ?? [] where !block.isBlank {
      if case .fence(_, let body) = block.kind {
        let script = body.joined(separator: "\n").trimmingSpace
        if script.isEmpty { continue }
        // Of a script in several lines the last alone would count otherwise.
        let isOneLine = !script.contains { $0.isNewline }
        stage.verify.append(
          MarkdownStage.Place(value: isOneLine ? script : "set -e\n" + script, line: block.line))
      } else {
        let text = block.source.joined()
        verifyCommand(text.markdownListItem ?? text.trimmingSpace, block.line)
      }
    }
    if stage.verify.isEmpty, !errors.contains(where: { $0.line ?? 0 >= line }) {
      note(
        "stage \(stage.number) verifies nothing",
        hint: "list command lines below `**Verify**:`, or remove it", at: line)
    }
  }

  private mutating func verifyCommand(_ text: String, _ line: Int) {
    let command = text.withoutBackquotes
    guard !command.contains("`") else {
      return note(
        "stage \(stage.number) has words beside a command to verify: \(text.quoted)",
        hint: "write the command alone, or as fenced code", at: line)
    }
    stage.verify.append(MarkdownStage.Place(value: command, line: line))
  }
}

/// A line such as `**Objective**: Keep users.` in its parts.
private struct LabelledLine {
  var label: String
  var rest: String
  var hasColon: Bool
  var isListItem: Bool

  /// Nil for a line that does not begin with bold words. An item within an item is no such line.
  init?(_ line: String) {
    let item = line.markdownListItem
    isListItem = item != nil
    guard line.prefix(while: \.isWhitespace).count < (isListItem ? 2 : 4) else { return nil }
    let text = item ?? line.trimmingSpace
    let mark = text.prefix(2)
    guard mark == "**" || mark == "__", let end = text.dropFirst(2).firstRange(of: mark) else {
      return nil
    }
    var bold = text[text.index(text.startIndex, offsetBy: 2)..<end.lowerBound].trimmingSpace
    var rest = text[end.upperBound...]
    hasColon = bold.hasSuffix(":") || rest.hasPrefix(":")
    if bold.hasSuffix(":") { bold.removeLast() }
    if rest.hasPrefix(":") { rest = rest.dropFirst() }
    label = bold.trimmingSpace
    self.rest = rest.trimmingSpace
    if label.isEmpty || !hasColon && !self.rest.isEmpty { return nil }
  }
}

extension String {
  /// The text of a line that is all code: `swift test` of "`swift test`".
  fileprivate var withoutBackquotes: String {
    guard count > 2, hasPrefix("`"), hasSuffix("`") else { return self }
    return dropFirst().dropLast().trimmingSpace
  }

  fileprivate var trimmingEnd: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
