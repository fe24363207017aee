// Knows how one process is told apart from every other, dead ones included. Unaware of signals.

/// Who attends a folder: the first line of its `end.json.tmp`, until the end record takes its place.
///
/// `{"pid":4711,"startTime":8815162,"boot":"0b1e…"}`. A number is given to another process once its
/// own is gone; with the moment of the start and the machine's boot it is nobody else's.
package struct AttendantIdentity: Sendable, Equatable {
  package var pid: Int
  /// In the kernel's clock ticks since the boot.
  package var startTime: Int
  /// The kernel's own name for this boot.
  package var boot: String

  package init(pid: Int, startTime: Int, boot: String) {
    self.pid = pid
    self.startTime = startTime
    self.boot = boot
  }

  package var json: JSON {
    ["pid": .int(pid), "startTime": .int(startTime), "boot": .string(boot)]
  }

  /// Reads back what `json` wrote; nil for anything else.
  package init?(_ value: JSONValue) {
    guard let pid = value["pid"]?.int, let startTime = value["startTime"]?.int,
      let boot = value["boot"]?.string
    else { return nil }
    self.init(pid: pid, startTime: startTime, boot: boot)
  }

  /// Where the kernel says its boot's name.
  package static let bootFile = "/proc/sys/kernel/random/boot_id"

  /// The name in the bytes of `bootFile`.
  package static func boot(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
  }

  /// The moment of the start in the bytes of a `/proc/PID/stat`: its twenty-second field.
  package static func startTime(stat: [UInt8]) -> Int? {
    // The second field is a name in parentheses that may hold anything, also parentheses.
    guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20)
    guard fields.count > 20 else { return nil }
    return Int(String(decoding: fields[19], as: UTF8.self))
  }
}
