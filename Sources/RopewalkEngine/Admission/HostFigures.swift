// Knows where an operating system tells of its memory and load. Unaware of what is done with it.

import RopewalkCore

enum HostFigures {
  #if os(Linux)
    /// From `/proc`. Of memory the kernel's own estimate is taken of what a program could get without
    /// swapping; the load is that of the last minute.
    static func read() -> HostReading {
      let memory = text("/proc/meminfo")
      return HostReading(
        availableMemory: kibibytes("MemAvailable:", memory), memory: kibibytes("MemTotal:", memory),
        load: text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) })
    }

    private static func text(_ path: String) -> String {
      do throws(SystemError) {
        return String(decoding: try FileBytes.read(path, limit: 1 << 16), as: UTF8.self)
      } catch {
        // Without `/proc` nothing is known, and nobody is kept waiting.
        return ""
      }
    }

    private static func kibibytes(_ name: String, _ text: String) -> Int? {
      for line in text.split(separator: "\n") where line.hasPrefix(name) {
        return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 << 10 }
      }
      return nil
    }
  #else
    /// Nothing is known of other systems yet, and nobody is kept waiting.
    static func read() -> HostReading { HostReading() }
  #endif
}
