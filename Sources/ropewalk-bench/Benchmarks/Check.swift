// Knows how quickly a very large plan is checked. Unaware of running it.

extension Benchmark {
  static let check = Benchmark(
    name: "check",
    claim: "`ropewalk check` of 100,000 tasks with 300,000 needs: `make -n` of the same graph",
    measure: measureCheck)

  private static func measureCheck(_ site: BenchSite) throws -> Findings {
    let tasks = largeGraph()
    let plan = "\(site.folder)/plan.json"
    let echo = try site.program("echo")
    try site.write(BenchPlan(command: [echo, "ok"], tasks: tasks).text, to: plan)
    try site.write(
      Makefile(command: "\(echo) ok", tasks: tasks).text, to: "\(site.folder)/Makefile")
    var contestants = [
      Contest.Contestant(name: "ropewalk") {
        Command(site.ropewalk, ["check", plan], in: site.folder)
      }
    ]
    var findings = Findings()
    if let make = site.find("make") {
      contestants.append(
        Contest.Contestant(name: "make") { Command(make, ["-n", "all"], in: site.folder) })
    } else {
      findings.note("`make` is not installed and was left out")
    }
    let contest = try Contest(contestants, repetitions: site.repetitions(5), in: site)
    findings.own("ropewalk", contest)
    findings.peer("make", contest, .atMost(1))
    if let memory = contest.series("ropewalk", { Double($0.peakBytes) }) {
      findings.value("ropewalk, peak memory", memory, unit: .megabytes, .atMost(400_000_000))
    }
    if let memory = contest.series("make", { Double($0.peakBytes) }) {
      findings.figure("make, peak memory", memory, unit: .megabytes)
    }
    return findings
  }

  /// 100 layers of 1,000 with three needs each, and a fourth for as many as the first layer lacks.
  private static func largeGraph() -> [(id: String, needs: [String])] {
    var tasks = BenchPlan.layers(100, of: 1000, fan: 3)
    // Three places on from a task's own, in the layer before, is no need of it yet.
    for index in 1000..<4000 {
      tasks[index].needs.append(tasks[(index / 1000 - 1) * 1000 + (index + 3) % 1000].id)
    }
    return tasks
  }
}
