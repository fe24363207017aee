// Knows which tasks need which, however indirectly. Unaware of why that is asked.

/// Answers whether tasks need others through any number of tasks between.
struct Reachability {
  let graph: TaskGraph
  /// All tasks, each after its needs.
  let order: [Int]

  /// For each question whether `task` needs `need`, directly or through others.
  ///
  /// Sixty-four different needs are followed at a time, one bit each, so that the worst plan of
  /// 100,000 tasks takes seconds instead of hours; the usual one takes one pass.
  func answers(to questions: [(task: Int, need: Int)]) -> [Bool] {
    var answers = questions.map { graph.needs(of: $0.task).contains($0.need) }
    let distant = questions.indices.filter {
      !answers[$0] && questions[$0].task != questions[$0].need
    }
    let byNeed = Dictionary(grouping: distant) { questions[$0].need }
    let needs = byNeed.keys.sorted()
    for start in stride(from: 0, to: needs.count, by: 64) {
      let batch = needs[start..<min(start + 64, needs.count)]
      let reached = tasksReached(from: batch)
      for (bit, need) in batch.enumerated() {
        for question in byNeed[need] ?? [] {
          answers[question] = reached[questions[question].task] & (1 << UInt64(bit)) != 0
        }
      }
    }
    return answers
  }

  /// For each task a bit for each of the needs that it leads back to, itself included.
  private func tasksReached(from needs: ArraySlice<Int>) -> [UInt64] {
    var reached = [UInt64](repeating: 0, count: graph.count)
    for (bit, need) in needs.enumerated() { reached[need] |= 1 << UInt64(bit) }
    for task in order where reached[task] != 0 {
      for dependent in graph.dependents(of: task) { reached[dependent] |= reached[task] }
    }
    return reached
  }
}
