// Knows how close several agents at once come to one alone. Unaware of what agents do.

import Foundation
import RopewalkCore
import RopewalkEngine

extension Benchmark {
  static let parallel = Benchmark(
    name: "parallel",
    claim: "three agents of 2 s at once, in worktrees of 200 files: one agent of 2 s",
    measure: measureParallel)

  private static func measureParallel(_ site: BenchSite) throws -> Findings {
    var findings = Findings()
    let repository = try site.newRepository(files: 200)
    let contest = try Contest(
      [
        .sleepers(site, "ropewalk", count: 3, repository: repository),
        .sleepers(site, "one agent", count: 1, repository: repository),
      ], repetitions: site.repetitions(3), in: site)
    findings.own("ropewalk", contest)
    findings.peer("one agent", contest, .atMost(1.05))
    findings.figure(
      "spread of starts", try spread(of: 3, in: repository), unit: .milliseconds)
    let plain = try site.newRepository(files: 1)
    _ = try Contest(
      [.sleepers(site, "ropewalk", count: 3, repository: plain, hasWorktrees: false)],
      repetitions: site.repetitions(3), in: site)
    findings.value(
      "the same without worktrees", try spread(of: 3, in: plain), unit: .milliseconds,
      .atMost(0.010))
    findings.note("the spread is that between the first and the last `attemptStarted` of a run")
    return findings
  }

  /// In seconds, how far the starts lie apart in each run of so many attempts.
  private static func spread(of count: Int, in repository: String) throws -> Series {
    let runs = repository + "/.git/ropewalk/runs"
    let spreads = try RunFolder.all(in: runs).compactMap { run -> Double? in
      var starts: [Int] = []
      _ = try JournalReader.read(RunFolder(run: run, in: runs).journal) { event in
        if event.kind == "attemptStarted" { starts.append(event.time.milliseconds) }
      }
      guard starts.count == count, let first = starts.min(), let last = starts.max() else {
        return nil
      }
      return Double(last - first) / 1000
    }
    guard !spreads.isEmpty else { throw BenchError.wrong("no run started \(count) attempts") }
    return Series(spreads)
  }
}

extension Contest.Contestant {
  /// `ropewalk run` of so many agents that take two seconds.
  fileprivate static func sleepers(
    _ site: BenchSite, _ name: String, count: Int, repository: String, hasWorktrees: Bool = true
  ) throws -> Contest.Contestant {
    let plan = try site.newFolder("plan") + "/plan.json"
    let agents = BenchPlan(
      command: ["/bin/sh", "-c", "sleep 2; echo ok"], hasWorktrees: hasWorktrees,
      tasks: BenchPlan.independent(count))
    try site.write(agents.text, to: plan)
    return Contest.Contestant(name: name) {
      Command(site.ropewalk, ["run", "--quiet", plan], in: repository)
    }
  }
}
