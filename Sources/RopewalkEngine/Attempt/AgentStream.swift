// Knows how an agent's growing output becomes events. Unaware of what agent it is.

import Foundation
import RopewalkCore

/// Reads an attempt's stdout while it is written, and after its end what is left of it.
struct AgentStream {
  private let path: String
  private var offset = 0
  private var splitter = LineSplitter()
  private(set) var decoder: AgentOutputDecoder

  init(path: String, decoder: AgentOutputDecoder) {
    self.path = path
    self.decoder = decoder
  }

  /// Reads until the watch is over and every byte was taken, handing each event on.
  ///
  /// - Parameter terminal: called when the agent has said that it is done, and when it turns out
  ///   that it goes on all the same.
  mutating func read(
    _ watch: FileWatcher.Watch, _ reporter: any AttemptReporter, terminal: (Bool) -> Void
  ) async throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError("open", path) }
    defer { close(descriptor) }
    var hasEnded = false
    while true {
      // Asked before reading: what was written before the end is then surely read after it.
      let isOver = watch.isOver
      while let chunk = try FileBytes.chunk(
        of: descriptor, path: path, at: offset, size: 1 << 16)
      {
        offset += chunk.count
        for item in splitter.take(chunk) { await take(item, reporter) }
      }
      if decoder.hasTerminalEvent != hasEnded {
        hasEnded = decoder.hasTerminalEvent
        terminal(hasEnded)
      }
      if isOver { break }
      await watch.changed()
    }
    if let last = splitter.finish() { await take(last, reporter) }
  }

  private mutating func take(_ item: LineSplitter.Item, _ reporter: any AttemptReporter) async {
    let events =
      switch item {
      case .line(let bytes): decoder.line(bytes[...])
      case .oversized(let count): decoder.oversizedLine(byteCount: count)
      }
    for event in events { await reporter.agent(event) }
  }
}
