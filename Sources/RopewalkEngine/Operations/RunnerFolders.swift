// Knows in which folders a user keeps runner files. Unaware of what they say.

import Foundation
import RopewalkCore

/// The runner files of a user: `$XDG_CONFIG_HOME/ropewalk/runners/*.json`.
package struct RunnerFolders: Sendable {
  private let folder: String?

  package init(environment: [String: String]) {
    let home = environment["HOME"].map { $0 + "/.config" }
    folder = (environment["XDG_CONFIG_HOME"] ?? home).map { $0 + "/ropewalk/runners" }
  }

  /// The built-in runners with the user's own above them.
  ///
  /// - Throws: `RunnerFileErrors` for the first file that is refused; `SystemError` for one that
  ///   cannot be read.
  package func catalog() throws -> RunnerCatalog {
    var catalog = RunnerCatalog.builtIn()
    guard let folder else { return catalog }
    // No folder, no runners of the user's own.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names.sorted() where name.hasSuffix(".json") {
      let path = folder + "/" + name
      let text = try FileBytes.read(path, limit: 1 << 20)
      do throws(PlanErrors) {
        try catalog.add(text, from: path)
      } catch {
        throw RunnerFileErrors(path: path, errors: error)
      }
    }
    return catalog
  }
}

/// A runner file that is refused.
package struct RunnerFileErrors: Error, Sendable {
  package var path: String
  package var errors: PlanErrors
}
