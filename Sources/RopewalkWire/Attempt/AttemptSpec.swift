// Knows what an attendant is told about the one program it attends.
// Unaware of plans, runners and worktrees.

/// What to start, where, and within which limits: the `spec.json` of an attempt's folder.
///
/// The environment is not in it but for names and values that the engine sets itself: the
/// attendant inherits the rest, so that no secret of the user's is written to disk.
package struct AttemptSpec: Sendable, Equatable {
  /// The version of the format; a reader refuses any other.
  package static let version = 1

  /// The program's absolute path. Nothing searches `PATH` any more.
  package var program: String
  /// The arguments after the program's own name.
  package var arguments: [String]
  /// A program and its arguments that the program and its arguments are put behind; empty for none.
  ///
  /// It is to become the program, or to start it as its child and to end as it does.
  package var wrapper: [String] = []
  /// Processes of this name belong to the wrapper: they would take the tree with them if they were told to end, so
  /// that they are only killed.
  package var spared: String?
  /// What the program sees as its own name (`argv[0]`).
  package var name: String
  /// Variables set beside those inherited.
  package var environment: [String: String]
  /// Variables taken away from those inherited. A name that ends in `*` takes all that begin so.
  package var unset: [String]
  /// The absolute working directory; `PWD` is set to it.
  package var directory: String
  /// The file that is the program's standard input, else `/dev/null`.
  package var stdin: String?
  /// Ends the tree this long after the start.
  package var timeout: Milliseconds?
  /// Ends the tree when neither stdout nor stderr grew for this long.
  package var idleTimeout: Milliseconds?
  /// Between SIGTERM and SIGKILL.
  package var grace: Milliseconds
  /// How long descendants may outlive the program itself before they are ended.
  package var drain: Milliseconds
  /// Ends the tree when stdout and stderr together have more bytes than this.
  package var outputLimit: Int
  /// Ends the tree when the engine has been dead this long; nil lets it run to its own end.
  package var orphanGrace: Milliseconds?
  /// The soft limit of open files that the program gets, when the engine has raised its own.
  package var openFiles: Int?

  package typealias Milliseconds = Int

  package init(
    program: String, arguments: [String], name: String? = nil,
    environment: [String: String] = [:], unset: [String] = [], directory: String,
    stdin: String? = nil, timeout: Milliseconds? = nil, idleTimeout: Milliseconds? = nil,
    grace: Milliseconds = 5_000, drain: Milliseconds = 2_000, outputLimit: Int = 2 << 30,
    orphanGrace: Milliseconds? = 60_000, openFiles: Int? = nil
  ) {
    self.program = program
    self.arguments = arguments
    self.name = name ?? program
    self.environment = environment
    self.unset = unset
    self.directory = directory
    self.stdin = stdin
    self.timeout = timeout
    self.idleTimeout = idleTimeout
    self.grace = grace
    self.drain = drain
    self.outputLimit = outputLimit
    self.orphanGrace = orphanGrace
    self.openFiles = openFiles
  }

  package var json: JSON {
    .known([
      ("version", .int(Self.version)),
      ("program", .string(program)),
      ("name", .string(name)),
      ("arguments", .array(arguments.map(JSON.string))),
      ("wrapper", wrapper.isEmpty ? nil : .array(wrapper.map(JSON.string))),
      ("spared", spared.map(JSON.string)),
      (
        "environment",
        .object(environment.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
      ),
      ("unset", .array(unset.map(JSON.string))),
      ("directory", .string(directory)),
      ("stdin", stdin.map(JSON.string)),
      ("timeout", timeout.map(JSON.int)),
      ("idleTimeout", idleTimeout.map(JSON.int)),
      ("grace", .int(grace)),
      ("drain", .int(drain)),
      ("outputLimit", .int(outputLimit)),
      ("orphanGrace", orphanGrace.map(JSON.int)),
      ("openFiles", openFiles.map(JSON.int)),
    ])
  }

  /// Reads back what `json` wrote; nil for anything else.
  package init?(_ value: JSONValue) {
    guard value["version"]?.int == Self.version,
      let program = value["program"]?.string,
      let name = value["name"]?.string,
      let directory = value["directory"]?.string,
      let grace = value["grace"]?.int,
      let drain = value["drain"]?.int,
      let outputLimit = value["outputLimit"]?.int
    else { return nil }
    self.init(
      program: program,
      arguments: value["arguments"]?.elements.compactMap(\.string) ?? [],
      name: name,
      environment: Dictionary(
        value["environment"]?.members.map { ($0.key, $0.value.string ?? "") } ?? [],
        uniquingKeysWith: { $1 }),
      unset: value["unset"]?.elements.compactMap(\.string) ?? [],
      directory: directory,
      stdin: value["stdin"]?.string,
      timeout: value["timeout"]?.int,
      idleTimeout: value["idleTimeout"]?.int,
      grace: grace, drain: drain, outputLimit: outputLimit,
      orphanGrace: value["orphanGrace"]?.int,
      openFiles: value["openFiles"]?.int)
    wrapper = value["wrapper"]?.elements.compactMap(\.string) ?? []
    spared = value["spared"]?.string
  }
}
