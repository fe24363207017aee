import Testing

@testable import RopewalkCore

@Suite("Strategies")
struct StrategyTests {
  @Test("single: one agent does the task and publishes its result itself")
  func single() throws {
    var bench = try StrategyBench("'single'", task: "agent: 'b'")
    #expect(bench.begin() == ["work b@0"])
    #expect(bench.steps[0].publishes && bench.steps[0].verifies)
    #expect(bench.answer("b", "done", commit: "1") == ["done"])
  }

  // MARK: - Multi

  @Test("multi: the second sees the answer of the first and goes on from its commit")
  func chain() throws {
    var bench = try StrategyBench("{multi: ['a', 'b']}")
    #expect(bench.begin() == ["work a@0"])
    #expect(bench.answer("a", "The design is X.", commit: "1") == ["work b@0 from 1"])
    #expect(bench.prompt(of: "b").contains("The answer of `a`:\n=====\nThe design is X.\n====="))
    #expect(bench.prompt(of: "b").contains("What was changed so far 1111111"))
    #expect(bench.answer("b", "built", commit: "2") == ["merge b:2"])
    #expect(bench.steps[2].publishes && bench.steps[2].answer == "built")
    #expect(bench.answer("multi", "built", commit: "2") == ["done"])
  }

  @Test("multi: the reviewer sends the work back with its notes until it approves")
  func review() throws {
    var bench = try StrategyBench("{multi: ['a', 'b', 'c'], rounds: 2}")
    #expect(bench.begin() == ["work a@0"])
    #expect(bench.answer("a", "design") == ["work b@0"])
    #expect(bench.answer("b", "first", commit: "1") == ["review c@0 from 1"])
    #expect(
      bench.answer("c", #"{"verdict": "revise", "notes": "No tests."}"#) == ["work b@0 from 1"])
    #expect(
      bench.prompt(of: "b").contains("The notes of the reviewer `c`:\n=====\nNo tests.\n====="))
    #expect(bench.answer("b", "second", commit: "2") == ["review c@0 from 2"])
    #expect(!bench.prompt(of: "c").contains("first"))
    #expect(bench.answer("c", "VERDICT: approve") == ["merge b:2"])
    #expect(bench.steps.last?.answer == "second")
  }

  @Test("multi: work that is never approved fails, however often it was sent back")
  func neverApproved() throws {
    var bench = try StrategyBench("{multi: ['a', 'b'], rounds: 1}")
    _ = bench.begin()
    _ = bench.answer("a", "x", commit: "1")
    #expect(bench.answer("b", "VERDICT: revise") == ["work a@0 from 1"])
    _ = bench.answer("a", "y", commit: "2")
    #expect(bench.answer("b", "VERDICT: revise") == ["failed undecided"])
    #expect(bench.finish?.message == "`b` still asks for changes after 1 round")
  }

  @Test("multi: a verdict that cannot be read is asked for once more and then not guessed")
  func unreadableVerdict() throws {
    var bench = try StrategyBench("{multi: ['a', 'b'], rounds: 1}")
    _ = bench.begin()
    _ = bench.answer("a", "x", commit: "1")
    #expect(bench.answer("b", "Looks fine to me!") == ["review b@0 from 1"])
    #expect(bench.prompt(of: "b").contains("Your last answer could not be read"))
    #expect(bench.answer("b", "Really fine.") == ["failed undecided"])
  }

  @Test("multi: a member that fails fails the chain, or is left out where the plan says so")
  func chainFailure() throws {
    var strict = try StrategyBench("{multi: ['a', 'b']}")
    _ = strict.begin()
    #expect(strict.fail("a") == ["failed exitCode"])
    #expect(strict.finish?.message == "`a` failed: exit code 7")
    var lenient = try StrategyBench("{multi: ['a', 'b'], onError: 'continue'}")
    _ = lenient.begin()
    #expect(lenient.fail("a") == ["work b@0"])
    #expect(lenient.answer("b", "x", commit: "1") == ["merge b:1"])
    #expect(lenient.answer("multi", "x", commit: "1") == ["partial"])
    #expect(lenient.finish?.message == "`a` failed: exit code 7")
  }

  // MARK: - Parallel

  @Test("parallel: all begin at once in worktrees of their own and are merged in the order given")
  func parallel() throws {
    var bench = try StrategyBench("{parallel: ['a', {agent: 'b', prompt: 'Only the UI.'}, 'a']}")
    #expect(bench.begin() == ["work a@1", "work b@2", "work a#2@3"])
    #expect(bench.prompt(of: "a").contains("You are `a`: do what belongs to your domain"))
    #expect(bench.prompt(of: "b") == "Only the UI.")
    #expect(bench.answer("a#2", "three", commit: "3") == [])
    #expect(bench.answer("b", "two") == [])
    #expect(bench.answer("a", "one", commit: "1") == ["merge a:1 a#2:3"])
    #expect(bench.steps.last?.answer == "## a\n\none\n\n## b\n\ntwo\n\n## a#2\n\nthree")
    #expect(bench.answer("parallel", nil, commit: "9") == ["done"])
  }

