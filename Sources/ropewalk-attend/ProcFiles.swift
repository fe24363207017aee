// Knows what the kernel's process files say about one process and its children.
// Unaware of trees and signals.

import CSystem
import Glibc
import RopewalkWire

/// Reads `/proc`.
struct ProcFiles {
  /// Whether the kernel lists children by parent; without, all processes are looked through.
  private let hasChildrenFiles: Bool

  /// - Returns: nil where `/proc` does not show this very process: then no tree can be ended.
  init?() {
    let own = getpid()
    guard Self.status(of: own)?.parent == getppid() else { return nil }
    hasChildrenFiles = access("/proc/\(own)/task/\(own)/children", R_OK) == 0
  }

  struct Status {
    var parent: pid_t
    var state: UInt8
    var threads: Int

    /// Ended and not yet waited for. Of a process whose first thread has left while others go on
    /// the kernel says the same letter.
    var isDead: Bool { (state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")) && threads <= 1 }
    var isStopped: Bool { state == UInt8(ascii: "T") || state == UInt8(ascii: "t") }
  }

  /// Parent, state and threads of a process; nil when there is none of that number.
  static func status(of pid: pid_t) -> Status? {
    // The second field is a name in parentheses that may hold anything, also parentheses.
    guard let line = bytes(of: "/proc/\(pid)/stat"),
      let end = line.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = line[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 18)
    guard fields.count > 17, let state = fields[0].first, let parent = number(fields[1]),
      let threads = number(fields[17])
    else { return nil }
    return Status(parent: pid_t(parent), state: state, threads: threads)
  }

  /// Who this process is; nil where `/proc` does not say.
  static func ownIdentity() -> AttendantIdentity? {
    guard let stat = bytes(of: "/proc/self/stat"),
      let startTime = AttendantIdentity.startTime(stat: stat),
      let boot = bytes(of: AttendantIdentity.bootFile)
    else { return nil }
    return AttendantIdentity(
      pid: Int(getpid()), startTime: startTime, boot: AttendantIdentity.boot(boot))
  }

  /// The kernel's short name for a process.
  static func name(of pid: pid_t) -> String {
    let line = bytes(of: "/proc/\(pid)/comm") ?? []
    return String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// Who has which children at about this moment.
  func children() -> (pid_t) -> [pid_t] {
    if hasChildrenFiles { return Self.listedChildren }
    var byParent: [pid_t: [pid_t]] = [:]
    for pid in Self.numbers(in: "/proc") {
      if let parent = Self.status(of: pid)?.parent { byParent[parent, default: []].append(pid) }
    }
    return { [byParent] in byParent[$0] ?? [] }
  }

  /// The children of all threads of a process.
  private static func listedChildren(of pid: pid_t) -> [pid_t] {
    numbers(in: "/proc/\(pid)/task").flatMap { thread in
      (bytes(of: "/proc/\(pid)/task/\(thread)/children") ?? [])
        .split(separator: UInt8(ascii: " ")).compactMap { number($0).map { pid_t($0) } }
    }
  }

  /// The entries of a folder that are numbers; none when it is gone.
  private static func numbers(in folder: String) -> [pid_t] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var found: [pid_t] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map(\.self) }
      if let pid = number(name[...]) { found.append(pid_t(pid)) }
    }
    return found
  }

  private static func bytes(of path: String) -> [UInt8]? {
    let descriptor = csystem_open(path, O_RDONLY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // A process that ends while it is read about is gone like any other.
    guard case .success(let bytes) = readAll(descriptor) else { return nil }
    return bytes
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty, digits.count < 10 else { return nil }
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return value
  }
}
