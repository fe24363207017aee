// Knows how quickly agents' work in worktrees becomes commits, and that none of it is lost.
// Unaware of how worktrees are made.

import Foundation
import RopewalkEngine

extension Benchmark {
  static let batch = Benchmark(
    name: "batch",
    claim:
      "30 agents in worktrees of 200 files, committed, width 8: a locked script under xargs -P8",
    measure: measureBatch)

  /// What each agent does: one changed and one new file.
  private static let work = ["/bin/sh", "-c", "echo more >> part-0/file-0.txt; echo new > new.txt"]

  private static func measureBatch(_ site: BenchSite) throws -> Findings {
    var findings = Findings()
    try measureTime(site, &findings)
    for width in [8, 32] { try countLost(site, width, &findings) }
    return findings
  }

  private static func plan(_ site: BenchSite, count: Int, width: Int) throws -> String {
    let path = try site.newFolder("plan") + "/plan.json"
    let plan = BenchPlan(
      command: work, expect: "changes", hasWorktrees: true, concurrency: width,
      tasks: BenchPlan.independent(count))
    try site.write(plan.text, to: path)
    return path
  }

  private static func measureTime(_ site: BenchSite, _ findings: inout Findings) throws {
    let count = 30
    let plan = try plan(site, count: count, width: 8)
    var contestants = [
      Contest.Contestant(name: "ropewalk") {
        Command(
          site.ropewalk, ["run", "--quiet", plan], in: try site.newRepository(files: 200))
      }
    ]
    if let xargs = site.find("xargs"), site.find("flock") != nil {
      contestants.append(.worktreeScript(site, xargs, count: count, work: work[2]))
    } else {
      findings.note("`xargs` or `flock` is not installed: the script was left out")
    }
    let contest = try Contest(contestants, repetitions: site.repetitions(5), in: site)
    findings.own("ropewalk", contest)
    findings.peer("script", contest, .atMost(1))
    if let own = contest.series("ropewalk"), let script = contest.series("script") {
      let perTask = [own, script].map { Unit.milliseconds.text($0.median / Double(count)) }
      findings.note("per task \(perTask[0]), by the script \(perTask[1])")
    }
  }

  /// Counts tasks whose branch does not hold the agent's work.
  private static func countLost(
    _ site: BenchSite, _ width: Int, _ findings: inout Findings
  ) throws {
    let count = site.options.isLong ? 1000 : 100
    let repository = try site.newRepository(files: 200)
    var command = Command(
      site.ropewalk, ["run", "--quiet", try plan(site, count: count, width: width)],
      in: repository)
    // A lost task is what is counted here, not a reason to stop.
    command.accepting = [0, 1]
    let cost = try command.run(in: site)
    let kept = try keptWork(site, repository)
    findings.value(
      "lost of \(count) at width \(width)", Series([Double(count - kept)]), unit: .count,
      .atMost(0))
    findings.note(
      String(
        format: "%d tasks at width %d took %.1f s, %.0f ms each", count, width, cost.seconds,
        cost.seconds * 1000 / Double(count)))
  }

  /// How many branches of a run hold the new file.
  private static func keptWork(_ site: BenchSite, _ repository: String) throws -> Int {
    let git = try site.program("git")
    let script = """
      \(git) for-each-ref --format='%(objectname):new.txt' refs/heads/ropewalk |
      \(git) cat-file --batch-check | grep -c ' blob ' > kept.count
      """
    var command = Command("/bin/sh", ["-c", script], in: repository)
    // Grep says 1 where there is none, and that is an answer here.
    command.accepting = [0, 1]
    _ = try command.run(in: site)
    let text = String(decoding: try FileBytes.read(repository + "/kept.count"), as: UTF8.self)
    guard let kept = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
      throw BenchError.wrong("the kept branches could not be counted: \(text)")
    }
    return kept
  }
}

extension Contest.Contestant {
  /// What people write by hand: a worktree for each task under a lock, the work, a commit. The
  /// worktrees are left, as `ropewalk run` leaves its own.
  static func worktreeScript(
    _ site: BenchSite, _ xargs: String, count: Int, work: String
  ) -> Contest.Contestant {
    Contest.Contestant(name: "script") {
      let repository = try site.newRepository(files: 200)
      let folder = try site.newFolder("script")
      try site.write(
        """
        #!/bin/sh
        set -e
        tree=\(folder)/tree-$1
        flock \(folder)/lock git -C \(repository) worktree add -q -b task-$1 "$tree" HEAD
        cd "$tree"
        { \(work); } > \(folder)/$1.out 2> \(folder)/$1.err
        git add -A
        git commit -q -m "task $1"

        """, to: folder + "/task", executable: true)
      let numbers = folder + "/numbers"
      try site.write((1...count).map { "\($0)\n" }.joined(), to: numbers)
      return Command(xargs, ["-P8", "-n1", folder + "/task"], in: folder, input: numbers)
    }
  }
}