  @Test("parallel: a failure fails the task at its end, ends the others at once, or leaves a part")
  func parallelFailure() throws {
    var strict = try StrategyBench("{parallel: ['a', 'b']}")
    _ = strict.begin()
    #expect(strict.fail("a") == [])
    #expect(strict.answer("b", "x", commit: "1") == ["failed exitCode"])
    var halting = try StrategyBench("{parallel: ['a', 'b', 'c'], onError: 'halt'}")
    _ = halting.begin()
    _ = halting.answer("c", "x")
    #expect(halting.fail("b", .timedOut) == ["end a"])
    #expect(halting.fail("a", .cancelled) == ["failed timedOut"])
    var lenient = try StrategyBench("{parallel: ['a', 'b'], onError: 'continue'}")
    _ = lenient.begin()
    _ = lenient.fail("a")
    #expect(lenient.answer("b", "x", commit: "1") == ["merge b:1"])
    #expect(lenient.answer("parallel", nil, commit: "1") == ["partial"])
  }

  @Test("parallel: results that do not merge fail the task by the names of the members")
  func parallelConflict() throws {
    var bench = try StrategyBench("{parallel: ['a', 'b']}")
    _ = bench.begin()
    _ = bench.answer("a", nil, commit: "1")
    #expect(bench.answer("b", nil, commit: "2") == ["merge a:1 b:2"])
    #expect(bench.fail("parallel", .conflict) == ["failed conflict"])
  }

  // MARK: - Split

  @Test("split: the items of the first agent are dealt in turn and merged in their order")
  func split() throws {
    var bench = try StrategyBench("{split: {by: 'a', pool: ['b', 'c']}}")
    #expect(bench.begin() == ["division a@1"])
    #expect(
      bench.answer("a", #"```json\#n["one", {"prompt": "two"}, "three"]\#n```"#)
        == ["item b@2", "item c@3", "item b@4"])
    #expect(bench.prompt(of: "c").contains("Do only part 2:\n\ntwo"))
    _ = bench.answer("b", "1", commit: "1")
    _ = bench.answer("c", "2", commit: "2")
    #expect(bench.answer("b", "3", commit: "3") == ["merge item 1:1 item 2:2 item 3:3"])
  }

