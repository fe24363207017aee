// Knows how the agents that sleep because of a provider's limit are shown. Unaware of runs.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

/// The lines below a status that say who sleeps, for all runs of the user.
enum SleeperView {
  private static func sleepers(
    _ environment: [String: String], _ now: Timestamp
  ) -> [SharedLimit] {
    do {
      return try LimitBook(environment: environment)?.read().filter { $0.rest(at: now) > .zero }
        ?? []
    } catch {
      // A run says so, and sets a damaged one aside; a status only looks.
      return []
    }
  }

  /// A status with who sleeps, as `asleep`, where anybody does.
  static func json(
    _ report: RunReport,
    environment: [String: String] = ProcessInfo.processInfo.environment,
    now: Timestamp = EngineTime.real().now()
  ) -> JSON {
    let sleepers = sleepers(environment, now)
    guard case .object(let members) = report.json, !sleepers.isEmpty else { return report.json }
    let asleep = sleepers.map { limit in
      JSON.object([
        ("account", .string(limit.account.description)),
        ("until", .string(now.adding(limit.rest(at: now)).description)),
      ])
    }
    return .object(members + [("asleep", .array(asleep))])
  }

  /// "asleep: claude until 14:05"; none when nobody sleeps, or when that cannot be read.
  static func lines(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    now: Timestamp = EngineTime.real().now()
  ) -> [String] {
    sleepers(environment, now).map { limit in
      let until = ClockTime.text(now.adding(limit.rest(at: now)))
      return "asleep: \(limit.account.description.safeLine.cut(to: 80)) until \(until)"
    }
  }
}
