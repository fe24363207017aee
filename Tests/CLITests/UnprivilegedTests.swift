// Knows what must hold for limits and fences where the user is not root. Unaware of the rest.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkTestSupport
import RopewalkWire
import Testing

@Suite(
  "limits and fences of a user who is not root", .timeLimit(.minutes(10)), .needsRoot,
  .needs("setpriv", "bwrap", "prlimit"))
struct UnprivilegedTests {
  private static let top = "../../../.."

  /// Runs one task, done by a shell script, as the user `nobody`, with as many processes as `processes` allows.
  private func asNobody(
    _ script: String, task: [(String, JSON)]
  ) async throws -> RopeRun {
    let rope = try await Rope.make()
    try await rope.repository.sh(
      """
      git config --global --add safe.directory '*'
      chmod 755 '\(rope.space.path)'; chown -R 65534:65534 '\(rope.space.path)'
      """)
    return try await rope.run(
      .sh(script, task: task),
      Rope.Options {
        $0.wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
      })
  }

  @Test("a fenced agent commits, and writes nowhere else")
  func fenced() async throws {
    let run = try await asNobody(
      """
      [ $(id -u) = 65534 ] || exit 1
      for file in \(Self.top)/readme \(Self.top)/.git/config \(Self.top)/.git/hooks/x .git; do
        echo x >>$file && exit 1
      done
      mount -o remount,rw,bind / && exit 1
      unshare -rm mount -o remount,rw,bind \(Self.top) && echo x >>\(Self.top)/readme && exit 1
      rm -rf \(Self.top)/.git/objects/pack
      echo one >first; git add first; git commit -qm mine
      """, task: [("sandbox", "write-fence")])
    #expect(
      run.last?.verdict == .changed, "\(run.task?.message ?? "") \(run.last?.stderrTail ?? "")")
    #expect(run.last?.notes == [])
  }

  @Test("fault 12: a fork bomb is bounded by the task's limit, and ended")
  func forkBomb() async throws {
    let run = try await asNobody(
      "bomb() { bomb | bomb & }; bomb; sleep 1d",
      task: [("limits", ["processes": 150]), ("timeout", "2s"), ("grace", "300ms")])
    #expect(run.task?.state == .timedOut, "\(run.task?.message ?? "")")
    #expect(run.last?.cause == .timedOut)
  }
}
