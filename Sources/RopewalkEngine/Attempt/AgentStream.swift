// Knows how an agent's growing output becomes events. Unaware of what agent it is.

import Foundation
import RopewalkCore

/// Reads an attempt's stdout while it is written, and after its end what is left of it.
struct AgentStream {
  private let path: String
  private var offset = 0
  private var splitter = LineSplitter()
  private(set) var decoder: AgentOutputDecoder
  private let report: AgentReport
  /// So many events have been handed on by an engine before this one.
  private var told: Int

  init(
    path: String, decoder: AgentOutputDecoder, report: AgentReport, skipping told: Int = 0
  ) {
    self.told = told
    self.path = path
    self.decoder = decoder
    self.report = report
  }

  /// Reads until the watch is over and every byte was taken, handing each event on.
  ///
  /// - Parameter terminal: called when the agent has said that it is done, and when it turns out
  ///   that it goes on all the same.
  mutating func read(_ watch: FileWatcher.Watch, terminal: (Bool) -> Void) async throws {
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
        // Endless output is not looked at without end: the agent's own end has to be noticed.
        if decoder.isFull { continue }
        for item in splitter.take(chunk) { await take(item) }
      }
      if decoder.hasTerminalEvent != hasEnded {
        hasEnded = decoder.hasTerminalEvent
        terminal(hasEnded)
      }
      if isOver { break }
      await watch.changed()
    }
    if let last = splitter.finish() { await take(last) }
  }

  private mutating func take(_ item: LineSplitter.Item) async {
    let events =
      switch item {
      case .line(let bytes): decoder.line(bytes[...])
      case .oversized(let count): decoder.oversizedLine(byteCount: count)
      }
    for event in events {
      if told > 0 {
        told -= 1
      } else {
        await report.tell(event, model: decoder.model)
      }
    }
  }
}

/// Hands on what an agent says, its figures completed.
struct AgentReport: Sendable {
  /// Nil when nobody is told.
  let reporter: (any AttemptReporter)?
  let prices: PriceTable
  /// The model that the plan asks for.
  let askedModel: String?
  /// What the attempt had used before this agent was started.
  let spent: AttemptResult.Usage?

  fileprivate func tell(_ event: AgentEvent, model: String?) async {
    var event = event
    if case .usage(let usage) = event {
      let priced = prices.completing(usage, model: model ?? askedModel)
      event = .usage(spent?.adding(priced) ?? priced)
    }
    await reporter?.agent(event)
  }
}
