// Knows by what a file is seen to have changed without being read. Unaware of which files are looked at.

import CSystem
import Foundation

/// What the system says of a file; symbolic links are not followed.
struct FileStamp: Sendable, Equatable {
  var mode: UInt32
  var links: UInt64
  var size: Int64
  var inode: UInt64
  var modified: Int64
  /// When anything of it was changed, its times and names included; no program can set it.
  var changed: Int64

  /// Nil where there is none, or where it cannot be looked at.
  init?(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    mode = UInt32(status.st_mode)
    links = UInt64(status.st_nlink)
    size = Int64(status.st_size)
    inode = UInt64(status.st_ino)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
  }

  var isFolder: Bool { mode_t(mode) & S_IFMT == S_IFDIR }
  var isFile: Bool { mode_t(mode) & S_IFMT == S_IFREG }

  /// Whether what is there now is another file or has other contents or permissions.
  ///
  /// A further name for a file changes nothing of it, unless it is then written to by that name.
  func differs(from earlier: FileStamp) -> Bool {
    if links != earlier.links {
      return mode != earlier.mode || size != earlier.size || inode != earlier.inode
        || modified != earlier.modified
    }
    return self != earlier
  }
}

extension FileStamp? {
  func differs(from earlier: FileStamp?) -> Bool {
    switch (self, earlier) {
    case (let now?, let earlier?): now.differs(from: earlier)
    case (nil, nil): false
    default: true
    }
  }
}
