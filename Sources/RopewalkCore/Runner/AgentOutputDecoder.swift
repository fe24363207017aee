// Knows how a CLI's output is read by its runner's rules. Unaware of any particular CLI.

import RopewalkWire

/// Reads one run of an agent CLI, line by line, and says at the end what it came to.
///
/// Nothing that is printed can make it fail: what is not understood becomes an `unknown` event,
/// and a success needs the terminal event, no sign of an error, and exit status 0. Memory is
/// bounded however much is printed: texts by `wholeLimit`, events that say nothing by their number.
package struct AgentOutputDecoder: Sendable {
  /// What a value over several lines, or a text answer, may have at most, in bytes.
  package static let wholeLimit = 16 << 20
  /// What an `unknown` event shows of its line, in bytes.
  static let shownLimit = 500
  /// Further lines that are not understood are counted, not shown.
  static let unknownLimit = 1_000
  /// Further events are left out, all but figures of usage: the journal would outgrow any disk, and reading would
  /// last long after the agent's end.
  package static let eventLimit = 20_000

  private let rules: OutputRules
  private let earlier: AttemptResult.Usage?
  private var evidence: Evidence
  private var translator: EventTranslator
  /// All of stdout, as long as it may have to be read as one value.
  private var whole: [UInt8] = []
  private var wholeIsCut = false
  private var events = 0
  private var unknownLines = 0
  private var told = 0
  private var lastLineIsTorn = false
  private var hasSecondEnd = false
  private var shownUsage = AttemptResult.Usage.unknown
  private var notes: [String] = []

  /// - Parameter earlier: what the runs before used, all together, of the session that this run
  ///   takes up again. It is taken off what a CLI counts for the session as a whole.
  package init(_ rules: OutputRules, resuming earlier: AttemptResult.Usage? = nil) {
    self.rules = rules
    self.earlier = earlier
    evidence = Evidence(rules)
    translator = EventTranslator(rules)
  }

  /// Whether the CLI has said that it is done; with plain text only the exit status says so. Of a
  /// CLI that works in steps it can become false again.
  package var hasTerminalEvent: Bool { evidence.isTerminal }

  /// Whether further lines change nothing: of a text that is shown and kept as far as it ever is.
  package var isFull: Bool {
    rules.format == .text && wholeIsCut && told > Self.eventLimit
  }

  /// The model as far as the CLI has said it by now.
  package var model: String? { evidence.model }

  // MARK: - Lines

  /// Takes in a line of stdout without its newline.
  package mutating func line(_ bytes: ArraySlice<UInt8>) -> [AgentEvent] {
    read(bytes).filter { event in
      if case .usage = event { return true }
      told += 1
      return told <= Self.eventLimit
    }
  }

  private mutating func read(_ bytes: ArraySlice<UInt8>) -> [AgentEvent] {
    var bytes = bytes
    if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
    keepWhole(bytes)
    lastLineIsTorn = false
    switch rules.format {
    case .text: return text(bytes)
    case .jsonl: return jsonLine(bytes)
    case .json:
      // Usually one value over many lines, but a whole one on a line of its own needs no waiting.
      // A line that cannot be read alone may be part of one that can: why not does not matter.
      guard bytes.first == UInt8(ascii: "{"), let alone = try? JSONDocument(Array(bytes)) else {
        return []
      }
      return take(alone.root)
    }
  }

  /// Takes note of a line that is too long to be read here.
  package mutating func oversizedLine(byteCount: Int) -> [AgentEvent] {
    wholeIsCut = true
    notes.append("a line of \(byteCount) bytes was not decoded")
    return [
      .unknown(text: "", byteCount: byteCount, why: "line of \(byteCount) bytes, not decoded")
    ]
  }

  private mutating func text(_ bytes: ArraySlice<UInt8>) -> [AgentEvent] {
    // What is not shown need not be made.
    if told >= Self.eventLimit {
      if !bytes.isEmpty { told += 1 }
      return []
    }
    return bytes.isEmpty ? [] : [.message(String(decoding: bytes, as: UTF8.self))]
  }

  private mutating func jsonLine(_ bytes: ArraySlice<UInt8>) -> [AgentEvent] {
    guard bytes.contains(where: { $0 > 0x20 }) else { return [] }
    let document: JSONDocument
    do throws(JSONSyntaxError) {
      document = try JSONDocument(Array(bytes))
    } catch {
      lastLineIsTorn = Self.isTorn(bytes, error)
      return unknown(bytes, lastLineIsTorn ? "torn JSON" : "no JSON")
    }
    switch document.root.kind {
    case .object: return take(document.root)
    case .array:
      let elements = document.root.elements.filter { $0.kind == .object }
      return elements.isEmpty ? unknown(bytes, "no event") : elements.flatMap { take($0) }
    case .null, .bool, .number, .string: return unknown(bytes, "no event")
    }
  }

  /// Whether a line begins as an event does and only its end is missing.
  private static func isTorn(_ bytes: ArraySlice<UInt8>, _ error: JSONSyntaxError) -> Bool {
    guard let first = bytes.first(where: { $0 > 0x20 }), first == UInt8(ascii: "{") else {
      return false
    }
    return error.offset >= bytes.count || error.reason.hasSuffix("has no end")
  }

  private mutating func unknown(_ bytes: ArraySlice<UInt8>, _ why: String) -> [AgentEvent] {
    unknownLines += 1
    guard unknownLines <= Self.unknownLimit else { return [] }
    return [
      .unknown(
        text: String(decoding: bytes.prefix(Self.shownLimit), as: UTF8.self),
        byteCount: bytes.count, why: why)
    ]
  }

  private mutating func keepWhole(_ bytes: ArraySlice<UInt8>) {
    guard !wholeIsCut, rules.format == .text || events == 0 else { return }
    if whole.count + bytes.count < Self.wholeLimit {
      whole += bytes
      whole.append(UInt8(ascii: "\n"))
    } else {
      wholeIsCut = true
      if rules.format == .text {
        whole += bytes.prefix(Self.wholeLimit - whole.count)
        notes.append(
          "the answer is longer than \(Wording.bytes(Self.wholeLimit)) and was cut there")
      } else {
        whole = []
      }
    }
  }

  // MARK: - Events

  private mutating func take(_ event: JSONValue) -> [AgentEvent] {
    events += 1
    if !whole.isEmpty { whole = [] }
    let taken = evidence.take(event, from: .stdout)
    var out = translator.translate(event, evidence)
    if !taken.isKnown { out += unknown(event.text, "unknown kind of event") }
    if taken.isSecondEnd {
      if !hasSecondEnd { notes.append("a second terminal event came; the first one counts") }
      hasSecondEnd = true
      out += unknown(event.text, "a second terminal event")
    }
    let usage = evidence.usage(after: earlier)
    if usage != shownUsage {
      shownUsage = usage
      out.append(.usage(usage))
    }
    return out
  }

  // MARK: - The end

  /// Says what the run came to. To be called once, after the last line.
  ///
  /// - Parameters:
  ///   - stderr: the end of what the program wrote to stderr.
  ///   - resultFile: the CLI's result file, where it leaves one.
  package mutating func finish(
    _ end: ProgramEnd, stderr: [UInt8], resultFile: [UInt8]?
  ) -> AgentOutcome {
    readWhole()
    if let resultFile { readFile(resultFile) }
    var outcome = evidence.outcome(
      end, complaints: Complaints(stderr, rules), earlier: earlier)
    if rules.format == .text, outcome.text == nil { outcome.text = plainText() }
    if let text = outcome.text, rules.emptyTexts.contains(text) { outcome.text = nil }
    outcome.declaredNoChange = outcome.text.flatMap(Self.declaration)
    if lastLineIsTorn { notes.append("the last line is torn") }
    if unknownLines > Self.unknownLimit {
      notes.append("\(unknownLines) lines were not understood, \(Self.unknownLimit) are shown")
    }
    if told > Self.eventLimit {
      notes.append(
        "it told more than \(Self.eventLimit.grouped) events, the rest is not shown; its whole output is kept"
      )
    }
    outcome.notes = notes + outcome.notes
    return outcome
  }

  /// Output that was no event line by line may be one value over many lines.
  private mutating func readWhole() {
    guard rules.format != .text, events == 0, !whole.isEmpty else { return }
    guard let root = WholeValue.read(whole) else { return }
    for event in root.kind == .array ? Array(root.elements) : [root] where event.kind == .object {
      _ = take(event)
      lastLineIsTorn = false
      unknownLines = 0
    }
  }

  private mutating func readFile(_ bytes: [UInt8]) {
    do {
      _ = evidence.take(try JSONDocument(bytes).root, from: .file)
    } catch {
      // A torn result file is none: the terminal sign in it is then missing.
      notes.append("the result file is no JSON and was not read")
    }
  }

  private func plainText() -> String? {
    let all = String(decoding: whole, as: UTF8.self)
    return all.lastIndex { !$0.isWhitespace }.map { String(all[...$0]) }
  }

  /// The reason in a last line `no-change: REASON`.
  static func declaration(_ text: String) -> String? {
    guard
      let last = text.split(whereSeparator: \.isNewline).last(where: {
        $0.contains { !$0.isWhitespace }
      })
    else { return nil }
    let line = last.drop { " \t`*".contains($0) }
    guard line.lowercased().hasPrefix("no-change:") else { return nil }
    // Models like to set such a line in backquotes or asterisks.
    let isTrimming: (Character) -> Bool = { $0.isWhitespace || $0 == "`" || $0 == "*" }
    let reason = line.dropFirst("no-change:".count).drop(while: isTrimming)
    let end = reason.lastIndex { !isTrimming($0) }
    return end.map { String(reason[...$0]) }
  }
}

extension JSONValue {
  /// The value as it was printed.
  fileprivate var text: ArraySlice<UInt8> { document.bytes[range] }
}

/// Finds the one JSON value in an output that has other lines around it.
private enum WholeValue {
  static func read(_ bytes: [UInt8]) -> JSONValue? {
    // Why it is none does not matter: there is a second way to read it.
    if let document = try? JSONDocument(bytes) { return document.root }
    // Banners before the value and farewells after it are lines of their own.
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)
    guard let first = lines.first(where: { opens($0.first) }),
      let last = lines.last(where: { closes($0.first) || closes($0.last) && opens($0.first) }),
      first.startIndex < last.endIndex
    else { return nil }
    // What is no JSON without its surroundings either is nothing that can be read.
    return try? JSONDocument(Array(bytes[first.startIndex..<last.endIndex])).root
  }

  private static func opens(_ byte: UInt8?) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
  }

  private static func closes(_ byte: UInt8?) -> Bool {
    byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
  }
}
