// Knows how an agent lists the parts of a task. Unaware of who does them.

import RopewalkWire

/// One part of a task that was split.
package struct WorkItem: Sendable, Equatable {
  package var title: String?
  package var prompt: String
  /// What an agent must be capable of to do it.
  package var capabilities: [String]

  package init(title: String? = nil, prompt: String, capabilities: [String] = []) {
    self.title = title
    self.prompt = prompt
    self.capabilities = capabilities
  }
}

/// Reads the parts that a task is split into. All are good, or none is taken.
package enum WorkItems {
  /// Everything that is wrong with a list of work items; never empty.
  package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    package var reasons: [String]

    package var description: String { reasons.joined(separator: "; ") }
  }

  /// What an agent is told to write. No example in it is JSON, so that an echo of it is no list.
  package static func form(max: Int) -> String {
    """
    Write the work items as one JSON list in a code block marked `json`, at most \(max) of them. \
    Each is a string, the prompt of that item, or \
    {"title": TITLE, "prompt": PROMPT, "capabilities": [NAME, …]}, where only PROMPT is needed.
    """
  }

  /// Reads an agent's list of work items: that of the last code block marked `json`, else the
  /// last one that begins with a text or an object, or is empty.
  ///
  /// Takes time linear in the text. Keys that are not known are let be.
  ///
  /// - Parameter max: more items than this are refused, never cut.
  package static func read(_ text: String, max: Int) throws(Refusal) -> [WorkItem] {
    let lists = AnswerReader.jsonValues(in: text).filter { $0.kind == .array }
    guard let list = lists.first(where: isPlausible) ?? lists.first else {
      throw Refusal(reasons: ["the answer holds no JSON list of work items"])
    }
    let count = list.elements.reduce(0) { sum, _ in sum + 1 }
    try check(count: count, max: max)
    var reasons: [String] = []
    var items: [WorkItem] = []
    for (index, element) in list.elements.enumerated() {
      do throws(ItemRefusal) {
        items.append(try item(element))
      } catch {
        reasons.append("item \(index + 1) \(error.reason)")
      }
    }
    if reasons.isEmpty { reasons = duplicates(items) }
    guard reasons.isEmpty else { throw Refusal(reasons: reasons) }
    return items
  }

  /// One work item for each line of a text that is not blank.
  package static func lines(_ text: String, max: Int) throws(Refusal) -> [WorkItem] {
    let items = text.utf8.split(separator: UInt8(ascii: "\n"))
      .map { String(Substring($0)).trimmed }.filter { !$0.isEmpty }.map { WorkItem(prompt: $0) }
    try check(count: items.count, max: max)
    let reasons = duplicates(items)
    guard reasons.isEmpty else { throw Refusal(reasons: reasons) }
    return items
  }

  /// Prose holds lists of its own, as in "see [1]"; an empty one may well be meant.
  private static func isPlausible(_ list: JSONValue) -> Bool {
    var elements = list.elements
    guard let first = elements.next() else { return true }
    return first.kind == .string || first.kind == .object
  }

  private static func check(count: Int, max: Int) throws(Refusal) {
    if count == 0 { throw Refusal(reasons: ["there are no work items"]) }
    if count > max {
      throw Refusal(
        reasons: ["there are \(Wording.count(count, "work item")), and at most \(max) are allowed"])
    }
  }

  private struct ItemRefusal: Error {
    var reason: String
  }

  private static func item(_ value: JSONValue) throws(ItemRefusal) -> WorkItem {
    switch value.kind {
    case .string:
      return WorkItem(prompt: try prompt(value))
    case .object:
      guard let text = value["prompt"] else { throw ItemRefusal(reason: "has no `prompt`") }
      var item = WorkItem(prompt: try prompt(text))
      item.title = value["title"]?.string?.trimmed
      if item.title?.isEmpty == true { item.title = nil }
      item.capabilities = try capabilities(value["capabilities"])
      return item
    case .null, .bool, .number, .array:
      throw ItemRefusal(reason: "is \(value.kind.named), neither a string nor an object")
    }
  }

  private static func prompt(_ value: JSONValue) throws(ItemRefusal) -> String {
    guard let text = value.string else {
      throw ItemRefusal(reason: "has \(value.kind.named) for a prompt")
    }
    if text.trimmed.isEmpty { throw ItemRefusal(reason: "has an empty prompt") }
    // No program's argument could carry it.
    if text.utf8.contains(0) { throw ItemRefusal(reason: "holds a NUL character") }
    return text
  }

  private static func capabilities(_ value: JSONValue?) throws(ItemRefusal) -> [String] {
    guard let value, !value.isNull else { return [] }
    let names = value.elements.compactMap { $0.string?.trimmed }.filter { !$0.isEmpty }
    let count = value.elements.reduce(0) { sum, _ in sum + 1 }
    guard value.kind == .array, names.count == count else {
      throw ItemRefusal(reason: "has `capabilities` that are no list of names")
    }
    return names
  }

  private static func duplicates(_ items: [WorkItem]) -> [String] {
    var places: [String: Int] = [:]
    return items.enumerated().compactMap { index, item in
      let prompt = item.prompt.trimmed
      guard let first = places[prompt] else {
        places[prompt] = index
        return nil
      }
      return "item \(index + 1) is the same as item \(first + 1)"
    }
  }
}
