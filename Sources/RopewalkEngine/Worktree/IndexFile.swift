// Knows enough of git's index format to see which paths git was told not to look at.
// Unaware of where the file comes from.

import CSystem
import Foundation

/// What an index says beyond names and contents.
///
/// Git itself skips paths with one of two flags when it stages everything; an agent that set them, on
/// purpose or by a tool, would lose its changes there.
struct IndexFile: Sendable {
  /// Paths marked `assume-unchanged` and `skip-worktree`, as bytes.
  private(set) var assumed: [Data] = []
  private(set) var skipped: [Data] = []
  /// Whether a merge left paths undecided.
  private(set) var hasUnmerged = false

  /// Nil where `data` is no index of version 2 to 4, or is cut short.
  ///
  /// - Parameter each: gets the fixed part of each entry, times first and flags last, and its name.
  init?(
    _ data: Data, hashBytes: Int,
    each: (UnsafeRawBufferPointer, [UInt8]) -> Void = { _, _ in }
  ) {
    let bytes = [UInt8](data)
    guard bytes.count >= 12 + hashBytes, bytes.starts(with: Array("DIRC".utf8)) else { return nil }
    let version = Self.number(bytes, at: 4)
    guard (2...4).contains(version) else { return nil }
    var offset = 12
    var name: [UInt8] = []
    for _ in 0..<Self.number(bytes, at: 8) {
      let start = offset
      offset += 40 + hashBytes
      guard offset + 4 <= bytes.count else { return nil }
      let flags = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
      offset += 2
      var more = 0
      if flags & 0x4000 != 0 {
        more = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
        offset += 2
      }
      if version == 4 {
        guard let cut = Self.varint(bytes, &offset), cut <= name.count else { return nil }
        name.removeLast(cut)
      } else {
        name.removeAll(keepingCapacity: true)
      }
      guard let end = bytes[min(offset, bytes.count)...].firstIndex(of: 0) else { return nil }
      name += bytes[offset..<end]
      bytes.withUnsafeBytes {
        each(UnsafeRawBufferPointer(rebasing: $0[start..<start + 42 + hashBytes]), name)
      }
      offset = version == 4 ? end + 1 : start + (end - start) / 8 * 8 + 8
      if flags & 0x8000 != 0 { assumed.append(Data(name)) }
      if more & 0x4000 != 0 { skipped.append(Data(name)) }
      if flags & 0x3000 != 0 { hasUnmerged = true }
    }
  }

  private static func number(_ bytes: [UInt8], at offset: Int) -> Int {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  /// The format's own variable-length number: each further byte also adds one.
  private static func varint(_ bytes: [UInt8], _ offset: inout Int) -> Int? {
    var value = -1
    while offset < bytes.count, value < 1 << 24 {
      let byte = bytes[offset]
      offset += 1
      value = (value + 1) << 7 | Int(byte & 0x7f)
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}

extension IndexFile {
  /// Copies an index with its time of change, by which git knows which files it must look into.
  ///
  /// - Returns: what it says; nil, and no copy, where it is absent or no index. Symbolic links are not followed.
  static func copy(_ source: String, to target: String, hashBytes: Int) throws -> IndexFile? {
    let descriptor = csystem_open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return nil }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let data = try handle.readToEnd(), let index = IndexFile(data, hashBytes: hashBytes)
    else { return nil }
    try data.write(to: URL(fileURLWithPath: target))
    let times = [status.st_mtim, status.st_mtim]
    guard utimensat(AT_FDCWD, target, times, 0) == 0 else {
      throw WorktreeError.unusable(path: target, code: csystem_errno())
    }
    return index
  }
}
