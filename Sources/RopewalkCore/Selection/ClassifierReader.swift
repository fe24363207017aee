// Knows how the text of the classifier's rules is read, and every way in which it can be wrong.
// Unaware of where the file is.

import RopewalkWire

extension TaskClassifier {
  /// Reads a file of rules; everything that is wrong with it at once, by line.
  package static func decode(_ bytes: [UInt8]) -> Result<TaskClassifier, PlanErrors> {
    StrictReader.read(bytes, "the classifier file") { $0.classifier($1) }
  }
}

extension StrictReader {
  private static let classifierKeys = Keys(
    owner: "the classifier file",
    known: ["types", "otherwise", "complexity", "stacks", "otherExtensions"])

  fileprivate mutating func classifier(_ root: JSONValue) -> TaskClassifier {
    var classifier = TaskClassifier()
    let isObject = object(root, Self.classifierKeys) { reader, key, value in
      switch key {
      case "types":
        reader.names(value) { reader, member in
          classifier.types.append((member.key, reader.words(member.value)))
        }
      case "otherwise": classifier.otherwise = reader.filledText(value) ?? "?"
      case "complexity": reader.complexity(value, &classifier)
      case "stacks":
        reader.names(value) { reader, member in
          classifier.stacks.append(reader.stack(member.key, member.value))
        }
      default: classifier.otherExtensions = reader.words(value)
      }
    }
    if isObject, classifier.otherwise.isEmpty {
      note(
        "the classifier file has no `otherwise`",
        hint: "name the type of a task that no word tells, as in otherwise: \"feature\"",
        at: root.offset)
    }
    return classifier
  }

  private mutating func complexity(_ value: JSONValue, _ classifier: inout TaskClassifier) {
    object(value, Keys(owner: "`complexity`", known: ["complex", "simple"])) {
      reader, key, value in
      let limits = reader.limits(value)
      if key == "complex" { classifier.complex = limits } else { classifier.simple = limits }
    }
  }

  private mutating func limits(_ value: JSONValue) -> TaskClassifier.Limits {
    var limits = TaskClassifier.Limits()
    let keys = Keys(owner: label, known: ["words", "files", "promptWords", "signals"])
    object(value, keys) { reader, key, value in
      switch key {
      case "words": limits.words = reader.words(value)
      case "files": limits.files = reader.whole(value, in: 0...1_000_000)
      case "promptWords": limits.promptWords = reader.whole(value, in: 0...1_000_000)
      default: limits.signals = reader.whole(value, in: 1...1_000) ?? 1
      }
    }
    return limits
  }

  private mutating func stack(_ name: String, _ value: JSONValue) -> TaskClassifier.Stack {
    var stack = TaskClassifier.Stack(name: name)
    let keys = Keys(owner: "a stack", known: ["words", "extensions", "commands"])
    object(value, keys) { reader, key, value in
      switch key {
      case "words": stack.words = reader.words(value)
      case "extensions": stack.extensions = reader.words(value)
      default: stack.commands = reader.words(value)
      }
    }
    return stack
  }

  /// Words in small letters, as prompts are compared.
  private mutating func words(_ value: JSONValue) -> Set<String> {
    Set((list(value) { $0.filledText($1)?.lowercased() }) ?? [])
  }
}
