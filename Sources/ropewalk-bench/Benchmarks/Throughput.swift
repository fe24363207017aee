// Knows how many small tasks get done in a time, here and elsewhere. Unaware of worktrees.

extension Benchmark {
  static let throughput = Benchmark(
    name: "throughput",
    claim: "1,000 no-op tasks at width 8, output captured, journal on: GNU parallel, ninja, xargs",
    measure: measureThroughput)

  private static func measureThroughput(_ site: BenchSite) throws -> Findings {
    let count = 1000
    let echo = try site.program("echo")
    let repository = try site.newRepository(files: 1)
    let plan = "\(site.folder)/plan.json"
    let tasks = BenchPlan.independent(count)
    try site.write(BenchPlan(command: [echo, "ok"], tasks: tasks).text, to: plan)
    let numbers = "\(site.folder)/numbers"
    try site.write((1...count).map { "\($0)\n" }.joined(), to: numbers)
    var findings = Findings()
    var contestants = [Contest.Contestant.ropewalk(site, plan: plan, repository: repository)]
    let peers: [(String, Target?, (String) throws -> Contest.Contestant)] = [
      ("parallel", .timesFaster(2), { .parallel(site, $0, echo, numbers) }),
      ("ninja", .timesFaster(0.5), { .ninja(site, $0, echo, tasks) }),
      ("xargs", nil, { .xargs(site, $0, echo, numbers) }),
    ]
    for (name, _, make) in peers {
      if let path = site.find(name) {
        contestants.append(try make(path))
      } else {
        findings.note("`\(name)` is not installed and was left out")
      }
    }
    let contest = try Contest(contestants, repetitions: site.repetitions(5), in: site)
    findings.own("ropewalk", contest)
    for (name, target, _) in peers { findings.peer(name, contest, target, isSpeed: target == nil) }
    findings.note("the ratio is the peer's time by ours: above 1 we are quicker")
    return findings
  }
}

extension Contest.Contestant {
  /// Groups each job's output in files of its own and keeps a log of the jobs, as we do.
  static func parallel(
    _ site: BenchSite, _ program: String, _ echo: String, _ numbers: String
  ) -> Contest.Contestant {
    Contest.Contestant(name: "parallel") {
      let folder = try site.newFolder("parallel")
      return Command(
        program,
        ["--will-cite", "-j8", "-n0", "--joblog", "log", "--results", "results/{#}", echo, "ok"],
        in: folder, input: numbers)
    }
  }

  static func xargs(
    _ site: BenchSite, _ program: String, _ echo: String, _ numbers: String
  ) -> Contest.Contestant {
    Contest.Contestant(name: "xargs") {
      Command(
        program, ["-P8", "-n1", echo, "ok"], in: try site.newFolder("xargs"), input: numbers)
    }
  }

  static func ninja(
    _ site: BenchSite, _ program: String, _ echo: String, _ tasks: [(id: String, needs: [String])]
  ) -> Contest.Contestant {
    var text = "rule go\n  command = \(echo) ok\n"
    for task in tasks { text += "build \(task.id): go \(task.needs.joined(separator: " "))\n" }
    let file = text
    return Contest.Contestant(name: "ninja") {
      let folder = try site.newFolder("ninja")
      try site.write(file, to: folder + "/build.ninja")
      return Command(program, ["-j8"], in: folder)
    }
  }
}
