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
    findings.value(
      "spread of starts", try spread(of: 3, in: repository), unit: .milliseconds, .atMost(0.010))
    findings.note(
      "the spread is that between the first and the last start of an agent, by its end record")
    return findings
  }

  /// In seconds, how far the starts lie apart in each run of so many agents.
  private static func spread(of count: Int, in repository: String) throws -> Series {
    let runs = repository + "/.git/ropewalk/runs"
    let spreads = try RunFolder.all(in: runs).compactMap { run -> Double? in
      let folder = RunFolder(run: run, in: runs)
      var starts: [Int] = []
      for (task, _) in BenchPlan.independent(1) {
        for attempt in 1...count {
          guard let id = TaskID(task) else { continue }
          let path = folder.absolute(RunFolder.attempt(id, attempt))
          if let end = try AttemptFolder(path: path).endRecord() { starts.append(end.startedAt) }
        }
      }
      guard starts.count == count, let first = starts.min(), let last = starts.max() else {
        return nil
      }
      return Double(last - first) / 1000
    }
    guard !spreads.isEmpty else { throw BenchError.wrong("no run started \(count) agents") }
    return Series(spreads)
  }
}

extension Contest.Contestant {
  /// `ropewalk run` of one task that so many agents do at once, in two seconds each.
  fileprivate static func sleepers(
    _ site: BenchSite, _ name: String, count: Int, repository: String
  ) throws -> Contest.Contestant {
    let plan = try site.newFolder("plan") + "/plan.json"
    let agents = BenchPlan(
      command: ["/bin/sh", "-c", "sleep 2; echo ok"], hasWorktrees: true, members: count,
      tasks: BenchPlan.independent(1))
    try site.write(agents.text, to: plan)
    return Contest.Contestant(name: name) {
      Command(site.ropewalk, ["run", "--quiet", plan], in: repository)
    }
  }
}
