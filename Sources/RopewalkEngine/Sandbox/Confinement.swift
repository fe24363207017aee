// Knows which programs confine a run's attempts, and what they put before an attempt's program.
// Unaware of plans' texts and of what the attempts do.

import Foundation
import RopewalkCore
import RopewalkWire

/// The programs by which limits are set and fences are built, found before a run starts.
package struct Confinement: Sendable {
  /// The path of `prlimit`; nil where no limit of the plan needs it.
  var prlimit: String?
  /// The path of `bwrap`; nil where the plan asks for no fence.
  var bubblewrap: String?

  /// Where control groups can be made; nil where they cannot, or no limit of the plan asks for one.
  var groups: ControlGroups?

  /// Nothing is confined.
  package static let none = Confinement()

  /// The control group of an attempt; nil where there can be none, or where it would have no limit.
  func group(_ name: String, for limits: TaskLimits) -> ControlGroup? {
    limits.memory == nil && limits.processes == nil ? nil : groups?.group(name)
  }

  /// Puts an attempt's limits before its program and its fence. Its group is made by whoever starts it.
  func limit(_ spec: inout AttemptSpec, _ limits: TaskLimits, in group: ControlGroup?) {
    var limits = limits
    if group != nil { (limits.memory, limits.processes) = (nil, nil) }
    setLimits(&spec, limits)
    if let group { spec.wrapper = group.wrapper + spec.wrapper }
  }

  private func setLimits(_ spec: inout AttemptSpec, _ limits: TaskLimits) {
    if let output = limits.output { spec.outputLimit = output }
    let arguments = limits.arguments
    guard !arguments.isEmpty else { return }
    guard let prlimit else { preconditionFailure("`prlimit` was not looked for") }
    spec.wrapper = [prlimit] + arguments + ["--"] + spec.wrapper
  }

  /// What has to be said of limits that do not bind.
  func remarks(on limits: TaskLimits) -> [String] {
    guard groups == nil, let processes = limits.processes, getuid() == 0 else { return [] }
    return ["its limit of processes \(processes) does not bind root"]
  }
}

extension Plan {
  /// Whether some attempt has a limit that `prlimit` sets.
  fileprivate var setsLimits: Bool {
    ([limits] + agents.map(\.limits) + tasks.map(\.limits)).contains { !$0.arguments.isEmpty }
  }

  /// Whether some attempt is fenced.
  fileprivate var buildsFences: Bool {
    ([sandbox] + agents.map(\.sandbox) + tasks.map(\.sandbox)).contains(.writeFence)
  }
}

/// Looks, before a run starts, for what confines its attempts.
struct ConfinementSearch {
  let environment: [String: String]
  let directory: String

  /// - Throws: `MissingPrograms`; `SandboxUnusable`. Nothing runs unconfined that should not.
  func find(for plan: Plan) async throws -> Confinement {
    var confinement = Confinement()
    let search = ProgramSearch(environment: environment, directory: directory)
    var missing: [MissingPrograms.Missing] = []
    if plan.setsLimits {
      confinement.prlimit = search.find("prlimit")
      if confinement.prlimit == nil {
        missing.append(
          MissingPrograms.Missing(
            name: "prlimit", wantedBy: ["limits"],
            hint: "it sets the plan's `limits`; it is in the package util-linux"))
      }
    }
    if plan.setsLimits {
      confinement.groups = ControlGroups.probe(
        membership: ControlGroups.text("/proc/self/cgroup"))
    }
    if plan.buildsFences {
      confinement.bubblewrap = search.find("bwrap")
      if confinement.bubblewrap == nil {
        missing.append(
          MissingPrograms.Missing(
            name: "bwrap", wantedBy: ["sandbox"],
            hint: "it builds the plan's `sandbox`; it is in the package bubblewrap"))
      }
    }
    guard missing.isEmpty else { throw MissingPrograms(missing) }
    if let bubblewrap = confinement.bubblewrap { try await tryOut(bubblewrap) }
    return confinement
  }

  /// Builds a fence around nothing: whether the system allows it is known only by trying.
  private func tryOut(_ bubblewrap: String) async throws {
    let result = try await ChildProcess.run(
      executable: bubblewrap, arguments: WriteFence.trial + ["--", "/bin/sh", "-c", "exit 0"],
      environment: environment, directory: "/")
    guard result.end != .exited(0) else { return }
    let said = String(decoding: result.errors, as: UTF8.self)
    throw SandboxUnusable(
      program: bubblewrap, says: said.split(separator: "\n").last.map(String.init))
  }
}

/// A fence that was asked for and that this system does not allow.
package struct SandboxUnusable: Error, CustomStringConvertible {
  package var program: String
  package var says: String?

  package var description: String {
    "the plan's sandbox cannot be built here: `\(program)` says: \(says ?? "nothing")"
  }

  package var hint: String {
    "it needs unprivileged user namespaces (sysctl user.max_user_namespaces, or the system's rules for AppArmor), or root"
  }
}
