// Knows what an attended program must not see of those who started it. Unaware of how it ends.

import CSystem
import Foundation
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("what an attended program inherits", .timeLimit(.minutes(10)))
struct IsolationTests {
  @Test("fault 13: a closed stdin, or one of 10 MB that nobody reads, delays nobody")
  func unreadInput() async throws {
    let prompt = [UInt8](repeating: UInt8(ascii: "p"), count: 10 << 20)
    let closed = try await AttendantHarness.end(sh: "exec <&-; exit 3", prompt: prompt)
    #expect(closed.record?.exit == 3)
    let unread = try await AttendantHarness.end(sh: "sleep .1; exit 4", prompt: prompt)
    #expect(unread.record?.exit == 4)
    let read = try await AttendantHarness.end(sh: "wc -c", prompt: prompt)
    #expect(read.text == "10485760\n")
  }

  @Test("fault 14: fifty readers to the end of their input find it, with and without a prompt")
  func readsToEnd() async throws {
    try await withThrowingTaskGroup(of: AttendantEnd.self) { group in
      for number in 0..<50 {
        let prompt = number % 2 == 0 ? Array("prompt \(number)".utf8) : nil
        group.addTask { try await AttendantHarness.end(sh: "cat; echo .", prompt: prompt) }
      }
      var texts: Set<String> = []
      for try await end in group {
        #expect(end.record?.exit == 0)
        texts.insert(end.text)
      }
      #expect(texts.count == 26)
      #expect(texts.contains("prompt 48.\n"))
      #expect(texts.contains(".\n"))
    }
  }

