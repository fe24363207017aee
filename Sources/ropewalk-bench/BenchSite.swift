// Knows where a benchmark works: scratch folder, programs, number of repetitions.
// Unaware of what is measured there.

import Foundation
import RopewalkEngine

/// A scratch folder of one benchmark and the programs that it compares.
final class BenchSite {
  let options: BenchOptions
  /// Made anew for each benchmark, below TMPDIR; removed by `leave` unless it is to be kept.
  let folder: String
  /// The release `ropewalk` beside this program.
  let ropewalk: String
  private let search: ProgramSearch
  private var folders = 0

  init(_ options: BenchOptions) throws {
    self.options = options
    let environment = ProcessInfo.processInfo.environment
    search = ProgramSearch(environment: environment, directory: "/")
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    ropewalk = (own as NSString).deletingLastPathComponent + "/ropewalk"
    guard access(ropewalk, X_OK) == 0 else { throw BenchError.noProduct(ropewalk) }
    #if DEBUG
      throw BenchError.isDebug
    #else
      let parent = environment["TMPDIR"] ?? "/tmp"
      var template = Array((parent + "/ropewalk-bench-XXXXXX").utf8CString)
      guard let path = mkdtemp(&template) else { throw SystemError("make a folder in", parent) }
      folder = String(cString: path)
      // What is measured is no spending of the user's.
      setenv("XDG_STATE_HOME", folder + "/state", 1)
    #endif
  }

  func leave() {
    if options.keepsScratch {
      print("\nscratch: \(folder)")
      return
    }
    do {
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      print("\ncould not remove \(folder): \(error.localizedDescription)")
    }
  }

  /// The path of an installed program; nil when it is not installed.
  func find(_ program: String) -> String? { search.find(program) }

  /// A program that a measurement cannot do without.
  func program(_ name: String) throws(BenchError) -> String {
    guard let path = find(name) else { throw .missing(name) }
    return path
  }

  func repetitions(_ usual: Int) -> Int { options.repetitions ?? usual }

  /// A new, empty folder in the scratch folder.
  func newFolder(_ label: String) throws(SystemError) -> String {
    folders += 1
    let path = "\(folder)/\(label)-\(folders)"
    try FileBytes.createFolder(path)
    return path
  }

  func write(_ text: String, to path: String, executable: Bool = false) throws(SystemError) {
    try FileBytes.create(path, Array(text.utf8))
    guard !executable || chmod(path, 0o755) == 0 else {
      throw SystemError("make executable", path)
    }
  }

  /// A git repository with `files` small files in one commit.
  func newRepository(files: Int) throws -> String {
    let path = try newFolder("repository")
    for index in 0..<files {
      let folder = "\(path)/part-\(index % 10)"
      try FileBytes.createFolder(folder)
      let line = "line of file \(index), as long as lines of programs are\n"
      try write(String(repeating: line, count: 40), to: "\(folder)/file-\(index).txt")
    }
    let git = try program("git")
    let commands = [
      ["init", "--quiet", "--initial-branch=main"], ["config", "user.name", "bench"],
      ["config", "user.email", "bench@localhost"], ["config", "gc.auto", "0"],
      ["add", "--all"], ["commit", "--quiet", "--allow-empty", "--message=begin"],
    ]
    for arguments in commands {
      _ = try Command(git, arguments, in: path).run(in: self)
    }
    return path
  }
}

/// Why a benchmark could not be measured.
enum BenchError: Error, CustomStringConvertible {
  case isDebug
  case noProduct(String)
  case missing(String)
  case notStarted(String, String)
  case failed(String, status: Int32, output: String)
  case wrong(String)

  var description: String {
    switch self {
    case .isDebug:
      "a debug build measures nothing; use `swift run -c release ropewalk-bench`"
    case .noProduct(let path):
      "there is no `\(path)`; build all products: `swift build -c release`"
    case .missing(let name): "`\(name)` is not installed, and the benchmark needs it"
    case .notStarted(let program, let reason): "could not start `\(program)`: \(reason)"
    case .failed(let program, let status, let output):
      "`\(program)` ended with wait status \(status):\n\(output)"
    case .wrong(let what): "the measured program did not do its work: \(what)"
    }
  }
}
