// Knows how Linux groups processes to limit and to kill them as one (cgroup v2). Unaware of what they are.

import CSystem
import Foundation
import RopewalkCore

/// Where a run may make control groups: a group whose children get limits of memory and of processes.
struct ControlGroups: Sendable {
  /// The folder in which groups are made.
  let parent: String

  /// Looks for a place; nil where there is none: no cgroup v2, its controllers not handed down, or not writable.
  ///
  /// The own group comes first, then the one above it: a group that holds processes hands no controllers down.
  ///
  /// - Parameters:
  ///   - root: where the system mounts its groups.
  ///   - membership: what `/proc/self/cgroup` says: `0::/user.slice/…`.
  static func probe(root: String = "/sys/fs/cgroup", membership: String) -> ControlGroups? {
    guard
      let own = membership.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })?
        .dropFirst(3), !own.contains("..")
    else { return nil }
    var place = own == "/" ? root : root + own
    for _ in 0..<2 where place.hasPrefix(root) {
      if isUsable(place) { return ControlGroups(parent: place) }
      place = (place as NSString).deletingLastPathComponent
    }
    return nil
  }

  private static func isUsable(_ folder: String) -> Bool {
    let handedDown = Set(
      Self.text(folder + "/cgroup.subtree_control").split(whereSeparator: \.isWhitespace))
    // Moving a process needs the right to write where both groups meet.
    return handedDown.isSuperset(of: ["memory", "pids"]) && access(folder, W_OK) == 0
      && access(folder + "/cgroup.procs", W_OK) == 0
  }

  /// The group of that name, which may not be there yet.
  func group(_ name: String) -> ControlGroup { ControlGroup(path: "\(parent)/\(name)") }

  /// One of the system's files, which all claim to be empty.
  static func text(_ path: String) -> String {
    String(decoding: (try? FileBytes.read(path, limit: 1 << 16)) ?? [], as: UTF8.self)
  }
}

/// One control group, around the processes of one attempt.
struct ControlGroup: Sendable {
  let path: String

  /// Makes the group, with limits.
  ///
  /// - Throws: `SystemError`; no group is left then.
  func make(_ limits: TaskLimits) throws(SystemError) {
    guard mkdir(path, 0o755) == 0 else { throw SystemError("make the control group", path) }
    do throws(SystemError) {
      if let memory = limits.memory {
        try Self.write(String(memory), to: path + "/memory.max")
        // What is swapped out would not count.
        if access(path + "/memory.swap.max", W_OK) == 0 {
          try Self.write("0", to: path + "/memory.swap.max")
        }
      }
      if let processes = limits.processes {
        try Self.write(String(processes), to: path + "/pids.max")
      }
    } catch {
      rmdir(path)
      throw error
    }
  }

  /// What puts a program that follows it into the group, and becomes that program.
  var wrapper: [String] {
    ["/bin/sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", path + "/cgroup.procs"]
  }

  /// The limits that were met, by name, as the system counted them.
  func metLimits() -> [String] {
    var met: [String] = []
    if count("oom_kill", in: "memory.events") > 0 { met.append("memory") }
    if count("max", in: "pids.events") > 0 { met.append("processes") }
    return met
  }

  private func count(_ key: String, in file: String) -> Int {
    for line in ControlGroups.text("\(path)/\(file)").split(separator: "\n") {
      let parts = line.split(separator: " ")
      if parts.count == 2, parts[0] == key { return Int(parts[1]) ?? 0 }
    }
    return 0
  }

  /// Ends whatever is still in it and removes it. Blocks for as long as the dead take to be gone, 2 s at the most; a
  /// group that cannot be removed stays, empty of limits to anyone.
  func remove() {
    // Where there is no such file (before Linux 5.14) the attendant alone has ended the tree.
    try? Self.write("1", to: path + "/cgroup.kill")
    for _ in 0..<200 {
      if rmdir(path) == 0 || errno != EBUSY { return }
      usleep(10_000)
    }
  }

  /// Writes to one of the system's files; it is never made.
  static func write(_ text: String, to path: String) throws(SystemError) {
    let descriptor = csystem_open(path, O_WRONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    try FileBytes.writeAll(Array(text.utf8), to: descriptor, path: path)
  }
}
