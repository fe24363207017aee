// Knows the one-line form in which most faults are tested. Unaware of the faults.

import Foundation
import RopewalkCore
import RopewalkTestSupport
import RopewalkWire
import Testing

/// Runs one task, done by a shell script, in a repository of its own.
func rw(
  _ script: String, arguments: [String] = [], task: [(String, JSON)] = [],
  agent: [(String, JSON)] = [], _ change: (inout Rope.Options) -> Void = { _ in }
) async throws -> RopeRun {
  try await Rope.make().run(
    .sh(script, arguments: arguments, task: task, agent: agent), Rope.Options(change))
}

/// Runs one task, done by the stand-in for `claude`, by its orders.
func stub(
  _ orders: [String], task: [(String, JSON)] = [],
  _ change: (inout Rope.Options) -> Void = { _ in }
) async throws -> RopeRun {
  try await Rope.make().run(.claude(orders, task: task), Rope.Options(change))
}

extension Trait where Self == ConditionTrait {
  /// Skips a test, by name, where a program is not installed.
  static func needs(_ programs: String...) -> Self {
    let missing = programs.filter { program in
      !["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + program)
      }
    }
    return .enabled(
      if: missing.isEmpty, "not installed: \(missing.joined(separator: ", "))")
  }

  /// Skips a test, by name, where a file system cannot be mounted.
  static var needsRoot: Self { .enabled(if: getuid() == 0, "only root may do this") }
}
