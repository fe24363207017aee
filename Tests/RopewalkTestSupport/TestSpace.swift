// Knows a temporary folder that goes away with its last reference.
// Unaware of what tests put into it.

import Foundation

/// A folder of a test's own, without symbolic links in its path, removed with the value.
package final class TestSpace: Sendable {
  package let path: String

  package init() {
    let name = "ropewalk-test-\(UUID().uuidString.prefix(8))"
    let folder = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
      .appendingPathComponent(name)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      preconditionFailure("no temporary folder: \(error)")
    }
    path = folder.path
  }

  deinit {
    // A test that took permissions away leaves its folder to the system's own cleaning.
    try? FileManager.default.removeItem(atPath: path)
  }

  package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a file, its folders included, and returns its path.
  @discardableResult
  package func write(_ text: String, to name: String, mode: Int = 0o644) throws -> String {
    let file = self(name)
    try Files.write(text, to: file, mode: mode)
    return file
  }
}

/// Short words for what tests do with files.
package enum Files {
  package static func write(_ text: String, to path: String, mode: Int = 0o644) throws {
    let folder = (path as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  package static func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  package static func exists(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: path)) != nil
  }

  package static func names(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
