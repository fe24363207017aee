// Knows how the worktrees of a run are found again by another engine. Unaware of what is in them.

import Foundation
import RopewalkCore
import RopewalkWire

extension WorktreeStore {
  /// The worktree `name` as it was recorded when it was made; nil where none was, or where the record cannot be read.
  func recorded(_ name: String) -> Worktree? {
    // Without a record the worktree is made anew; nothing that an agent left is lost, since it was recorded before.
    guard let bytes = try? FileBytes.read(recordPath(name), limit: 1 << 20),
      let document = try? JSONDocument(bytes), let worktree = Worktree(document.root),
      worktree.name == name
    else { return nil }
    return worktree
  }

  /// Takes a worktree down for the engines that may come after this one.
  func keepRecord(_ worktree: Worktree) async throws {
    try await offPool { [self] in
      let path = recordPath(worktree.name)
      // A torn record is no record, and renaming leaves none.
      try FileBytes.replace(path, worktree.json.bytes)
    }
  }

  func recordPath(_ name: String) -> String { "\(records)/\(name).json" }

  /// Removes what an engine that died while it made the worktree `name` has left of it.
  ///
  /// No agent has worked there: a worktree is recorded before its first attempt.
  func removeUnrecorded(_ name: String) async throws {
    let path = "\(folder)/\(name)"
    let administration = try await offPool { [self] in
      let all = repository.commonDirectory + "/worktrees"
      // No folder, no linked worktree.
      let names = (try? FileBytes.names(in: all)) ?? []
      let found = names.filter { SmallFile.read("\(all)/\($0)/gitdir") == "\(path)/.git\n" }
      guard !found.isEmpty || access(path, F_OK) == 0 else { return [String]() }
      try Folder.remove(path)
      return found.map { "\(all)/\($0)" }
    }
    for path in administration { try await removeAdministration(path, name) }
  }
}

extension Worktree {
  var json: JSON {
    .known([
      ("name", .string(name)), ("path", .string(path)), ("gitDirectory", .string(gitDirectory)),
      // As text: an inode may be larger than a number of JSON.
      ("inode", .string(String(inode))), ("link", link.map(JSON.string)),
      ("common", common.map(JSON.string)), ("configuration", configuration.map(JSON.string)),
    ])
  }

  init?(_ value: JSONValue) {
    guard let name = value["name"]?.string, let path = value["path"]?.string,
      let gitDirectory = value["gitDirectory"]?.string,
      let inode = value["inode"]?.string.flatMap({ UInt64($0) })
    else { return nil }
    self.init(
      name: name, path: path, gitDirectory: gitDirectory, inode: inode,
      link: value["link"]?.string, common: value["common"]?.string,
      configuration: value["configuration"]?.string)
  }
}
