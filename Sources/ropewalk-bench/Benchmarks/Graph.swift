// Knows how quickly a graph of small tasks is worked off, here and elsewhere. Unaware of worktrees.

extension Benchmark {
  static let graph = Benchmark(
    name: "graph",
    claim: "300 no-op tasks in 10 layers of 30, three needs each: Snakemake, make -j8, ninja -j8",
    measure: measureGraph)

  private static func measureGraph(_ site: BenchSite) throws -> Findings {
    let tasks = BenchPlan.layers(10, of: 30, fan: 3)
    let echo = try site.program("echo")
    let repository = try site.newRepository(files: 1)
    let plan = "\(site.folder)/plan.json"
    try site.write(BenchPlan(command: [echo, "ok"], tasks: tasks).text, to: plan)
    var findings = Findings()
    var contestants = [Contest.Contestant.ropewalk(site, plan: plan, repository: repository)]
    let peers: [(String, Target?, (String) -> Contest.Contestant)] = [
      ("snakemake", .timesFaster(4), { .snakemake(site, $0, echo, tasks) }),
      ("make", .atMost(3), { .make(site, $0, echo, tasks) }),
      ("ninja", nil, { .ninja(site, $0, echo, tasks) }),
    ]
    for (name, _, make) in peers {
      if let path = site.find(name) {
        contestants.append(make(path))
      } else {
        findings.note("`\(name)` is not installed and was left out")
      }
    }
    let contest = try Contest(contestants, repetitions: site.repetitions(5), in: site)
    findings.own("ropewalk", contest)
    for (name, target, _) in peers { findings.peer(name, contest, target) }
    findings.note("`>=` is the peer's time by ours, `<=` and no target our time by the peer's")
    return findings
  }
}

extension Contest.Contestant {
  static func make(
    _ site: BenchSite, _ program: String, _ echo: String, _ tasks: [(id: String, needs: [String])]
  ) -> Contest.Contestant {
    let file = Makefile(command: "\(echo) ok", tasks: tasks).text
    return Contest.Contestant(name: "make") {
      let folder = try site.newFolder("make")
      try site.write(file, to: folder + "/Makefile")
      return Command(program, ["-s", "-j8", "all"], in: folder)
    }
  }

  static func snakemake(
    _ site: BenchSite, _ program: String, _ echo: String, _ tasks: [(id: String, needs: [String])]
  ) -> Contest.Contestant {
    let needed = Set(tasks.flatMap(\.needs))
    func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
    let last = tasks.map(\.id).filter { !needed.contains($0) }
    var text = "rule all:\n    input: \(list(last))\n"
    for (index, task) in tasks.enumerated() {
      text += "rule r\(index):\n"
      if !task.needs.isEmpty { text += "    input: \(list(task.needs))\n" }
      text += "    output: touch('\(task.id)')\n    shell: '\(echo) ok'\n"
    }
    let file = text
    return Contest.Contestant(name: "snakemake") {
      let folder = try site.newFolder("snakemake")
      try site.write(file, to: folder + "/Snakefile")
      return Command(program, ["--quiet", "all", "-j8", "--nolock"], in: folder)
    }
  }
}

/// A graph of tasks as make reads it.
struct Makefile {
  var command: String
  var tasks: [(id: String, needs: [String])]

  var text: String {
    var text = ".PHONY: all \(tasks.map(\.id).joined(separator: " "))\n"
    text += "all: \(tasks.map(\.id).joined(separator: " "))\n"
    for task in tasks {
      text += "\(task.id): \(task.needs.joined(separator: " "))\n\t\(command)\n"
    }
    return text
  }
}
