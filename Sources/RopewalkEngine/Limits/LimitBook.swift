// Knows where providers' limits are written down for all runs of a user, and how runs share the place.
// Unaware of what sleeps because of them.

import CSystem
import Foundation
import RopewalkCore
import RopewalkWire

/// An account that is limited, as every run of the user can read it.
package struct SharedLimit: Sendable, Equatable {
  package var account: AgentAccount
  /// By the wall clock, as all times that outlive a run.
  package var since: Timestamp
  package var until: Timestamp
  package var strikes: Int

  package init(account: AgentAccount, since: Timestamp, until: Timestamp, strikes: Int) {
    self.account = account
    self.since = since
    self.until = until
    self.strikes = strikes
  }

  /// How long it still is. Never longer than it was in the beginning, nor than a day: a clock that is
  /// set back makes no sleep longer.
  package func rest(at now: Timestamp) -> Duration {
    max(.zero, min(now.distance(to: until), since.distance(to: until), AgentSleep.longest))
  }

  var json: JSON {
    .object([
      ("account", .string(account.description)), ("since", .string(since.description)),
      ("until", .string(until.description)), ("strikes", .int(strikes)),
    ])
  }

  init?(_ value: JSONValue) {
    guard let account = value["account"]?.string, !account.isEmpty,
      let since = value["since"]?.string.flatMap(Timestamp.init),
      let until = value["until"]?.string.flatMap(Timestamp.init)
    else { return nil }
    self.init(
      account: AgentAccount(account), since: since, until: until,
      strikes: value["strikes"]?.int ?? 1)
  }
}

/// The limits of a user: `$XDG_STATE_HOME/ropewalk/limits.json`, else that of `~/.local/state`.
///
/// One small file for the user alone, which is replaced as a whole under a lock beside it, so that
/// readers need none. Nothing that goes wrong with it may fail a run: each then learns by itself.
package struct LimitBook: Sendable {
  package let path: String
  private var lock: String { path + ".lock" }
  /// Where a file goes that cannot be read.
  package var damagedPath: String { path + ".damaged" }

  /// Nil when there is neither `XDG_STATE_HOME` nor `HOME`: then nothing is shared.
  package init?(environment: [String: String]) {
    guard let folder = XDG.folder("XDG_STATE_HOME", ".local/state", environment) else {
      return nil
    }
    path = folder + "/limits.json"
  }

  /// What tells one version of the file from another.
  package struct Stamp: Sendable, Equatable {
    var seconds: Int
    var nanoseconds: Int
    var inode: UInt64
  }

  /// Nil when there is no file.
  package var stamp: Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Stamp(
      seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec,
      inode: UInt64(status.st_ino))
  }

  // MARK: - Reading

  package enum ReadError: Error, Equatable {
    case system(SystemError)
    /// The file is there, and holds something else.
    case damaged
  }

  /// What is written down, whether it is over or not. No file is an empty book.
  package func read() throws(ReadError) -> [SharedLimit] {
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try FileBytes.read(path, limit: 1 << 20)
    } catch {
      if error.errno == ENOENT { return [] }
      throw error.errno == EFBIG ? .damaged : .system(error)
    }
    guard let document = try? JSONDocument(bytes), let list = document.root["limits"],
      list.kind == .array
    else { throw .damaged }
    var limits: [SharedLimit] = []
    for element in list.elements {
      guard let limit = SharedLimit(element) else { throw .damaged }
      limits.append(limit)
    }
    return limits
  }

  // MARK: - Writing

  /// Writes a limit down in the place of an earlier one of the account.
  ///
  /// - Returns: what went wrong, as a line for the user.
  package func note(_ limit: SharedLimit, at now: Timestamp) -> String? {
    change(at: now) { limits in
      // Whoever sleeps longer knows more.
      if let known = limits.first(where: { $0.account == limit.account }),
        known.until > limit.until,
        known.rest(at: now) > limit.rest(at: now)
      {
        return
      }
      limits.removeAll { $0.account == limit.account }
      limits.append(limit)
    }
  }

  /// Removes an account that is not limited any more.
  package func forget(_ account: AgentAccount, at now: Timestamp) -> String? {
    change(at: now) { limits in limits.removeAll { $0.account == account } }
  }

  /// Puts a file that cannot be read out of the way, and says so.
  package func setAside() -> String? {
    locked { () throws(SystemError) in
      do throws(ReadError) {
        _ = try read()
        return nil
      } catch {
        return try moveAway(error)
      }
    }
  }

  private func change(
    at now: Timestamp, _ change: (inout [SharedLimit]) -> Void
  ) -> String? {
    locked { () throws(SystemError) in
      var limits: [SharedLimit] = []
      var problem: String?
      do throws(ReadError) {
        limits = try read()
      } catch {
        problem = try moveAway(error)
      }
      let before = limits
      // How often it was limited stays known for a while, so that the next sleep is longer.
      limits.removeAll { $0.until.adding(.seconds(3600)) < now }
      change(&limits)
      if limits != before || problem != nil { try replace(limits) }
      return problem
    }
  }

  private func moveAway(_ error: ReadError) throws(SystemError) -> String {
    switch error {
    case .system(let error): throw error
    case .damaged:
      guard rename(path, damagedPath) == 0 else { throw SystemError("set aside", path) }
      return "the limits of your agents could not be read and are forgotten: "
        + "\(path) is damaged, and was moved to \(damagedPath)"
    }
  }

  private func replace(_ limits: [SharedLimit]) throws(SystemError) {
    let json = JSON.object([("limits", .array(limits.map(\.json)))])
    try FileBytes.replace(path, Array((json.prettyText + "\n").utf8))
  }

  /// Does something while nobody else writes. Waits for others a second at most.
  private func locked(_ body: () throws(SystemError) -> String?) -> String? {
    do throws(SystemError) {
      try FileBytes.createFolder((path as NSString).deletingLastPathComponent)
      let descriptor = csystem_open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw SystemError("open", lock) }
      defer { close(descriptor) }
      var triesLeft = 200
      while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
        triesLeft -= 1
        guard triesLeft > 0 else { throw SystemError("lock", lock) }
        usleep(5_000)
      }
      return try body()
    } catch {
      return "your other runs do not learn of this limit: \(error)"
    }
  }
}
