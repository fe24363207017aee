// Knows all runners there are, and which of several of one name counts. Unaware of folders.

import RopewalkWire

/// The runners that a run can use: built in, and the user's own above them.
package struct RunnerCatalog: Sendable {
  /// Where a runner's file came from.
  package enum Origin: Sendable, Equatable {
    case builtIn
    case file(String)
  }

  package struct Entry: Sendable {
    package var spec: RunnerSpec
    package var origin: Origin
    /// The file's text.
    package var text: [UInt8]
  }

  private var entries: [String: Entry] = [:]

  /// The built-in runners alone.
  package static func builtIn() -> RunnerCatalog {
    var catalog = RunnerCatalog()
    for (file, text) in BuiltInRunners.files {
      switch RunnerSpec.decode(text) {
      case .success(let spec):
        catalog.entries[spec.name] = Entry(spec: spec, origin: .builtIn, text: text)
      case .failure(let errors):
        preconditionFailure("a built-in runner is refused:\n\(errors.text(file: file))")
      }
    }
    return catalog
  }

  /// Adds a file's runner; one of that name that is there already gives way. Callers add the
  /// user's files first and a trusted repository's after them.
  ///
  /// - Throws: `PlanErrors` when the file is refused, or when another file of the same folder has
  ///   the same name: which of the two was meant cannot be told. The catalog is then as it was.
  package mutating func add(_ text: [UInt8], from path: String) throws(PlanErrors) {
    let spec = try RunnerSpec.decode(text).get()
    if case .file(let other) = entries[spec.name]?.origin, other != path,
      Self.folder(other) == Self.folder(path)
    {
      throw PlanErrors([
        PlanError(
          path: "name", message: "the runner `\(spec.name)` is already that of \(other.quoted)",
          hint: "rename one of the two, or remove it")
      ])
    }
    entries[spec.name] = Entry(spec: spec, origin: .file(path), text: text)
  }

  private static func folder(_ path: String) -> Substring {
    path.lastIndex(of: "/").map { path[..<$0] } ?? ""
  }

  package subscript(name: String) -> Entry? { entries[name] }

  /// All names, sorted.
  package var names: [String] { entries.keys.sorted() }

  /// The runner for that version of a runner's program: itself, else the one that it names as
  /// `otherwise`, and so on.
  ///
  /// - Parameter version: as the program told it; nil when it was not understood.
  package func variant(of name: String, version: String?) throws(RunnerMismatch) -> RunnerSpec {
    var tried: [String] = []
    var next: String? = name
    while let current = next, !tried.contains(current) {
      guard let spec = entries[current]?.spec else {
        let hint = NearName.hint(for: current, in: names, owner: "there are")
        throw .unknownRunner(current, namedBy: tried.last, hint: hint)
      }
      if spec.fits(version: version) { return spec }
      tried.append(current)
      next = spec.otherwise
    }
    throw .noVariant(tried: tried, version: version)
  }
}

/// Why no runner is found for a name or a version.
package enum RunnerMismatch: Error, Equatable, CustomStringConvertible {
  /// - Parameter namedBy: the runner file that names it as `otherwise`; nil when the plan does.
  case unknownRunner(String, namedBy: String?, hint: String?)
  case noVariant(tried: [String], version: String?)

  package var description: String {
    switch self {
    case .unknownRunner(let name, let owner, _):
      "there is no runner \(name.quoted)" + (owner.map { ", which `\($0)` names" } ?? "")
    case .noVariant(let tried, let version):
      "version \(version?.quoted ?? "unknown") is none that "
        + tried.map { "`\($0)`" }.joined(separator: " or ") + " is for"
    }
  }

  package var hint: String? {
    switch self {
    case .unknownRunner(_, _, let hint): hint
    case .noVariant: "add a runner file for it, or install a version that there is one for"
    }
  }
}
