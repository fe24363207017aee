// Knows where the recorded runs of agent CLIs are and what a careful reader says of each.
// Unaware of how they are read by the code under test.

import Foundation
import RopewalkCore
import RopewalkWire
import Testing

/// One recorded run: what the CLI printed, how it ended, and what is to be concluded from it.
struct Transcript: Sendable, CustomTestStringConvertible {
  let runner: String
  let name: String
  let stdout: [UInt8]
  let stderr: [UInt8]
  let resultFile: [UInt8]?
  let end: ProgramEnd
  let expected: JSONValue

  var testDescription: String { "\(runner)/\(name)" }

  /// The repository's top folder, found from this file's own place in it.
  static let top = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All recordings, sorted; reading them at once costs a few milliseconds.
  static let all: [Transcript] = {
    let root = top.appending(path: "fixtures/transcripts")
    return folders(of: root).flatMap { runner in
      folders(of: runner).map { Transcript(runner: runner.lastPathComponent, folder: $0) }
    }
  }()

  init(runner: String, folder: URL) {
    self.runner = runner
    name = folder.lastPathComponent
    stdout = Self.bytes(folder, "stdout")
    stderr = Self.bytes(folder, "stderr")
    let result = folder.appending(path: "result.json")
    resultFile =
      FileManager.default.fileExists(atPath: result.path) ? Self.bytes(folder, "result.json") : nil
    let exit = Self.json(folder, "exit.json")
    if let code = exit["code"]?.int {
      end = .exit(code)
    } else {
      end = Self.signals[exit["signal"]?.string ?? ""].map(ProgramEnd.signal) ?? .unknown
    }
    expected = Self.json(folder, "expected.json")
  }

  private static let signals = ["SIGINT": 2, "SIGKILL": 9, "SIGTERM": 15]

  private static func folders(of folder: URL) -> [URL] {
    do {
      return try FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: [.isDirectoryKey]
      ).filter { $0.hasDirectoryPath }.sorted { $0.path < $1.path }
    } catch {
      fatalError("\(folder.path) cannot be listed: \(error)")
    }
  }

  static func bytes(_ folder: URL, _ name: String) -> [UInt8] {
    do {
      return Array(try Data(contentsOf: folder.appending(path: name)))
    } catch {
      fatalError("\(name) in \(folder.path) cannot be read: \(error)")
    }
  }

  private static func json(_ folder: URL, _ name: String) -> JSONValue {
    do {
      return try JSONDocument(bytes(folder, name)).root
    } catch {
      fatalError("\(name) in \(folder.path) is no JSON: \(error)")
    }
  }
}

/// Runs recorded or written output through a decoder, as the engine does.
enum Reading {
  static func rules(_ runner: String) -> OutputRules {
    guard let entry = RunnerCatalog.builtIn()[runner] else {
      fatalError("there is no runner `\(runner)`")
    }
    return entry.spec.output
  }

  static func read(
    _ stdout: [UInt8], _ rules: OutputRules, end: ProgramEnd = .exit(0), stderr: [UInt8] = [],
    resultFile: [UInt8]? = nil, cap: Int = LineSplitter.defaultCap
  ) -> (events: [AgentEvent], outcome: AgentOutcome) {
    var decoder = AgentOutputDecoder(rules)
    var splitter = LineSplitter(cap: cap)
    var events: [AgentEvent] = []
    for item in splitter.take(stdout) + (splitter.finish().map { [$0] } ?? []) {
      switch item {
      case .line(let bytes): events += decoder.line(bytes[...])
      case .oversized(let count): events += decoder.oversizedLine(byteCount: count)
      }
    }
    return (events, decoder.finish(end, stderr: stderr, resultFile: resultFile))
  }

  static func read(
    _ stdout: String, as runner: String, end: ProgramEnd = .exit(0), stderr: String = "",
    resultFile: String? = nil
  ) -> (events: [AgentEvent], outcome: AgentOutcome) {
    read(
      Array(stdout.utf8), rules(runner), end: end, stderr: Array(stderr.utf8),
      resultFile: resultFile.map { Array($0.utf8) })
  }
}
