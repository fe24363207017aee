// Knows what has to be said to each kind of agent CLI, as data. Unaware of folders.

import RopewalkWire

/// What agents are told because of the CLI that they run in.
///
/// `{"claude":{"text":"Start nothing in the background.","reads":["CLAUDE.md"]}}`
package struct AgentInstructions: Sendable, Equatable {
  /// One runner's entry.
  struct Entry: Sendable, Equatable {
    var text = ""
    /// Whether the text follows that of the entry `default`.
    var followsDefault = true
    var reads: [String] = []
  }

  private static let defaultName = "default"
  private var entries: [String: Entry]

  /// The built-in instructions alone.
  package static func builtIn() -> AgentInstructions {
    switch decode(PackageResources.instructions_json) {
    case .success(let entries): return AgentInstructions(entries: entries)
    case .failure(let errors):
      preconditionFailure("the built-in instructions are refused:\n\(errors.text(file: ""))")
    }
  }

  private init(entries: [String: Entry]) { self.entries = entries }

  /// Puts a user's own entries in place of those of their names.
  ///
  /// - Throws: everything that is wrong with the text; the instructions are then as they were.
  package mutating func add(_ text: [UInt8]) throws(PlanErrors) {
    entries.merge(try Self.decode(text).get()) { _, own in own }
  }

  /// What is said to agents of a runner; nil when there is nothing to say.
  package func text(for runner: String) -> String? {
    let general = entries[Self.defaultName]?.text ?? ""
    guard let own = entries[runner] else { return general.isEmpty ? nil : general }
    let texts = (own.followsDefault ? [general] : []) + [own.text]
    let said = texts.filter { !$0.isEmpty }
    return said.isEmpty ? nil : said.joined(separator: " ")
  }

  /// Whether a runner's CLI reads a project file by itself, so that it need not be told.
  package func reads(_ file: String, _ runner: String) -> Bool {
    entries[runner]?.reads.contains(file) ?? false
  }

  /// The runners that have an entry of their own, sorted.
  package var runners: [String] { entries.keys.filter { $0 != Self.defaultName }.sorted() }

  private static func decode(_ text: [UInt8]) -> Result<[String: Entry], PlanErrors> {
    StrictReader.read(text, "the instructions") { $0.instructions($1) }
  }
}

extension StrictReader {
  private static let instructionKeys = Keys(
    owner: "an instruction", known: ["text", "default", "reads"])

  fileprivate mutating func instructions(
    _ value: JSONValue
  ) -> [String: AgentInstructions.Entry] {
    var entries: [String: AgentInstructions.Entry] = [:]
    names(value) { reader, member in
      var entry = AgentInstructions.Entry()
      reader.object(member.value, Self.instructionKeys) { reader, key, value in
        switch key {
        case "text": entry.text = reader.text(value) ?? ""
        case "default":
          entry.followsDefault = value.bool ?? true
          if value.bool == nil { reader.wrongType(value, "true or false") }
        default: entry.reads = reader.texts(value) ?? []
        }
      }
      entries[member.key] = entry
    }
    return entries
  }
}
