// Knows how a text file is read that must lie within a folder. Unaware of what it is read for.

import Foundation

/// Reading of files that a plan or an agent names, which must not lead anywhere else.
package enum InnerFile {
  /// Why a file is not read.
  package enum Refusal: Error, Sendable, Equatable {
    case system(Int32)
    /// A link leads out of the folder.
    case outside
    /// A pipe, a device or the like, from which reading may never end.
    case noFile
    case notText

    /// Whether there simply is no such file.
    package var isAbsence: Bool {
      switch self {
      case .system(let number): number == ENOENT || number == ENOTDIR
      case .outside, .noFile, .notText: false
      }
    }

    /// The reason as the end of a sentence: "no such file".
    package func reason(folder: String) -> String {
      switch self {
      case .system(let number): SystemError.reason(number)
      case .outside: "it leads out of \(folder)"
      case .noFile: "it is no regular file"
      case .notText: "it is not UTF-8 text"
      }
    }
  }

  /// The text of the file at a relative path, reached through no link that leads out of `folder`.
  package static func text(
    _ relative: String, in folder: String, limit: Int
  ) throws(Refusal) -> String {
    let root = try real(folder)
    let path = try real(folder + "/" + relative)
    guard path.hasPrefix(root == "/" ? root : root + "/") else { throw .outside }
    var status = stat()
    guard stat(path, &status) == 0 else { throw .system(errno) }
    if status.st_mode & S_IFMT == S_IFDIR { throw .system(EISDIR) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .noFile }
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileBytes.read(path, limit: limit)
    } catch {
      throw .system(error.errno)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .notText
    }
    return text
  }

  private static func real(_ path: String) throws(Refusal) -> String {
    guard let real = realpath(path, nil) else { throw .system(errno) }
    defer { free(real) }
    return String(cString: real)
  }
}
