// Knows how a program's name becomes a path, as a shell would. Unaware of what the program is.

import Foundation

/// Looks programs up in `PATH`.
package struct ProgramSearch: Sendable {
  package let path: [String]
  private let directory: String

  /// - Parameter directory: what relative names and relative entries of `PATH` are taken from.
  package init(environment: [String: String], directory: String) {
    path = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(
      separator: ":", omittingEmptySubsequences: true
    ).map(String.init)
    self.directory = directory
  }

  /// The path of an executable file of that name; nil when there is none.
  package func find(_ name: String) -> String? {
    if name.contains("/") {
      let whole = name.hasPrefix("/") ? name : directory + "/" + name
      return Self.isProgram(whole) ? whole : nil
    }
    return path.lazy.map { entry in
      (entry.hasPrefix("/") ? entry : directory + "/" + entry) + "/" + name
    }.first(where: Self.isProgram)
  }

  /// A file of that name that could have been meant, executable or not.
  package func anyFile(_ name: String) -> String? {
    let candidates = name.contains("/") ? [""] : path.map { $0 + "/" }
    return candidates.map { $0 + name }.first { access($0, F_OK) == 0 }
  }

  /// The names of all programs in `PATH`, for near names.
  package func names() -> [String] {
    path.flatMap { entry in
      // An entry of PATH that is no folder holds no programs.
      (try? FileManager.default.contentsOfDirectory(atPath: entry)) ?? []
    }
  }

  private static func isProgram(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
  }
}
