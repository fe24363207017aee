// Knows how a start that fails is told. Unaware of what would have run.

import Foundation
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("a program that cannot be started", .timeLimit(.minutes(10)))
struct StartFailureTests {
  /// What the harness's script would print, had it run.
  private let script = "echo ran"

  @Test(
    "fault 35: why the program could not be executed",
    arguments: [
      (what: "missing", error: ENOENT), (what: "directory", error: EACCES),
      (what: "not-executable", error: EACCES), (what: "text", error: ENOEXEC),
      (what: "no-interpreter", error: ENOENT),
    ])
  func exec(what: String, error: Int32) async throws {
    try await AttendantHarness.withFolder(
      sh: script, .init { $0.program = "\($0.directory)/\(what)" }
    ) {
      folder in
      let file = folder.file(what)
      switch what {
      case "directory":
        try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
      case "not-executable", "text": try Data("echo hello\n".utf8).write(to: file)
      case "no-interpreter": try Data("#!/no/such/interpreter\n".utf8).write(to: file)
      default: break
      }
      if ["text", "no-interpreter"].contains(what) { #expect(chmod(file.path, 0o700) == 0) }
      let end = try await AttendantHarness.start(
        [AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.status == 0)
      #expect(end.record?.cause == .couldNotStart)
      #expect(end.record?.failure == .init(step: "exec", errno: error, path: file.path))
      #expect(end.stdout == [])
    }
  }

  @Test(
    "fault 37: a working directory that is none is told apart from the program",
    arguments: [(path: "/no/such/place", error: ENOENT), (path: "/etc/passwd", error: ENOTDIR)])
  func directory(path: String, error: Int32) async throws {
    let end = try await AttendantHarness.end(sh: script) { $0.directory = path }
    #expect(end.record?.cause == .couldNotStart)
    #expect(end.record?.failure == .init(step: "directory", errno: error, path: path))
    #expect(end.stdout == [])
  }

  @Test("fault 38: an argument that is too long is told by its error number")
  func tooLong() async throws {
    let end = try await AttendantHarness.end(sh: script) {
      $0.arguments.append(String(repeating: "x", count: 200_000))
    }
    #expect(end.record?.failure?.step == "exec")
    #expect(end.record?.failure?.errno == E2BIG)
    #expect(E2BIG == 7)
  }

  @Test("a prompt file that is missing is told")
  func stdin() async throws {
    let end = try await AttendantHarness.end(sh: script) { $0.stdin = "/no/prompt" }
    #expect(end.record?.failure == .init(step: "stdin", errno: ENOENT, path: "/no/prompt"))
  }

  @Test("fault 40: an argument with a zero byte is refused, not cut")
  func zeroByte() async throws {
    let end = try await AttendantHarness.end(sh: script) { $0.arguments.append("a\0b") }
    #expect(end.status == 65)
    #expect(end.record?.failure?.step == "spec")
    #expect(end.record?.failure?.errno == EINVAL)
  }

  @Test(
    "a spec that cannot be read is told in an end record",
    arguments: ["", "{", "[]", #"{"version":2}"#, nil])
  func spec(text: String?) async throws {
    try await AttendantHarness.withFolder(sh: script) { folder in
      if let text {
        try Data(text.utf8).write(to: folder.file(AttemptFiles.spec))
      } else {
        try FileManager.default.removeItem(at: folder.file(AttemptFiles.spec))
      }
      let end = try await AttendantHarness.start(
        [AttendantHarness.executable, folder.path], folder
      ).end()
      #expect(end.status == 65)
      #expect(end.record?.cause == .couldNotStart)
      #expect(end.record?.failure?.step == "spec")
      #expect(end.record?.failure?.errno == (text == nil ? ENOENT : EINVAL))
      #expect(end.stdout == [])
    }
  }

  @Test("a folder that holds an end is refused and keeps it")
  func usedFolder() async throws {
    try await AttendantHarness.withFolder(sh: script) { folder in
      let command = [try AttendantHarness.executable, folder.path]
      let first = try await AttendantHarness.start(command, folder).end()
      #expect(first.text == "ran\n")
      let record = try folder.bytes(AttemptFiles.end)
      let second = try await AttendantHarness.start(command, folder).end()
      #expect(second.status == 65)
      #expect(second.text == "ran\n")
      #expect(try folder.bytes(AttemptFiles.end) == record)
      #expect(try folder.text(AttemptFiles.attendant).contains("end record already"))
    }
  }

  @Test("two attendants of one folder do not run its program twice")
  func twoAttendants() async throws {
    let script = "echo ran; echo up >$READY; read x <$GO"
    try await AttendantHarness.attend(sh: script) { attempt in
      try await attempt.ready()
      let command = [try AttendantHarness.executable, attempt.folder.path]
      let second = try await AttendantHarness.start(command, attempt.folder).end()
      #expect(second.status == 74)
      #expect(second.record == nil)
      attempt.go()
      let end = try await attempt.end()
      #expect(end.status == 0)
      #expect(end.text == "ran\n")
    }
  }

  @Test("wrong usage is said on standard error", arguments: [[], ["a", "b"], ["/no/such/folder"]])
  func usage(arguments: [String]) async throws {
    try await AttendantHarness.withFolder(sh: script) { folder in
      let end = try await AttendantHarness.start(
        [AttendantHarness.executable] + arguments, folder
      ).end()
      #expect(end.status == (arguments.count == 1 ? 65 : 64))
      #expect(end.record == nil)
      let said = try folder.text("attendant.stderr")
      #expect(
        said
          == (arguments.count == 1
            ? "ropewalk-attend: the folder `/no/such/folder` cannot be opened: No such file or directory\n"
            : "ropewalk-attend: usage: ropewalk-attend FOLDER\n"))
    }
  }
}
