// Knows the names that a prompt may hold and where their values go. Unaware of plans.

/// A prompt, parsed once: text with places such as `{{needs.schema.output}}` in it.
///
/// `{{{{` stands for two braces that are meant as such. Values are put in once and are never read
/// as templates themselves, whatever they hold.
package struct PromptTemplate: Sendable, Equatable {
  /// What a place in the text stands for.
  package enum Name: Sendable, Hashable {
    /// `{{task.id}}`
    case taskID
    /// `{{needs.ID.output}}`: the text that the need's agent ended with.
    case needOutput(TaskID)
    /// `{{needs.ID.branch}}`: the branch that ties the need's result.
    case needBranch(TaskID)
    /// `{{vars.NAME}}`
    case variable(String)
    /// `{{worktree}}`: the absolute path in which the agent works.
    case worktree
    /// `{{run}}`: the run's id.
    case run
    /// `{{item}}`: the item of a `split` over a list or over files.
    case item
  }

  /// Something in the text that is no template.
  package struct Problem: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
      /// The text between the braces, without spaces around it.
      case unknownName(String)
      case unclosed
    }
    package var kind: Kind
    /// The byte of the first brace.
    package var offset: Int
  }

  /// A name in the text and the byte of its first brace.
  struct Use: Sendable, Equatable {
    var name: Name
    var offset: Int
  }

  private enum Part: Sendable, Equatable {
    case text(String)
    case name(Name)
  }

  /// The text as it was written.
  package let source: String
  /// Empty when the text holds no braces in pairs, so that it is what it renders to.
  private var parts: [Part] = []
  /// The names in the text with their places, in order.
  private(set) var uses: [Use] = []

  package static let known =
    "task.id, needs.ID.output, needs.ID.branch, vars.NAME, worktree, run, item"

  /// Parses a text; what is wrong with it is listed in full. Takes time linear in the text.
  package static func parse(_ source: String) -> (template: PromptTemplate, problems: [Problem]) {
    var template = PromptTemplate(unparsed: source)
    let problems = template.parse()
    return (template, problems)
  }

  /// The template that renders to just this text, braces and all.
  package init(literal text: String) {
    var source = ""
    var rest = text[...]
    while let braces = rest.firstPair("{") {
      source += rest[..<braces] + "{{{{"
      rest = rest[rest.utf8.index(braces, offsetBy: 2)...]
    }
    self = Self.parse(source + rest).template
  }

  private init(unparsed source: String) { self.source = source }

  /// The distinct names in the text.
  package var names: Set<Name> { Set(uses.map(\.name)) }

  /// The text with every name's value in its place.
  package func render(_ value: (Name) -> String) -> String {
    if parts.isEmpty { return source }
    return parts.reduce(into: "") { text, part in
      switch part {
      case .text(let own): text += own
      case .name(let name): text += value(name)
      }
    }
  }

  private mutating func parse() -> [Problem] {
    var problems: [Problem] = []
    let text = source.utf8
    var rest = source[...]
    while let opening = rest.firstPair("{") {
      append(rest[..<opening])
      let offset = text.distance(from: text.startIndex, to: opening)
      let inside = source[text.index(opening, offsetBy: 2)...]
      if inside.utf8.starts(with: "{{".utf8) {
        append("{{")
        rest = source[text.index(opening, offsetBy: 4)...]
        continue
      }
      guard let closing = inside.firstPair("}") else {
        problems.append(Problem(kind: .unclosed, offset: offset))
        return problems
      }
      let spelt = inside[..<closing].trimmed
      if let name = Name(spelt) {
        parts.append(.name(name))
        uses.append(Use(name: name, offset: offset))
      } else {
        problems.append(Problem(kind: .unknownName(String(spelt)), offset: offset))
      }
      rest = source[text.index(closing, offsetBy: 2)...]
    }
    if !parts.isEmpty { append(rest) }
    return problems
  }

  private mutating func append(_ text: Substring) {
    if !text.isEmpty { parts.append(.text(String(text))) }
  }

  package static func == (left: PromptTemplate, right: PromptTemplate) -> Bool {
    left.source == right.source
  }
}

extension PromptTemplate.Name {
  /// The name as it stands between the braces; nil for any other text.
  init?(_ spelt: Substring) {
    switch spelt {
    case "task.id": self = .taskID
    case "worktree": self = .worktree
    case "run": self = .run
    case "item": self = .item
    default:
      if spelt.hasPrefix("vars."), spelt.utf8.count > 5 {
        self = .variable(String(spelt.dropFirst(5)))
      } else if spelt.hasPrefix("needs.") {
        // A task's id may hold points, so it is all that stands between the first and the last.
        let rest = spelt.dropFirst(6)
        guard let point = rest.lastIndex(of: "."), let id = TaskID(String(rest[..<point])) else {
          return nil
        }
        switch rest[point...] {
        case ".output": self = .needOutput(id)
        case ".branch": self = .needBranch(id)
        default: return nil
        }
      } else {
        return nil
      }
    }
  }
}

extension PromptTemplate.Name {
  /// The name as it stands between the braces.
  var spelt: String {
    switch self {
    case .taskID: "task.id"
    case .worktree: "worktree"
    case .run: "run"
    case .item: "item"
    case .variable(let name): "vars.\(name)"
    case .needOutput(let id): "needs.\(id).output"
    case .needBranch(let id): "needs.\(id).branch"
    }
  }
}

extension Substring {
  /// Where the first two of a brace stand next to each other. Bytes are compared, since a brace may be
  /// one character with a mark that follows it.
  fileprivate func firstPair(_ brace: Unicode.Scalar) -> Index? {
    let byte = UInt8(ascii: brace)
    var at = utf8.startIndex
    while let found = utf8[at...].firstIndex(of: byte) {
      let next = utf8.index(after: found)
      if next < utf8.endIndex, utf8[next] == byte { return found }
      at = next
    }
    return nil
  }

  fileprivate var trimmed: Substring {
    var text = self
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
