// Knows how bytes are read from and written to files, whole. Unaware of their meaning.

import CSystem
import Foundation

/// Whole-file reading and writing by the system's own calls.
///
/// Foundation's are not used here because they need a `Data`, report no error number, and write
/// new files with the user's mask instead of for the user alone.
package enum FileBytes {
  /// The file's bytes, up to `limit`; a longer file is refused with EFBIG.
  package static func read(_ path: String, limit: Int = .max) throws(SystemError) -> [UInt8] {
    let descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SystemError("look at", path) }
    if status.st_mode & S_IFMT == S_IFDIR { throw SystemError("read", path, errno: EISDIR) }
    guard Int(status.st_size) <= limit else { throw SystemError("read", path, errno: EFBIG) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    while let chunk = try chunk(of: descriptor, path: path, at: nil, size: 1 << 18) {
      bytes.append(contentsOf: chunk)
      guard bytes.count <= limit else { throw SystemError("read", path, errno: EFBIG) }
    }
    return bytes
  }

  /// The last `count` bytes of a file; fewer when it has fewer, none when there is no file.
  package static func tail(_ path: String, count: Int) throws(SystemError) -> [UInt8] {
    let descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0, errno == ENOENT { return [] }
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    let size = Int(lseek(descriptor, 0, SEEK_END))
    return try chunk(of: descriptor, path: path, at: max(0, size - count), size: count) ?? []
  }

  /// The next bytes of an open file, or those at an offset; nil at its end.
  package static func chunk(
    of descriptor: Int32, path: String, at offset: Int?, size: Int
  ) throws(SystemError) -> [UInt8]? {
    var count = -1
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, length in
      repeat {
        if let offset {
          count = pread(descriptor, buffer.baseAddress, size, off_t(offset))
        } else {
          count = Glibc.read(descriptor, buffer.baseAddress, size)
        }
        failure = errno
      } while count < 0 && failure == EINTR
      length = max(0, count)
    }
    if count < 0 { throw SystemError("read", path, errno: failure) }
    return count == 0 ? nil : bytes
  }

  /// Up to 256 KiB of a file from `offset`, without holding it open; nil at its end.
  package static func piece(of path: String, at offset: Int) throws(SystemError) -> [UInt8]? {
    let descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    return try chunk(of: descriptor, path: path, at: offset, size: 1 << 18)
  }

  /// The names in a folder, in no order, without those that begin with a dot.
  package static func names(in folder: String) throws(SystemError) -> [String] {
    guard let directory = opendir(folder) else { throw SystemError("list", folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// Writes a new file for the user alone. An existing one is refused, never overwritten.
  package static func create(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    let descriptor = csystem_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("create", path) }
    defer { close(descriptor) }
    try writeAll(bytes, to: descriptor, path: path)
  }

  /// Puts a file for the user alone in the place of another, or of none: whole, or not at all, also when the power
  /// fails.
  package static func replace(_ path: String, _ bytes: [UInt8]) throws(SystemError) {
    let new = path + ".new"
    unlink(new)
    let descriptor = csystem_open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SystemError("create", new) }
    defer { close(descriptor) }
    do throws(SystemError) {
      try writeAll(bytes, to: descriptor, path: new)
      guard fsync(descriptor) == 0 else { throw SystemError("sync", new) }
      guard rename(new, path) == 0 else { throw SystemError("rename", new) }
    } catch {
      unlink(new)
      throw error
    }
    try JournalWriter.syncFolder(of: path)
  }

  /// Writes every byte, however many calls it takes.
  package static func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, path: String
  ) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw SystemError("write to", path)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Creates a folder for the user alone, and those above it as need be.
  package static func createFolder(_ path: String) throws(SystemError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST {
      var status = stat()
      guard stat(path, &status) == 0 else { throw SystemError("look at", path) }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw SystemError("create the folder", path, errno: ENOTDIR)
      }
      return
    }
    guard errno == ENOENT, path.contains("/") else {
      throw SystemError("create the folder", path)
    }
    try createFolder((path as NSString).deletingLastPathComponent)
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
      throw SystemError("create the folder", path)
    }
  }
}
