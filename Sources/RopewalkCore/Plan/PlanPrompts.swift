// Knows where a task's prompt comes from. Unaware of what the names in it stand for.

import RopewalkWire

extension StrictReader {
  /// Reads a prompt, which is a text or `{ file: "prompts/ui.md" }`.
  mutating func prompt(
    _ value: JSONValue, _ task: Int, _ drafts: inout TaskDrafts
  ) -> PromptTemplate {
    var place = PromptPlace(offset: value.start, isVerbatim: false)
    let text: String?
    if value.kind == .string {
      text = value.string
      // Escapes make a text shorter than it is written.
      place.isVerbatim = text?.utf8.count == value.source.count
    } else if value.kind == .object {
      text = promptFile(value, task, &drafts, &place)
    } else {
      wrongType(value, "a string or { file: \"PATH\" }")
      text = nil
    }
    guard let text, check(text, task, place, drafts) else { return PromptTemplate(literal: "") }
    let (template, problems) = PromptTemplate.parse(text)
    // Whoever wrote so many meant something else by all of them.
    for problem in problems.prefix(20) { refuse(problem, in: text, task, place, drafts) }
    if !template.uses.isEmpty {
      drafts.prompts.append(PromptDraft(task: task, place: place, template: template, path: path))
    }
    return template
  }

  private mutating func promptFile(
    _ value: JSONValue, _ task: Int, _ drafts: inout TaskDrafts, _ place: inout PromptPlace
  ) -> String? {
    var path: (text: String, offset: Int)?
    object(value, Keys(owner: "a prompt", known: ["file"])) { reader, _, value in
      path = reader.filePath(value).map { ($0, value.start) }
    }
    guard let path else {
      if value["file"] == nil {
        note(
          "the prompt of \(drafts.called(task)) names no file",
          hint: "write the prompt as a string or as { file: \"PATH\" }", at: value.start)
      }
      return nil
    }
    place = PromptPlace(offset: path.offset, isVerbatim: false, file: path.text)
    let result = drafts.files[path.text] ?? drafts.decoder.readFile(path.text)
    drafts.files[path.text] = result
    switch result {
    case .success(let text): return text
    case .failure(let error):
      within(.key("file")) {
        $0.note(
          "the prompt file \(path.text.quoted) cannot be read: \(error.reason)",
          hint: "paths are taken from the top of the repository", at: path.offset)
      }
      return nil
    }
  }

  /// A path that stays below the place that it is taken from.
  private mutating func filePath(_ value: JSONValue) -> String? {
    guard let path = filledText(value) else { return nil }
    let leavesItsPlace =
      path.hasPrefix("/") || path.split(separator: "/").contains { $0 == ".." }
    if !leavesItsPlace { return path }
    note(
      "the prompt file \(path.quoted) is outside of the repository",
      hint: "name a file inside by its path from the top, without `..`", at: value.start)
    return nil
  }

  /// Whether something can be done with the text at all.
  private mutating func check(
    _ text: String, _ task: Int, _ place: PromptPlace, _ drafts: TaskDrafts
  ) -> Bool {
    if let offset = text.utf8.firstOffset(of: 0) {
      note(
        "the prompt of \(drafts.called(task)) holds a NUL character at offset \(offset)",
        hint: "remove the character: no agent would see what follows it",
        at: place.offset(of: offset))
      return false
    }
    if text.allSatisfy(\.isWhitespace) {
      let file = place.file.map { " (\($0.quoted))" } ?? ""
      note(
        "the prompt of \(drafts.called(task))\(file) is empty", hint: "say what is to be done",
        at: place.offset)
      return false
    }
    return true
  }

  private mutating func refuse(
    _ problem: PromptTemplate.Problem, in text: String, _ task: Int, _ place: PromptPlace,
    _ drafts: TaskDrafts
  ) {
    let prompt = place.called(drafts.called(task), at: problem.offset, in: text)
    let offset = place.offset(of: problem.offset)
    switch problem.kind {
    case .unclosed:
      note(
        "\(prompt) opens `{{` and does not close it",
        hint: "write `{{{{` where two braces are meant", at: offset)
    case .unknownName(let name) where name.hasPrefix("matrix."):
      note(
        "\(prompt) uses \("{{\(name)}}".quoted), which is not available in this version",
        hint: "remove it: this version has no `matrix`", at: offset)
    case .unknownName(let name):
      let near = NearName.nearest(to: name, in: ["task.id", "worktree", "run", "item"])
      let question = near.map { "did you mean `{{\($0)}}`? The" } ?? "the"
      note(
        "\(prompt) uses \("{{\(name)}}".quoted), which stands for nothing",
        hint: "\(question) names are: \(PromptTemplate.known); `{{{{` stands for two braces",
        at: offset)
    }
  }
}

extension PromptPlace {
  /// Where in the plan a byte of the prompt stands, as nearly as can be said.
  func offset(of byte: Int) -> Int { isVerbatim ? offset + 1 + byte : offset }

  /// The prompt as messages call it, with the line when it is in a file of its own.
  func called(_ task: String, at byte: Int, in text: String) -> String {
    guard let file else { return "the prompt of \(task)" }
    let line = text.utf8.prefix(byte).reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
    return "the prompt of \(task) (\(file.quoted), line \(line))"
  }
}
