// Knows how a runner, an agent and a prompt become arguments, environment and standard input.
// Unaware of how programs are found and started.

import RopewalkWire

/// What to start for one attempt, but for the program's path.
package struct Invocation: Sendable, Equatable {
  package var arguments: [String]
  /// Set beside what is inherited.
  package var environment: [String: String]
  /// Taken from what is inherited; a name that ends in `*` takes all that begin so.
  package var unset: [String]
  /// The bytes of standard input; nil for `/dev/null`.
  package var stdin: [UInt8]?
  /// The bytes of the file `prompt` in the attempt's folder, for a CLI that reads it from there.
  package var promptFile: [UInt8]?
  /// Where the CLI leaves its result file; nil when it leaves none.
  package var resultFile: String?
  /// What the plan asked for and this runner cannot do, as whole sentences.
  package var warnings: [String] = []

  /// One argument or environment string may be this long; the kernel refuses one byte more.
  package static let stringLimit = 131_071
  /// All arguments and the variables set here may have this many bytes together, a quarter of the
  /// usual stack limit being the kernel's bound and half of that being left to what is inherited.
  package static let totalLimit = 1 << 20

  /// What the agent adds to its runner.
  package struct Request: Sendable {
    package var prompt: String
    package var model: String?
    package var session: String?
    package var version: String?
    package var extraArguments: [String]
    package var extraEnvironment: [String: String]
    /// The plan's own program and arguments, for the runner `command`.
    package var command: [String]?
    package var worktree: String
    package var attemptFolder: String

    package init(
      prompt: String, model: String? = nil, session: String? = nil, version: String? = nil,
      extraArguments: [String] = [], extraEnvironment: [String: String] = [:],
      command: [String]? = nil, worktree: String, attemptFolder: String
    ) {
      self.prompt = prompt
      self.model = model
      self.session = session
      self.version = version
      self.extraArguments = extraArguments
      self.extraEnvironment = extraEnvironment
      self.command = command
      self.worktree = worktree
      self.attemptFolder = attemptFolder
    }

    /// What stands for the names of a runner file's texts.
    fileprivate var values: [String: String] {
      [
        "model": model ?? "", "session": session ?? "", "prompt": prompt,
        "promptFile": attemptFolder + "/" + AttemptFiles.prompt, "attempt": attemptFolder,
        // The attempts of a task stand side by side in its folder.
        "task": attemptFolder.lastIndex(of: "/").map { String(attemptFolder[..<$0]) } ?? ".",
        "worktree": worktree,
      ]
    }
  }

  /// - Throws: `InvocationError` when the prompt cannot be handed over as it is.
  package init(_ spec: RunnerSpec, _ request: Request) throws(InvocationError) {
    let values = request.values
    if let command = request.command {
      arguments = command.dropFirst() + request.extraArguments
    } else {
      arguments = Self.arguments(spec, request, values)
    }
    resultFile = spec.resultFile.map { ArgumentText.fill($0, values) }
    environment = spec.set.mapValues { ArgumentText.fill($0, values) }.merging(
      request.extraEnvironment
    ) { $1 }
    unset = RunnerSpec.nestedMarkers + spec.unset
    let bytes = Array(request.prompt.utf8)
    stdin = spec.prompt == .stdin ? bytes : nil
    promptFile = spec.prompt == .file ? bytes : nil
    if let model = request.model, !spec.takesModel {
      warnings.append("the runner `\(spec.name)` takes no model, so \(model.quoted) is not used")
    }
    if request.session != nil, !spec.canResume {
      warnings.append("the runner `\(spec.name)` cannot take up a session again and begins anew")
    }
    try check(spec, request)
  }

  /// Extra arguments go before the first one that depends on the prompt or ends the options.
  private static func arguments(
    _ spec: RunnerSpec, _ request: Request, _ values: [String: String]
  ) -> [String] {
    var words: [String] = []
    var hasExtra = false
    for argument in spec.arguments where holds(argument.condition, request) {
      let ends =
        argument.condition == .session
        || argument.words.contains { $0 == "-" || $0 == "--" || $0.contains("{{prompt") }
      if ends, !hasExtra {
        words += request.extraArguments
        hasExtra = true
      }
      words += argument.words.map { ArgumentText.fill($0, values) }
    }
    return hasExtra ? words : words + request.extraArguments
  }

  private static func holds(
    _ condition: RunnerSpec.Argument.Condition, _ request: Request
  ) -> Bool {
    switch condition {
    case .always: true
    case .model: request.model != nil
    case .session: request.session != nil
    case .version(let beginning): request.version?.hasPrefix(beginning) == true
    }
  }

  // MARK: - What the system takes

  private func check(_ spec: RunnerSpec, _ request: Request) throws(InvocationError) {
    if !spec.takesEmptyPrompt, request.prompt.utf8.allSatisfy({ $0 <= 0x20 }) {
      throw .emptyPrompt(runner: spec.name)
    }
    if spec.prompt == .argument, let offset = request.prompt.utf8.firstOffset(of: 0) {
      throw .nulInPrompt(offset: offset)
    }
    let variables = environment.sorted { $0.key < $1.key }
    for argument in arguments + variables.map({ "\($0.key)=\($0.value)" }) {
      // The bytes stay out of the message: a variable may hold a secret.
      if argument.utf8.contains(0) { throw .nulInArgument(runner: spec.name) }
      if argument.utf8.count > Self.stringLimit {
        throw .tooLong(bytes: argument.utf8.count, runner: spec.name)
      }
    }
    let total = (arguments + variables.flatMap { [$0.key, $0.value] }).reduce(0) {
      // Each string has its NUL and its pointer, too.
      $0 + $1.utf8.count + 9
    }
    if total > Self.totalLimit { throw .tooLongTogether(bytes: total, runner: spec.name) }
  }
}

/// Why a prompt cannot be handed to a program.
package enum InvocationError: Error, Equatable, CustomStringConvertible {
  case emptyPrompt(runner: String)
  case nulInPrompt(offset: Int)
  /// In another argument than the prompt, or in a variable.
  case nulInArgument(runner: String)
  case tooLong(bytes: Int, runner: String)
  case tooLongTogether(bytes: Int, runner: String)

  package var description: String {
    switch self {
    case .emptyPrompt(let runner):
      "the prompt is empty, which `\(runner)` refuses or takes for a wish to talk; say what to do"
    case .nulInPrompt(let offset):
      "the prompt holds a NUL character at offset \(offset), which would cut it in silence"
    case .nulInArgument(let runner):
      "an argument or variable for `\(runner)` holds a NUL character, which would cut it in silence"
    case .tooLong(let bytes, let runner):
      "an argument or variable for `\(runner)` has \(bytes) bytes; "
        + "the system takes \(Invocation.stringLimit)"
    case .tooLongTogether(let bytes, let runner):
      "the arguments and variables for `\(runner)` have \(bytes) bytes together; "
        + "at most \(Invocation.totalLimit) are safe"
    }
  }
}
