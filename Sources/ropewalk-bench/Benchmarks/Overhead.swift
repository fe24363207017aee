// Knows what an attempt costs in processor time. Unaware of other schedulers.

extension Benchmark {
  static let overhead = Benchmark(
    name: "overhead",
    claim: "processor time of engine and attendant per attempt, beyond the bare child",
    measure: measureOverhead)

  private static func measureOverhead(_ site: BenchSite) throws -> Findings {
    let count = 300
    let echo = try site.program("echo")
    let repository = try site.newRepository(files: 1)
    let plan = "\(site.folder)/plan.json"
    try site.write(
      BenchPlan(command: [echo, "ok"], tasks: BenchPlan.independent(count)).text, to: plan)
    let contest = try Contest(
      [
        .ropewalk(site, plan: plan, repository: repository),
        // A loop in a shell that forks and waits: about the least that a start can cost.
        Contest.Contestant(name: "bare child") {
          Command(
            "/bin/sh",
            ["-c", "i=0; while [ $i -lt \(count) ]; do \(echo) ok; i=$((i+1)); done"],
            in: repository)
        },
      ], repetitions: site.repetitions(5), in: site)
    var findings = Findings()
    guard let own = contest.series("ropewalk", \.cpuSeconds),
      let bare = contest.series("bare child", \.cpuSeconds)
    else { return findings }
    let tasks = Double(count)
    findings.figure("ropewalk, whole run", own, unit: .seconds)
    findings.figure("bare children", bare, unit: .seconds)
    let beyond = Series([
      (own.minimum - bare.minimum) / tasks, (own.median - bare.median) / tasks,
    ])
    findings.figure("per attempt, beyond the bare child", beyond, unit: .milliseconds)
    findings.value(
      "the same by medians", Series([(own.median - bare.median) / tasks]), unit: .milliseconds,
      .atMost(0.005))
    findings.note(
      "\(count) attempts without a worktree, width 8; the program's own start is included")
    return findings
  }
}

extension Contest.Contestant {
  /// `ropewalk run` of a plan; its exit status says that every task succeeded.
  static func ropewalk(_ site: BenchSite, plan: String, repository: String)
    -> Contest.Contestant
  {
    Contest.Contestant(name: "ropewalk") {
      Command(site.ropewalk, ["run", "--quiet", plan], in: repository)
    }
  }
}