  @Test("fault 15: the program sees descriptors 0, 1 and 2 only, whatever its starter has open")
  func descriptors() async throws {
    // Not marked close-on-exec: each start that follows inherits them.
    var pipes: [Int32] = []
    for _ in 0..<4 {
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      pipes += ends
    }
    defer { for descriptor in pipes { close(descriptor) } }
    let script = "ls /proc/$$/fd; :"
    try await withThrowingTaskGroup(of: AttendantEnd.self) { group in
      for _ in 0..<16 { group.addTask { try await AttendantHarness.end(sh: script) } }
      for try await end in group { #expect(end.text == "0\n1\n2\n") }
    }
  }

  @Test("streams come right also when the attendant is started without any")
  func noStreams() async throws {
    try await AttendantHarness.withFolder(sh: "cat; echo out; echo err >&2", prompt: [65, 10]) {
      folder in
      let command = "exec \"$0\" \"$1\" <&- >&- 2>&-"
      let attempt = try AttendantHarness.start(
        ["/bin/sh", "-c", command, AttendantHarness.executable, folder.path], folder)
      let end = try await attempt.end()
      #expect(end.record?.exit == 0)
      #expect(end.text == "A\nout\n")
      #expect(end.stderr == Array("err\n".utf8))
    }
  }

  @Test("fault 16: no signal is blocked or ignored, whatever was so in the starter")
  func signals() async throws {
    let script = "grep -E '^Sig(Blk|Ign)' /proc/self/status"
    try await AttendantHarness.withFolder(sh: script) { folder in
      let ignoring = "trap '' INT TERM PIPE HUP USR1 CHLD; exec \"$0\" \"$1\""
      let command = ["/bin/sh", "-c", ignoring, try AttendantHarness.executable, folder.path]
      let end = try await AttendantHarness.start(command, folder).end()
      #expect(end.text == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
    }
  }

  @Test("fault 17: the program has no controlling terminal, though its starter has one")
  func terminal() async throws {
    let script = "if sh -c ': </dev/tty' 2>/dev/null; then echo terminal; else echo none; fi"
    try await AttendantHarness.withFolder(sh: script) { folder in
      // `script` gives what it runs a terminal of its own.
      let inside =
        "sh -c ': </dev/tty' && exec '\(try AttendantHarness.executable)' '\(folder.path)'"
      let end = try await AttendantHarness.start(
        ["/usr/bin/script", "-qec", inside, "/dev/null"], folder
      ).end()
      #expect(end.text == "none\n")
    }
  }

  @Test("fault 42: the program gets the limit of open files that its spec names")
  func openFiles() async throws {
    let set = try await AttendantHarness.end(sh: "ulimit -Sn") { $0.openFiles = 123 }
    #expect(set.text == "123\n")
    let tooMany = try await AttendantHarness.end(sh: "ulimit -Sn; ulimit -Hn") {
      $0.openFiles = .max
    }
    let lines = tooMany.text.split(separator: "\n")
    #expect(lines.first == lines.last)
  }

  @Test("it leads a session of its own in its directory, which `PWD` names too")
  func place() async throws {
    let script = "ps -o pid=,sid=,pgid= -p $$; pwd -P; echo $PWD; echo $0"
    let end = try await AttendantHarness.end(sh: script) {
      $0.directory = "/usr/lib/."
      $0.name = "own-name"
    }
    let lines = end.text.split(separator: "\n").map(String.init)
    try #require(lines.count == 4)
    let ids = lines[0].split(separator: " ")
    #expect(ids.count == 3 && Set(ids).count == 1)
    #expect(lines[1...] == ["/usr/lib", "/usr/lib/.", "own-name"])
  }

  @Test("fault 43: output files are readable for the user whatever the umask, which is passed on")
  func umask() async throws {
    try await AttendantHarness.withFolder(sh: "umask") { folder in
      for name in [AttemptFiles.stdout, AttemptFiles.stderr] {
        try FileManager.default.removeItem(at: folder.file(name))
      }
      let command = "umask 0777; exec \"$0\" \"$1\""
      let end = try await AttendantHarness.start(
        ["/bin/sh", "-c", command, AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.text == "0777\n")
      for name in [AttemptFiles.stdout, AttemptFiles.stderr, AttemptFiles.end] {
        var status = stat()
        #expect(stat(folder.path + "/" + name, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
      }
    }
  }

  @Test("a folder may be named relative to where the attendant starts")
  func relativeFolder() async throws {
    try await AttendantHarness.withFolder(sh: "pwd") { folder in
      let parent = (folder.path as NSString).deletingLastPathComponent
      let name = (folder.path as NSString).lastPathComponent
      let end = try await AttendantHarness.start(
        ["/bin/sh", "-c", "cd '\(parent)' && exec \"$0\" '\(name)'", AttendantHarness.executable],
        folder
      ).end()
      #expect(end.record?.exit == 0)
      #expect(end.text == folder.path + "\n")
    }
  }
}

@Suite("the environment of an attended program", .timeLimit(.minutes(10)))
struct EnvironmentTests {
  /// Starts the attendant under `env` with assignments written as `printf` escapes.
  private func environment(
    _ assignments: [String], _ change: @escaping (inout AttemptSpec) -> Void
  ) async throws -> [[UInt8]] {
    // No shell in between: some drop what they cannot name.
    let printed = SpecChange { spec in
      spec.program = "/usr/bin/env"
      spec.arguments = ["-0"]
      change(&spec)
    }
    return try await AttendantHarness.withFolder(sh: "", printed) { folder in
      let words = assignments.map { "\"$(printf '\($0)')\"" }.joined(separator: " ")
      let command = "exec env -i PATH=/usr/bin:/bin \(words) \"$0\" \"$1\""
      let end = try await AttendantHarness.start(
        ["/bin/sh", "-c", command, AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.record?.exit == 0)
      return end.stdout.split(separator: 0).map(Array.init)
    }
  }

  @Test("what is inherited stays as it is, byte for byte, with or without meaning as text")
  func bytes() async throws {
    let found = try await environment([#"RAW=\377\001 x"#, #"EMPTY="#, #"N\377=1"#]) { _ in }
    #expect(found.contains(Array("RAW=".utf8) + [0xFF, 0x01] + Array(" x".utf8)))
    #expect(found.contains(Array("EMPTY=".utf8)))
    #expect(found.contains([UInt8(ascii: "N"), 0xFF] + Array("=1".utf8)))
  }

  @Test("unset takes names away, a star all that begin so, and set wins over both")
  func changes() async throws {
    let found = try await environment(["ONE=1", "ONES=1", "CLAUDE_A=1", "CLAUDE_B=1", "OLD=1"]) {
      $0.unset = ["ONE", "CLAUDE_*"]
      $0.environment["CLAUDE_B"] = "new"
      $0.environment["OLD"] = "new"
    }.map { String(decoding: $0, as: UTF8.self) }
    let ours = found.filter { line in
      ["ONE", "CLAUDE", "OLD", "PWD"].contains { line.hasPrefix($0) }
    }
    let directory = try #require(found.first { $0.hasPrefix("READY=") }).dropFirst(6).dropLast(6)
    #expect(ours.sorted() == ["CLAUDE_B=new", "OLD=new", "ONES=1", "PWD=\(directory)"])
  }

  @Test("names that look alike but differ in their bytes are different names")
  func lookalikes() async throws {
    // The same letter, as one scalar in the spec and as two in the environment.
    let found = try await environment([#"caf\145\314\201=kept"#]) {
      $0.unset = ["caf\u{e9}"]
      $0.environment["caf\u{e9}"] = "set"
    }
    #expect(found.contains(Array("cafe\u{301}=kept".utf8)))
    #expect(found.contains(Array("caf\u{e9}=set".utf8)))
  }
}
