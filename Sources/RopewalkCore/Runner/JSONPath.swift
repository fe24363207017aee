// Knows how a place within an event is written in a runner file. Unaware of what is found there.

import RopewalkWire

/// A way to values within one JSON value.
///
/// ```
/// usage.input_tokens        a member of a member
/// permission_denials[].tool_name    of every element
/// message.content[type=text].text   of the elements whose `type` is "text"
/// modelUsage.*.costUSD      of every member
/// ```
package struct JSONPath: Sendable, Equatable {
  private enum Step: Sendable, Equatable {
    case member(String)
    case everyMember
    case everyElement(key: String?, value: String)
  }

  package let source: String
  private var steps: [Step] = []

  /// Nil when the text is no path.
  package init?(_ source: String) {
    self.source = source
    for part in source.split(separator: ".", omittingEmptySubsequences: false) {
      var name = part
      var bracket: Substring?
      if let opening = part.firstIndex(of: "[") {
        guard part.hasSuffix("]") else { return nil }
        name = part[..<opening]
        bracket = part[part.index(after: opening)...].dropLast()
      }
      guard !name.isEmpty else { return nil }
      steps.append(name == "*" ? .everyMember : .member(String(name)))
      if let bracket {
        let pair = bracket.split(separator: "=", maxSplits: 1)
        guard bracket.isEmpty || pair.count == 2 else { return nil }
        steps.append(
          .everyElement(
            key: pair.first.map(String.init), value: pair.last.map(String.init) ?? ""))
      }
    }
  }

  /// The values there, in order; none when the way does not exist.
  package func values(in value: JSONValue) -> [JSONValue] {
    // The usual way is a chain of members and needs no list.
    var found = value
    for (index, step) in steps.enumerated() {
      guard case .member(let name) = step else {
        return steps[index...].reduce([found]) { $0.flatMap(Self.follow($1)) }
      }
      guard let next = found[name] else { return [] }
      found = next
    }
    return [found]
  }

  package func first(in value: JSONValue) -> JSONValue? { values(in: value).first }

  private static func follow(_ step: Step) -> (JSONValue) -> [JSONValue] {
    { value in
      switch step {
      case .member(let name): value[name].map { [$0] } ?? []
      case .everyMember: value.members.map(\.value)
      case .everyElement(nil, _): Array(value.elements)
      case .everyElement(let key?, let wanted):
        value.elements.filter { $0[key]?.string == wanted }
      }
    }
  }
}
