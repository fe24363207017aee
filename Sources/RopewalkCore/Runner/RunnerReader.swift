// Knows how a runner file's text becomes a spec, and every way in which it can be wrong.
// Unaware of where the file is.

import RopewalkWire

extension RunnerSpec {
  /// Reads a runner file; everything that is wrong with it at once, by line.
  package static func decode(_ bytes: [UInt8]) -> Result<RunnerSpec, PlanErrors> {
    StrictReader.read(bytes, "the runner file") { $0.runnerFile($1) }
  }
}

extension StrictReader {
  private static let runnerKeys = Keys(
    owner: "a runner",
    known: [
      "name", "about", "family", "executable", "verified", "version", "versions", "otherwise",
      "prompt", "emptyPrompt", "arguments", "environment", "litter", "state", "resultFile",
      "output", "account", "startsApart",
    ])

  fileprivate mutating func runnerFile(_ root: JSONValue) -> RunnerSpec {
    var spec = RunnerSpec(name: "", about: "", family: "", executable: nil)
    let isObject = object(root, Self.runnerKeys) { reader, key, value in
      switch key {
      case "name": spec.name = reader.runner(value) ?? "?"
      case "about": spec.about = reader.text(value) ?? ""
      case "family": spec.family = reader.filledText(value) ?? "?"
      case "executable": spec.executable = reader.filledText(value)
      case "verified": spec.verified = value.isNull ? nil : reader.filledText(value)
      case "version": spec.versionArguments = reader.texts(value) ?? []
      case "versions": spec.versions = reader.texts(value) ?? []
      case "otherwise": spec.otherwise = reader.runner(value)
      case "prompt":
        spec.prompt = reader.choice(value, of: RunnerSpec.PromptWay.self) ?? spec.prompt
      case "emptyPrompt": spec.takesEmptyPrompt = reader.flag(value)
      case "arguments": spec.arguments = reader.list(value) { $0.argument($1) } ?? []
      case "environment": reader.environment(value, &spec)
      case "account": spec.account = reader.texts(value) ?? []
      case "startsApart": spec.startsApart = reader.duration(value) ?? spec.startsApart
      case "litter": spec.litter = reader.texts(value) ?? []
      case "state": spec.state = reader.list(value) { $0.statePath($1) } ?? []
      case "resultFile":
        spec.resultFile = reader.filledText(value).flatMap { reader.checkNames($0, value) }
      default: spec.output = reader.outputRules(value)
      }
    }
    if isObject, spec.name.isEmpty { note("the runner has no `name`", at: root.offset) }
    if spec.family.isEmpty { spec.family = spec.name }
    if isObject, !hasErrors { check(spec, root) }
    return spec
  }

  /// What each part says by itself is right; whether the parts fit together is asked here.
  private mutating func check(_ spec: RunnerSpec, _ root: JSONValue) {
    if let place = spec.prompt.place, !spec.uses(place) {
      note(
        "the prompt goes by \(spec.prompt.rawValue), but no argument holds `{{\(place)}}`",
        hint: "put `{{\(place)}}` where the CLI expects it", at: root.offset)
    }
    if spec.executable == nil, spec.name != "command" {
      note(
        "the runner has no `executable`", hint: "name the program, as in executable: \"claude\"",
        at: root.offset)
    }
    if spec.output.terminal.isEmpty, !spec.output.isEndedByExit, let output = root["output"] {
      note(
        "nothing in `output` tells that the agent has finished, so no run could succeed",
        hint: "give it `terminal`, or `exitIsTerminal: true` where only the exit status tells",
        at: output.offset)
    }
  }

  /// A place below the home folder or below what a variable names, or an absolute one.
  private mutating func statePath(_ value: JSONValue) -> String? {
    guard let path = filledText(value) else { return nil }
    if StatePlace.isPlain(path) { return path }
    note(
      "\(path.quoted) is no place of a CLI's state",
      hint: "write it from the home folder, as in \"~/.claude/\", or from a variable, "
        + "as in \"$CODEX_HOME/\"; a folder ends in a slash",
      at: value.start)
    return nil
  }

  private mutating func argument(_ value: JSONValue) -> RunnerSpec.Argument? {
    if value.kind == .string {
      return text(value).flatMap { word in checkNames(word, value).map { .init(words: [$0]) } }
    }
    var argument = RunnerSpec.Argument(words: [])
    object(value, Keys(owner: "an argument", known: ["if", "use"])) { reader, key, value in
      if key == "use" {
        argument.words = reader.texts(value) ?? []
        for word in argument.words { _ = reader.checkNames(word, value) }
      } else if let condition = reader.text(value) {
        argument.condition = reader.condition(condition, value)
      }
    }
    return argument
  }

  private mutating func condition(
    _ text: String, _ value: JSONValue
  ) -> RunnerSpec.Argument.Condition {
    switch text {
    case "model": return .model
    case "session": return .session
    case _ where text.hasPrefix("version "): return .version(String(text.dropFirst(8)))
    default:
      note(
        "\(text.quoted) is no condition", hint: "it takes `model`, `session` or `version 2.`",
        at: value.offset)
      return .always
    }
  }

  /// The names that stand for values in arguments and environment.
  static let argumentNames = [
    "model", "session", "prompt", "promptFile", "attempt", "task", "worktree",
  ]

  private mutating func checkNames(_ word: String, _ value: JSONValue) -> String? {
    for name in ArgumentText.names(in: word) where !Self.argumentNames.contains(name) {
      note(
        "`{{\(name)}}` stands for nothing here",
        hint: NearName.hint(for: name, in: Self.argumentNames, owner: "there are"),
        at: value.offset)
      return nil
    }
    return word
  }

  private static func refusalOfVariable(_ name: String) -> (message: String, hint: String)? {
    guard name.isEmpty || name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }) else {
      return nil
    }
    return (
      "\(name.quoted) is no name of an environment variable",
      "a name is not empty and holds neither `=` nor NUL"
    )
  }

  private mutating func environment(_ value: JSONValue, _ spec: inout RunnerSpec) {
    object(value, Keys(owner: "`environment`", known: ["set", "unset"])) { reader, key, value in
      if key == "set" {
        spec.set = reader.textsByName(value, check: Self.refusalOfVariable)
        for word in spec.set.values { _ = reader.checkNames(word, value) }
      } else {
        spec.unset = reader.texts(value) ?? []
      }
    }
  }
}
