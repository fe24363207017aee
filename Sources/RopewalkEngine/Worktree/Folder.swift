// Knows how to make folders, remove whole ones and lock a repository, without following symbolic links.
// Unaware of what is in them.

import CSystem
import Foundation

/// Blocking work on folders; call it through `offPool`.
enum Folder {
  /// Makes the folder `path` unless it is there.
  ///
  /// - Throws: `WorktreeError.notAFolder` for anything else in its place, a symbolic link to a folder included.
  static func make(_ path: String, mode: mode_t) throws(WorktreeError) {
    if mkdir(path, mode) == 0 { return }
    let code = csystem_errno()
    guard code == EEXIST else { throw .unusable(path: path, code: code) }
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .notAFolder(path: path)
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw .unusable(path: path, code: csystem_errno())
    }
  }

  /// Makes a file with `text` unless something of that name is there.
  static func place(_ text: String, at path: String) throws(WorktreeError) {
    let descriptor = csystem_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      if csystem_errno() == EEXIST { return }
      throw .unusable(path: path, code: csystem_errno())
    }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
      let code = csystem_errno()
      unlink(path)
      throw .unusable(path: path, code: code)
    }
  }

  /// Removes `path` and all below it; an absent one is fine. Symbolic links are removed, never followed;
  /// folders without permission are opened first.
  static func remove(_ path: String) throws(WorktreeError) {
    try remove(Array(path.utf8CString), in: AT_FDCWD, shown: path)
  }

  /// Names are bytes: not every one is UTF-8.
  private static func remove(
    _ name: [CChar], in parent: Int32, shown: String
  ) throws(WorktreeError) {
    if unlinkat(parent, name, 0) == 0 || csystem_errno() == ENOENT { return }
    let code = csystem_errno()
    guard code == EISDIR || code == EPERM else { throw .unusable(path: shown, code: code) }
    let folder = try open(name, in: parent, shown: shown)
    guard let stream = fdopendir(folder) else {
      close(folder)
      throw .unusable(path: shown, code: csystem_errno())
    }
    defer { closedir(stream) }
    for entry in names(in: stream) {
      try remove(entry, in: folder, shown: shown)
    }
    guard unlinkat(parent, name, AT_REMOVEDIR) == 0 || csystem_errno() == ENOENT else {
      throw .unusable(path: shown, code: csystem_errno())
    }
  }

  private static func open(
    _ name: [CChar], in parent: Int32, shown: String
  ) throws(WorktreeError) -> Int32 {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var descriptor = openat(parent, name, flags)
    if descriptor < 0, csystem_errno() == EACCES {
      fchmodat(parent, name, 0o700, 0)
      descriptor = openat(parent, name, flags)
    }
    guard descriptor >= 0 else { throw .unusable(path: shown, code: csystem_errno()) }
    // A folder may be readable and yet refuse that its entries are removed.
    fchmod(descriptor, 0o700)
    return descriptor
  }

  private static func names(in stream: OpaquePointer) -> [[CChar]] {
    var result: [[CChar]] = []
    while let entry = readdir(stream) {
      let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
      let start = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
      let name = Array(UnsafeBufferPointer(start: start, count: strlen(start) + 1))
      let dot = CChar(UInt8(ascii: "."))
      if name != [dot, 0], name != [dot, dot, 0] { result.append(name) }
    }
    return result
  }
}

/// The lock that runs of the same repository share while they add worktrees.
enum RepositoryLock {
  /// Waits for the lock file `path`, blocking the thread, and holds it until the value is released.
  static func take(_ path: String) throws(WorktreeError) -> FileHandle {
    let descriptor = csystem_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .unusable(path: path, code: csystem_errno()) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    while flock(descriptor, LOCK_EX) != 0 {
      guard csystem_errno() == EINTR else { throw .unusable(path: path, code: csystem_errno()) }
    }
    return handle
  }
}
