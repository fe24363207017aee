// Knows where the public JSON test suite may lie. Unaware of the parser.

import Foundation

/// The files of https://github.com/nst/JSONTestSuite, where somebody has them.
enum JSONSuite {
  struct File: Sendable {
    /// `y_` must be read, `n_` must be refused, `i_` is the parser's own affair.
    var name: String
    var bytes: [UInt8]
  }

  static let folder = ProcessInfo.processInfo.environment["ROPEWALK_JSON_TEST_SUITE"]

  static func files() throws -> [File] {
    guard let folder else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasSuffix(".json") }
      .map { name in
        File(name: name, bytes: Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))))
      }
  }
}
