// Knows how an ended verification command becomes an event. Unaware of what was verified.

import Foundation
import RopewalkCore
import RopewalkWire

/// Reads how one verification command ended.
struct VerificationReading {
  let folder: AttemptFolder
  let spec: AttemptSpec

  func read(
    _ end: Attended.End, command: String, tree: ObjectID?, cancelled reason: CancelReason?
  ) throws(SystemError) -> Verification {
    let (message, seconds) = weigh(end, cancelled: reason)
    return Verification(
      command: command, passed: message == nil, tree: tree, message: message,
      tail: message == nil ? nil : try tail(), seconds: seconds)
  }

  private func weigh(
    _ end: Attended.End, cancelled reason: CancelReason?
  ) -> (message: String?, seconds: Double) {
    guard case .recorded(let record) = end else { return ("its attendant was lost", 0) }
    if let failure = Judgement.failure(of: record, spec: spec, cancelled: reason) {
      return (failure.message, record.seconds)
    }
    if let signal = record.signal {
      return ("killed by \(Wording.signal(Int(signal)))", record.seconds)
    }
    return (record.exit == 0 ? nil : "exit code \(record.exit ?? -1)", record.seconds)
  }

  /// The last lines of both streams, stdout first: tools differ in where they complain.
  private func tail() throws(SystemError) -> String? {
    let bytes = try FileBytes.tail(folder.stdout, count: 4096) + folder.stderrTail()
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(40)
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}

extension VerifyCommand {
  /// The command as people read it.
  var text: String {
    switch self {
    case .shell(let line): line
    case .program(let words): words.joined(separator: " ")
    }
  }

  /// What the system is to run.
  func program(_ search: ProgramSearch) -> String {
    switch self {
    case .shell: "/bin/sh"
    // A missing program fails at the start, by the name that the plan gave it.
    case .program(let words): search.find(words[0]) ?? words[0]
    }
  }

  var arguments: [String] {
    switch self {
    case .shell(let line): ["-c", line]
    case .program(let words): Array(words.dropFirst())
    }
  }
}
