// Knows how the fence around one attempt is raised on the disk, and taken down. Unaware of what runs inside.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire

/// A fence around one attempt: its private folders exist from `raise` to `lower`.
///
/// ```
/// attempts/TASK/N/fence/  objects/  tmp/     what it writes as new objects, and as /tmp
/// attempts/TASK/fence/                       what it sees as attempts/TASK: sessions and result files of its CLI
/// ```
struct AttemptFence: Sendable {
  private let fence: WriteFence
  private let bubblewrap: String
  /// The task's folder in the run's records, and what the attempt sees in its place.
  private let taskFolder: String
  private var seenTaskFolder: String { taskFolder + "/fence" }

  /// Raises the fence that the plan asks for; nil where it asks for none.
  ///
  /// - Parameters:
  ///   - directory: where the program works, if not in the worktree.
  ///   - folder: the attempt's.
  ///   - prompt: whether the program reads its prompt from the folder.
  /// - Throws: `SystemError`, and nothing may be started then.
  static func raise(
    _ site: ProcessAttempts.Site, _ order: AttemptOrder, agent: ResolvedAgent?,
    worktree: Worktree?, directory: String, folder: AttemptFolder,
    prompt: Bool = false
  ) async throws -> AttemptFence? {
    guard site.plan.sandbox(of: order.task, by: agent?.agent) == .writeFence else { return nil }
    guard let bubblewrap = site.confinement.bubblewrap else {
      preconditionFailure("`bwrap` was not looked for")
    }
    let repository = site.worktrees.repository
    let task = site.folder.absolute("attempts/\(order.task.id)")
    let environment = site.attendant.environment
    return try await offPool {
      let fence = WriteFence(
        home: repository.home, common: repository.commonDirectory,
        records: repository.stateDirectory, worktree: worktree?.path,
        gitDirectory: worktree?.gitDirectory,
        hasOwnSettings: worktree.map {
          access($0.gitDirectory + "/config.worktree", F_OK) == 0
        } ?? false,
        privateFolder: folder.path + "/fence", writable: [], readable: [])
      let raised = AttemptFence(fence: fence, bubblewrap: bubblewrap, taskFolder: task)
      try raised.makeFolders(repository)
      return raised.opening(
        state: try Self.state(agent?.spec.state ?? [], environment),
        directory: worktree == nil ? directory : nil,
        hidden: [prompt ? folder.prompt : nil, agent?.program, Self.resolver].compactMap(\.self))
    }
  }

  private init(fence: WriteFence, bubblewrap: String, taskFolder: String) {
    self.fence = fence
    self.bubblewrap = bubblewrap
    self.taskFolder = taskFolder
  }

  /// Folders end in a slash and are made; a file is opened only where there is one.
  private static func state(
    _ places: [String], _ environment: [String: String]
  ) throws(SystemError) -> [String] {
    var found: [String] = []
    for absolute in places.compactMap({ StatePlace.path($0, environment: environment) }) {
      if absolute.hasSuffix("/") {
        try FileBytes.createFolder(String(absolute.dropLast()))
        found.append(Repository.resolved(String(absolute.dropLast())))
      } else if access(absolute, F_OK) == 0 {
        found.append(Repository.resolved(absolute))
      }
    }
    return found
  }

  /// Where names of hosts are looked up; on many systems a link to what is hidden.
  private static var resolver: String { Repository.resolved("/etc/resolv.conf") }

  private static func isHidden(_ path: String, _ records: String) -> Bool {
    ["/run/", "/tmp/", records + "/"].contains { path.hasPrefix($0) }
  }

  private func opening(
    state: [String], directory: String?, hidden: [String]
  ) -> AttemptFence {
    var fence = fence
    fence.stand = (outside: seenTaskFolder, inside: taskFolder)
    fence.writable = state + [directory].compactMap(\.self)
    fence.readable = hidden.filter { Self.isHidden($0, fence.records) }
    return AttemptFence(fence: fence, bubblewrap: bubblewrap, taskFolder: taskFolder)
  }

  private func makeFolders(_ repository: Repository) throws {
    for path in [fence.objects + "/info", fence.objects + "/pack", fence.temporary, seenTaskFolder]
    {
      try FileBytes.createFolder(path)
    }
    let store = repository.commonDirectory + "/objects"
    // What the repository borrows itself may be named from its own place.
    let borrowed = (SmallFile.read(store + "/info/alternates") ?? "").split(separator: "\n").map {
      $0.hasPrefix("/") ? String($0) : Repository.resolved("\(store)/\($0)")
    }
    let text = ([fence.borrowed] + borrowed).map { $0 + "\n" }.joined()
    // An engine that died may have raised it.
    try FileBytes.replace(fence.objects + "/info/alternates", Array(text.utf8))
  }

  /// Puts the fence around a program.
  func confine(_ spec: inout AttemptSpec) {
    spec.wrapper = [bubblewrap] + fence.arguments + ["--"] + spec.wrapper
    spec.spared = (bubblewrap as NSString).lastPathComponent
    spec.unset += WriteFence.unset
    spec.environment["TMPDIR"] = "/tmp"
  }

  /// Where a file is found that the program wrote as `path`.
  func outside(_ path: String) -> String {
    path.hasPrefix(taskFolder + "/") ? seenTaskFolder + path.dropFirst(taskFolder.count) : path
  }

  /// Takes over the objects that were made inside, after the last program in it has ended.
  ///
  /// - Parameter start: what the attempt started from.
  /// - Returns: why what it committed is lost; nil when all is well. Its files are in the worktree whatever becomes of
  ///   that.
  func takeOver(
    from worktree: Worktree, start: ObjectID, into worktrees: WorktreeStore
  ) async -> String? {
    var refusal: String?
    do {
      try await worktrees.importObjects(from: fence.objects, by: fence.privateFolder)
    } catch {
      refusal = "what it committed was refused, its files were collected: \(error)"
    }
    do {
      let isMended = try await worktrees.mend(worktree, at: start, isSuspicious: refusal != nil)
      if isMended, refusal == nil {
        refusal = "what it committed is gone, its files were collected"
      }
    } catch {
      refusal = refusal ?? "what it committed was not looked at: \(error)"
    }
    return refusal
  }

  /// Removes what was private to the attempt.
  func lower() async {
    let path = fence.privateFolder
    // What cannot be removed stays in the run's records, and goes with them.
    try? await offPool { try Folder.remove(path) }
  }
}
