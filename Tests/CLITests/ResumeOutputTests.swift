// Knows what a command shows that goes on with a run which had an end. Unaware of how the run goes on.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite("what going on shows", .timeLimit(.minutes(10)))
struct ResumeOutputTests {
  /// A run that was interrupted while its task waited for a word, which it then gets.
  private func interrupted() async throws -> Rope {
    let rope = try await Rope.make()
    let (ready, mark) = (try rope.pipe("ready"), rope.space("mark"))
    let program = try await rope.start(
      .sh("[ -e '\(mark)' ] || { : >'\(mark)'; echo >'\(ready)'; sleep 1d; }; echo work >f"))
    try await rope.line(from: ready)
    program.signal(SIGINT)
    #expect(try await program.ended().exit == 130)
    return rope
  }

  @Test("its events are printed, those after the interrupt and no others")
  func events() async throws {
    let rope = try await interrupted()
    let folder = try RunStore(stateDirectory: rope.stateDirectory).find(nil)
    let before = try FileBytes.read(folder.journal)
    let resumed = try await rope.command(["resume", "--json"])
    #expect(resumed.exit == 0)
    let after = try FileBytes.read(folder.journal)
    #expect(after.count > before.count)
    #expect(resumed.stdout == String(decoding: after.dropFirst(before.count), as: UTF8.self))
  }

  @Test("its progress is told, and how it ended")
  func progress() async throws {
    let rope = try await interrupted()
    let resumed = try await rope.command(["resume"])
    #expect(resumed.exit == 0)
    #expect(resumed.stderr.contains("completed"))
    #expect(!resumed.stderr.contains("cancelled"))
  }

  @Test("who watches a run that went on sees its last end")
  func watch() async throws {
    let rope = try await interrupted()
    #expect(try await rope.command(["resume"]).exit == 0)
    let watched = try await rope.command(["watch", "--json"])
    #expect(watched.exit == 0)
    let kinds = watched.stdout.split(separator: "\n").compactMap {
      (try? JSONDocument(Array($0.utf8)))?.root["kind"]?.string
    }
    #expect(kinds.filter { $0 == "runFinished" }.count == 2)
    #expect(kinds.last == "runFinished")
  }
}