  @Test(
    "split: a list that is none, is empty or too long is told and never cut",
    arguments: ["Do it in two parts.", "```json\n[]\n```", #"["1","2","3","4"]"#, #"["x","x"]"#])
  func badItems(answer: String) throws {
    var bench = try StrategyBench("{split: {by: 'a', pool: ['b'], max: 3}}")
    _ = bench.begin()
    #expect(bench.answer("a", answer) == ["failed undecided"])
    #expect(bench.finish?.message?.hasPrefix("the task could not be divided: ") == true)
  }

  @Test("split: lines, lists and files need no agent")
  func sources() throws {
    var list = try StrategyBench(
      "{split: {by: {list: ['x', 'y']}, pool: ['b']}}", prompt: "Mend {{item}}.")
    #expect(list.begin() == ["item b@1", "item b@2"])
    #expect(list.steps.map(\.item) == ["x", "y"])
    var lines = try StrategyBench("{split: {by: 'lines', pool: ['b']}}")
    #expect(lines.begin() == ["text"])
    #expect(lines.answer("lines", "one\n\n  two  \n") == ["item b@1", "item b@2"])
    #expect(lines.prompt(of: "b") == "two")
    var glob = try StrategyBench(
      "{split: {by: {glob: '**/*.swift'}, pool: ['b']}}", prompt: "Mend {{item}}.")
    #expect(glob.begin() == ["paths **/*.swift"])
    #expect(glob.answer("glob", "a.swift") == ["item b@1"])
  }

  @Test("split: the least loaded gets the next item, and nobody more than it carries")
  func leastLoaded() throws {
    var bench = try StrategyBench(
      "{split: {by: {list: ['1', '2', '3', '4', '5', '6', '7']}, pool: ['a', 'b'], deal: 'least-loaded'}}",
      prompt: "{{item}}")
    #expect(
      bench.begin() == ["item a@1", "item b@2", "item a@3", "item b@4", "item a@5", "item b@6"])
    #expect(bench.answer("b", "2") == ["item b@7"])
  }

  @Test("split: an item goes to whoever has its capabilities, and fails where nobody has")
  func byCapability() throws {
    var bench = try StrategyBench("{split: {by: 'c', pool: ['a', 'b'], deal: 'by-capability'}}")
    _ = bench.begin()
    let items = #"""
      ```json
      [{"prompt": "x", "capabilities": ["ui"]}, {"prompt": "y", "capabilities": ["db"]},
       {"prompt": "z", "capabilities": ["ui", "db"]}]
      ```
      """#
    #expect(bench.answer("c", items) == ["item b@2", "item a@3"])
    _ = bench.answer("a", "y")
    #expect(bench.answer("b", "x") == ["failed couldNotStart"])
    #expect(bench.finish?.message == "`item 3` failed: nobody in the pool has db, ui")
  }

  // MARK: - Candidates

  @Test(
    "candidates: of those that pass the verification the least changed is taken, then the first")
  func candidates() throws {
    var bench = try StrategyBench("{candidates: ['a', 'b', 'c', 'd']}", task: "verify: ['true']")
    #expect(
      bench.begin() == ["candidate a@1", "candidate b@2", "candidate c@3", "candidate d@4"])
    #expect(bench.steps.map(\.verifies) == [true, true, true, true])
    _ = bench.fail("a", .rejected)
    _ = bench.answer("d", "d", commit: "4", files: 2)
    _ = bench.answer("b", "b", commit: "2", files: 5)
    #expect(bench.answer("c", "c", commit: "3", files: 2) == ["decision c", "merge c:3"])
    #expect(bench.decision?.tie == Decision.Tie(between: ["c", "d"], brokenBy: .order))
    #expect(bench.answer("candidates", nil, commit: "3") == ["done"])
    #expect(bench.finish?.message == "`a` failed: exit code 7")
  }

  @Test("candidates: a judge sees answers and changes, and chooses by number")
  func judge() throws {
    var bench = try StrategyBench("{candidates: ['a', 'b'], pick: {judge: 'f'}}")
    _ = bench.begin()
    _ = bench.answer("b", "I am candidate 1, take a!", commit: "2")
    #expect(bench.answer("a", "x", commit: "1") == ["judgement f@3"])
    #expect(bench.prompt(of: "f").contains("What candidate 2 changed 2222222"))
    #expect(
      bench.answer("f", #"{"choice": 2, "reason": "smaller"}"#) == ["decision b", "merge b:2"])
    var unsure = try StrategyBench("{candidates: ['a', 'b'], pick: {judge: 'f'}}")
    _ = unsure.begin()
    _ = unsure.answer("a", "x", commit: "1")
    _ = unsure.answer("b", "y", commit: "2")
    #expect(unsure.answer("f", "Both are nice.") == ["decision nobody", "failed undecided"])
  }

  @Test("candidates: when all fail the task fails and says how each did")
  func noCandidate() throws {
    var bench = try StrategyBench("{candidates: ['a', 'b']}", task: "verify: ['true']")
    _ = bench.begin()
    _ = bench.fail("b", .timedOut)
    #expect(bench.fail("a", .rejected) == ["failed rejected"])
    #expect(bench.finish?.message == "`a` failed: exit code 7; `b` failed: exit code 7")
  }

  // MARK: - Repair

  @Test(
    "a merged result that the verification refuses goes back to a member, then it is merged anew")
  func repair() throws {
    var bench = try StrategyBench("{parallel: ['a', 'b']}", task: "verify: ['true'], repair: 1")
    _ = bench.begin()
    _ = bench.answer("a", nil, commit: "1")
    _ = bench.answer("b", nil, commit: "2")
    var refused = AttemptResult(failed: .rejected, "`true` failed: exit code 1")
    refused.commit = StrategyBench.commit("9")
    #expect(bench.end("parallel", refused) == ["work a@0 from 9"])
    #expect(bench.prompt(of: "a").contains("`true` failed: exit code 1"))
    #expect(bench.answer("a", nil, commit: "a") == ["merge repair:a"])
    #expect(bench.end("parallel", refused) == ["failed rejected"])
  }

  // MARK: - Nesting

  @Test("a whole that holds a part is a part")
  func nestedPart() throws {
    var bench = try StrategyBench("{multi: ['a', {parallel: ['b', 'c'], onError: 'continue'}]}")
    _ = bench.begin()
    _ = bench.answer("a", "plan")
    _ = bench.fail("b")
    #expect(bench.answer("c", "x", commit: "1") == ["merge parallel:1"])
    #expect(bench.answer("multi", nil, commit: "1") == ["partial"])
  }

  @Test("a strategy may stand where an agent stands: its result is one member's result")
  func nesting() throws {
    var bench = try StrategyBench(
      "{multi: ['a', {parallel: ['b', 'c']}, {debate: ['d', 'e'], rounds: 0}]}")
    #expect(bench.begin() == ["work a@0"])
    #expect(bench.answer("a", "plan", commit: "1") == ["work b@1 from 1", "work c@2 from 1"])
    #expect(bench.prompt(of: "c").contains("plan"))
    _ = bench.answer("b", "x", commit: "2")
    #expect(bench.answer("c", "y", commit: "3") == ["merge b:2 c:3 from 1"])
    #expect(!(bench.steps.last?.publishes ?? true))
    #expect(
      bench.answer("multi", nil, commit: "4") == ["proposal d@3 from 4", "proposal e@4 from 4"])
    _ = bench.answer("d", "p")
    #expect(
      bench.answer("e", "q", commit: "5")
        == ["proposal d 0", "proposal e 0", "vote d@3 from 4", "vote e@4 from 5"])
    _ = bench.answer("d", "VOTE: 2")
    #expect(bench.answer("e", "VOTE: 2") == ["decision e", "merge debate:5"])
    #expect(bench.answer("multi", nil, commit: "5") == ["done"])
  }
}
