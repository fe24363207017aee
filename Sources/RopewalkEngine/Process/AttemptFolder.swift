// Knows how an attempt's folder is laid out and read back. Unaware of what runs in it.

import Foundation
import RopewalkCore
import RopewalkWire

/// The folder of one attended program: what it is to do, what it printed, how it ended.
package struct AttemptFolder: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  package var stdout: String { path + "/" + AttemptFiles.stdout }
  package var stderr: String { path + "/" + AttemptFiles.stderr }
  package var prompt: String { path + "/" + AttemptFiles.prompt }
  package var end: String { path + "/" + AttemptFiles.end }

  /// Creates the folder with everything that the attendant reads, for the user alone.
  ///
  /// The output files are made here already, empty, so that they can be watched from the start.
  package func create(_ spec: AttemptSpec, prompt text: [UInt8]?) throws(SystemError) {
    try FileBytes.createFolder(path)
    if let text { try FileBytes.create(prompt, text) }
    try FileBytes.create(stdout, [])
    try FileBytes.create(stderr, [])
    try FileBytes.create(path + "/" + AttemptFiles.spec, spec.json.bytes + [UInt8(ascii: "\n")])
  }

  /// How the program ended; nil when no end was written.
  package func endRecord() throws(SystemError) -> EndRecord? {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileBytes.read(end, limit: 1 << 20)
    } catch {
      if error.errno == ENOENT { return nil }
      throw error
    }
    do {
      return EndRecord(try JSONDocument(bytes).root)
    } catch {
      // The record is renamed into place whole; anything else was not written by an attendant.
      return nil
    }
  }

  /// The last whole lines of stderr, at most `lines`, for reports.
  package func stderrTail(lines: Int = 20) throws(SystemError) -> [UInt8] {
    let bytes = try FileBytes.tail(stderr, count: 16 << 10)
    var cuts = 0
    var start = bytes.endIndex
    for index in bytes.indices.dropLast().reversed() where bytes[index] == UInt8(ascii: "\n") {
      cuts += 1
      start = index + 1
      if cuts == lines { break }
    }
    return cuts < lines ? bytes : Array(bytes[start...])
  }
}
