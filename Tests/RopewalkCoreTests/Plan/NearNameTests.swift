// Knows which slips of the fingers are close to which names. Unaware of plans.

import Testing

@testable import RopewalkCore

@Suite struct NearNameTests {
  @Test(
    "the nearest name is suggested when it is near enough",
    arguments: [
      ("lints", "lint"), ("promt", "prompt"), ("tiemout", "timeout"), ("Build", "build"),
      ("reveiw", "review"), ("idletimeout", "idleTimeout"), ("xyz", nil), ("z", nil), ("", nil),
    ] as [(String, String?)])
  func nearest(name: String, expected: String?) {
    let known = ["a", "build", "lint", "review", "prompt", "timeout", "idleTimeout"]
    #expect(NearName.nearest(to: name, in: known) == expected)
  }

  @Test("of names that are equally near, the first one is suggested")
  func ties() {
    #expect(NearName.nearest(to: "cat", in: ["bat", "cab", "rat"]) == "bat")
    #expect(NearName.nearest(to: "cats", in: ["bats", "cat", "cots"]) == "bats")
  }

  @Test("a hint lists the names while they are few")
  func hint() {
    let known = ["build", "lint"]
    #expect(
      NearName.hint(for: "lnt", in: known, owner: "the plan defines")
        == "did you mean `lint`? The plan defines: build, lint")
    #expect(
      NearName.hint(for: "deploy", in: known, owner: "the plan defines")
        == "the plan defines: build, lint")
    #expect(NearName.hint(for: "deploy", in: [], owner: "the plan defines") == nil)
    let many = (0...NearName.mostListed).map { "task-\($0)" }
    #expect(
      NearName.hint(for: "tsk-3", in: many, owner: "the plan defines") == "did you mean `task-3`?")
    #expect(NearName.hint(for: "deploy", in: many, owner: "the plan defines") == nil)
  }

  @Test(
    "a letter too many, too few, wrong or swapped is one error",
    arguments: [
      ("abc", "abc", 0), ("abc", "abcd", 1), ("abc", "ab", 1), ("abc", "axc", 1),
      ("abc", "acb", 1), ("", "abc", 3), ("kitten", "sitting", 3),
    ])
  func distance(left: String, right: String, expected: Int) {
    #expect(NearName.distance(Array(left.utf8), Array(right.utf8)) == expected)
    #expect(NearName.distance(Array(right.utf8), Array(left.utf8)) == expected)
  }
}
