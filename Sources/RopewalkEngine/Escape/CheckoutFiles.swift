// Knows how changes of a checkout's files are seen cheaply. Unaware of git's own files and of who changes them.

import CSystem
import Foundation

/// The files of a checkout that git tracks or would track, and the folders that they are in.
///
/// A look asks the system for each file's times and for each folder's, and lists a folder again only when its own
/// times say that something came or went: some 10 ms for 5,000 files. Ignored files are not looked at.
struct CheckoutFiles: Sendable {
  private struct Listing: Sendable {
    var path: String
    var stamp: FileStamp?
    var names: Set<String>
    /// Whether something may have come after the listing and within the same tick of the clock.
    var isRacy: Bool
  }

  /// The top of the checkout.
  let top: String
  private var paths: [String] = []
  private var stamps: [FileStamp?] = []
  private var known: Set<String> = []
  private var folders: [Listing] = []
  private var knownFolders: Set<String> = []

  /// More files than this are not compared, one by one.
  static let limit = 200_000
  /// A clock's tick, and then some.
  private static let tick: Int64 = 20_000_000

  /// - Parameter paths: what git lists, relative to `top`.
  init(top: String, paths: [String]) {
    self.top = top
    watch(paths.prefix(Self.limit).filter { !$0.hasSuffix("/") && !Self.isOurs($0) })
    watchFolder("")
  }

  private static func isOurs(_ path: String) -> Bool {
    path == ".git" || path == ".ropewalk" || path.hasPrefix(".ropewalk/")
  }

  private func absolute(_ path: String) -> String { path.isEmpty ? top : "\(top)/\(path)" }

  /// Begins to look at files, from how they are now.
  mutating func watch(_ new: some Sequence<String>) {
    for path in new where known.insert(path).inserted {
      let stamp = FileStamp(absolute(path))
      // A submodule is a repository of its own.
      if stamp?.isFolder == true { continue }
      paths.append(path)
      stamps.append(stamp)
      var folder = path[...]
      while let slash = folder.lastIndex(of: "/") {
        folder = folder[..<slash]
        guard watchFolder(String(folder)) else { break }
      }
    }
  }

  /// False for one that is looked at already.
  @discardableResult
  private mutating func watchFolder(_ path: String) -> Bool {
    guard knownFolders.insert(path).inserted else { return false }
    folders.append(listing(of: path))
    return true
  }

  private func listing(of path: String) -> Listing {
    // Asked before the names are: what comes in between is listed again.
    let stamp = FileStamp(absolute(path))
    let names = FolderNames.all(in: absolute(path))
    return Listing(
      path: path, stamp: stamp, names: names,
      isRacy: (stamp?.changed ?? 0) > Self.now() - Self.tick)
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// What differs from the look before: files that were looked at, and new ones that git may ignore; those are looked
  /// at from `watch` on. Blocks.
  mutating func look() -> (changed: [String], appeared: [String]) {
    var changed: [String] = []
    for index in paths.indices {
      let now = FileStamp(absolute(paths[index]))
      guard now != stamps[index] else { continue }
      if now.differs(from: stamps[index]) { changed.append(paths[index]) }
      stamps[index] = now
    }
    var appeared: [String] = []
    for index in folders.indices {
      let old = folders[index]
      guard old.isRacy || FileStamp(absolute(old.path)) != old.stamp else { continue }
      let new = listing(of: old.path)
      folders[index] = new
      for name in new.names.subtracting(old.names).sorted() {
        let path = old.path.isEmpty ? name : "\(old.path)/\(name)"
        if !Self.isOurs(path), !known.contains(path), !knownFolders.contains(path) {
          appeared += files(at: path)
        }
      }
    }
    return (changed, appeared)
  }

  /// A file, or the files of a folder; a repository in a repository counts as one.
  private func files(at path: String) -> [String] {
    guard FileStamp(absolute(path))?.isFolder == true else { return [path] }
    if FileStamp(absolute(path) + "/.git") != nil { return [path] }
    var found: [String] = []
    var open = [path]
    while let folder = open.popLast(), found.count < 1000 {
      for name in FolderNames.all(in: absolute(folder)).sorted() {
        let inner = "\(folder)/\(name)"
        if FileStamp(absolute(inner))?.isFolder == true {
          open.append(inner)
        } else {
          found.append(inner)
        }
      }
    }
    return found
  }
}

/// The names in folders.
enum FolderNames {
  /// All names but `.` and `..`; none where the folder cannot be read. Blocks.
  static func all(in path: String) -> Set<String> {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: Set<String> = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.insert(name) }
    }
    return names
  }
}
