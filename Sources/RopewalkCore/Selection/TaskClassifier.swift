// Knows how the rules of a data file tell what kind of work a task is. Unaware of agents.

import RopewalkWire

/// Tells a task's type, complexity and tech stack from its words, the files that it names and the
/// commands that verify it. The same task always gets the same answer.
package struct TaskClassifier: Sendable {
  /// When a task is simple or complex.
  struct Limits: Sendable {
    var words: Set<String> = []
    /// Nil where the number of files named tells nothing; the same for the prompt's length.
    var files: Int?
    var promptWords: Int?
    /// How many signs there must be.
    var signals = 1
  }

  /// What tells one stack.
  struct Stack: Sendable {
    var name: String
    var words: Set<String> = []
    var extensions: Set<String> = []
    var commands: Set<String> = []
  }

  /// The types and their words. The type with the most words in the prompt counts; of several the
  /// one whose word comes first there, as in "implement the design".
  var types: [(name: String, words: Set<String>)] = []
  var otherwise = ""
  var complex = Limits()
  var simple = Limits()
  var stacks: [Stack] = []
  /// Endings of files that tell no stack.
  var otherExtensions: Set<String> = []

  /// The rules that are part of the program.
  package static func builtIn() -> TaskClassifier {
    switch decode(PackageResources.classifier_json) {
    case .success(let classifier): return classifier
    case .failure(let errors):
      preconditionFailure(
        "the built-in rules are refused:\n\(errors.text(file: "classifier.json"))")
    }
  }

  /// Takes time linear in the prompt.
  ///
  /// - Parameter capabilities: what the task itself demands of its agent.
  package func classify(
    prompt: String, verify: [VerifyCommand] = [], capabilities: [String] = []
  ) -> TaskProfile {
    let words = PromptWords(prompt, isFile: isFile)
    var profile = TaskProfile(type: otherwise, complexity: .moderate)
    profile.capabilities = capabilities
    classifyType(words, &profile)
    classifyComplexity(words, &profile)
    classifyStacks(words, verify, &profile)
    return profile
  }

  private func classifyType(_ words: PromptWords, _ profile: inout TaskProfile) {
    var most: [String] = []
    for type in types {
      let found = words.distinct.filter(type.words.contains)
      guard let first = found.first, found.count >= most.count else { continue }
      if found.count == most.count, !words.has(first, before: most[0]) { continue }
      most = found
      profile.type = type.name
    }
    profile.hits += most.map { .init(about: profile.type, sign: "`\($0)`") }
  }

  private func classifyComplexity(_ words: PromptWords, _ profile: inout TaskProfile) {
    var signs = words.distinct.filter(complex.words.contains).map { "`\($0)`" }
    if let least = complex.files, words.files.count >= least {
      signs.append("\(Wording.count(words.files.count, "file")) named")
    }
    if let least = complex.promptWords, words.count >= least {
      signs.append("a prompt of \(words.count) words")
    }
    if signs.count >= complex.signals {
      profile.complexity = .complex
    } else if words.files.count <= simple.files ?? .max, signs.isEmpty {
      signs = words.distinct.filter(simple.words.contains).map { "`\($0)`" }
      if let most = simple.promptWords, words.count <= most {
        signs.append("a prompt of \(Wording.count(words.count, "word"))")
      }
      if signs.count >= simple.signals { profile.complexity = .simple }
    }
    if profile.complexity != .moderate {
      let about = profile.complexity.rawValue
      profile.hits += signs.map { .init(about: about, sign: $0) }
    }
  }

  private func classifyStacks(
    _ words: PromptWords, _ verify: [VerifyCommand], _ profile: inout TaskProfile
  ) {
    let programs = verify.flatMap(\.programs)
    for stack in stacks {
      var signs = words.distinct.filter(stack.words.contains)
      signs += words.files.filter { stack.extensions.contains($0.fileExtension) }.prefix(1)
      signs += programs.filter(stack.commands.contains).prefix(1)
      guard !signs.isEmpty else { continue }
      profile.stacks.append(stack.name)
      profile.hits += signs.map { .init(about: stack.name, sign: $0.quoted) }
    }
  }

  private func isFile(_ word: String) -> Bool {
    let ending = word.fileExtension
    guard !ending.isEmpty, !stacks.contains(where: { $0.words.contains(word) }) else {
      return false
    }
    return otherExtensions.contains(ending) || stacks.contains { $0.extensions.contains(ending) }
  }
}

/// The words of a prompt, in small letters, each one once.
private struct PromptWords {
  /// All words, repeated ones and files included.
  private(set) var count = 0
  private(set) var distinct: [String] = []
  private(set) var files: [String] = []

  init(_ prompt: String, isFile: (String) -> Bool) {
    var seen: Set<String> = []
    for piece in prompt.utf8.split(whereSeparator: { !Self.belongsToWord($0) }) {
      guard let word = Self.word(piece) else { continue }
      count += 1
      guard seen.insert(word).inserted else { continue }
      if isFile(word) { files.append(word) } else { distinct.append(word) }
    }
  }

  /// Whether one of two distinct words comes first in the prompt.
  func has(_ word: String, before other: String) -> Bool {
    distinct.first { $0 == word || $0 == other } == word && word != other
  }

  /// Letters, digits, what lies outside ASCII, and the marks of `c++`, `c#`, `src/a.swift`.
  private static func belongsToWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "#"), 0x80...:
      true
    default: StrictReader.isWordByte(byte)
    }
  }

  /// The piece without the points and strokes at its ends; nil when nothing else is in it.
  private static func word(_ piece: Substring.UTF8View) -> String? {
    let isEdge = { (byte: UInt8) in "/.-_".utf8.contains(byte) }
    guard let first = piece.firstIndex(where: { !isEdge($0) }),
      let last = piece.lastIndex(where: { !isEdge($0) })
    else { return nil }
    return String(Substring(piece[first...last])).lowercased()
  }
}

extension VerifyCommand {
  /// The names of the programs that it starts, as far as they can be told without a shell.
  fileprivate var programs: [String] {
    switch self {
    case .program(let words): return words.prefix(1).map(\.fileName)
    case .shell(let line):
      var programs: [String] = []
      var isFirst = true
      for word in line.split(separator: " ") {
        let isSeparator = ["&&", "||", "|", ";"].contains(word)
        // `CI=1 swift test` starts `swift`.
        if isFirst, !isSeparator, !word.contains("=") {
          programs.append(String(word).fileName)
          isFirst = false
        }
        if isSeparator || word.hasSuffix(";") { isFirst = true }
      }
      return programs
    }
  }
}

extension String {
  fileprivate var fileName: String {
    lastIndex(of: "/").map { String(self[index(after: $0)...]) } ?? self
  }

  /// What follows the last point of the file's name; empty when there is none.
  fileprivate var fileExtension: String {
    let name = fileName
    guard let point = name.lastIndex(of: "."), point > name.startIndex else { return "" }
    return String(name[name.index(after: point)...])
  }
}
