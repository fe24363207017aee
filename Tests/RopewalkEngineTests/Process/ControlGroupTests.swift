// Knows when control groups may be used, and what is left of them. Unaware of limits in plans.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import Testing

@testable import RopewalkEngine

@Suite("control groups", .timeLimit(.minutes(10)))
struct ControlGroupTests {
  /// A folder that looks like a mounted tree of groups.
  private func tree(_ handedDown: [String: String]) throws -> TestSpace {
    let space = TestSpace()
    for (folder, controllers) in handedDown {
      try space.write(controllers + "\n", to: "\(folder)/cgroup.subtree_control")
      try space.write("", to: "\(folder)/cgroup.procs")
    }
    return space
  }

  @Test("the own group is used where it hands its controllers down, else the one above")
  func probe() throws {
    let space = try tree(["user": "cpu memory pids", "user/own": "memory pids io"])
    #expect(
      ControlGroups.probe(root: space.path, membership: "0::/user/own\n")?.parent
        == space("user/own"))
    let above = try tree(["user": "memory pids", "user/own": ""])
    #expect(
      ControlGroups.probe(root: above.path, membership: "3:cpu:/x\n0::/user/own\n")?.parent
        == above("user"))
  }

  @Test(
    "without both controllers, or without the second version, there are none",
    arguments: [
      ("memory", "0::/user/own\n"), ("memory pids", "3:memory:/user/own\n"),
      ("memory pids", "0::/../user\n"), ("", "0::/\n"),
    ])
  func none(controllers: String, membership: String) throws {
    let space = try tree(["user": controllers])
    #expect(ControlGroups.probe(root: space.path, membership: membership) == nil)
  }

  @Test("limits are written to the system's files, and never make any")
  func limits() throws {
    let space = try tree(["user": "memory pids"])
    let groups = try #require(ControlGroups.probe(root: space.path, membership: "0::/user\n"))
    #expect(throws: SystemError.self) { try groups.group("a").make(TaskLimits(memory: 1 << 30)) }
    #expect(!Files.exists(space("user/a")))
    try groups.group("b").make(TaskLimits())
    #expect(Files.exists(space("user/b")))
  }

  @Test("what the system counted names the limit")
  func counted() throws {
    let space = TestSpace()
    try space.write("low 0\noom 3\noom_kill 2\n", to: "g/memory.events")
    try space.write("max 0\n", to: "g/pids.events")
    #expect(ControlGroup(path: space("g")).metLimits() == ["memory"])
  }

  @Test(
    "a real group takes a program in, kills what is left of it, and is removed",
    .enabled(if: realRoot != nil, "no tree of groups is writable here"))
  func real() async throws {
    let root = try #require(Self.realRoot)
    let group = ControlGroup(path: "\(root)/ropewalk-test-\(UUID().uuidString.prefix(8))")
    #expect(mkdir(group.path, 0o755) == 0)
    let space = TestSpace()
    let (told, pipe) = (space("cgroup"), space("pipe"))
    #expect(mkfifo(pipe, 0o600) == 0)
    // Its end is seen only when what it leaves has ended too, so nobody waits for it before the group is removed.
    let child = try await Spawner.shared.start(
      executable: group.wrapper[0],
      arguments: Array(group.wrapper.dropFirst()) + [
        "/bin/sh", "-c",
        "setsid sleep 1000 & cat /proc/self/cgroup >'\(told)'; echo >'\(pipe)'; exec sleep 1000",
      ], environment: ["PATH": "/usr/bin:/bin"], directory: "/")
    _ = try await ChildProcess.run(
      executable: "/bin/cat", arguments: [pipe], environment: [:], directory: "/")
    let name = (group.path as NSString).lastPathComponent
    #expect(try Files.text(told).contains("/\(name)"))
    let members = try Files.text(group.path + "/cgroup.procs").split(separator: "\n")
    #expect(members.count == 2)
    group.remove()
    #expect(!Files.exists(group.path))
    _ = await child.end()
  }

  /// Where the second version is mounted and groups can be made.
  private static let realRoot: String? =
    ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first {
      access($0 + "/cgroup.procs", W_OK) == 0 && access($0 + "/cgroup.controllers", F_OK) == 0
    }
}
