import Testing

@testable import RopewalkCore

@Suite("What kind of work a task is")
struct TaskClassifierTests {
  private static let classifier = TaskClassifier.builtIn()

  @Test(
    "the type is told by the words, and by the first of them where several are level",
    arguments: [
      ("Add a users table.", "feature"), ("", "feature"), ("Implement the design.", "feature"),
      ("Fix the failing test in the parser.", "bugfix"), ("Add tests for the parser.", "test"),
      ("Refactor the scheduler.", "refactor"), ("Write the README.", "docs"),
      ("Review the fix.", "review"), ("Design the storage layer.", "design"),
      ("Investigate why it is slow.", "research"), ("Prepare the RELEASE.", "release"),
      ("fixture prefix testament", "feature"),
    ])
  func type(prompt: String, type: String) {
    #expect(Self.classifier.classify(prompt: prompt).type == type)
  }

  @Test("a refactoring that names four files is complex, and says why")
  func complex() {
    let profile = Self.classifier.classify(
      prompt: "Refactor src/a.swift, `src/b.swift`, (c.swift) and notes.md. Touch a.swift too.")
    #expect(profile.complexity == .complex)
    #expect(profile.signs(of: "complex") == "`refactor` and 5 files named")
    #expect(profile.summary == "a complex refactor in swift")
    #expect(profile.automaticStrategy.name == "multi")
    #expect(
      profile.automaticStrategy.why
        == "it is a complex refactor in swift: `refactor` and 5 files named")
  }

  @Test(
    "a short prompt is simple, a long one is not, and one sign alone is not complex",
    arguments: [
      ("Fix the typo.", .simple), ("Redesign it.", .moderate),
      (String(repeating: "word ", count: 60), .moderate),
      (String(repeating: "word ", count: 250), .moderate),
      ("Redesign it." + String(repeating: " word", count: 250), .complex),
    ] as [(String, TaskProfile.Complexity)])
  func complexity(prompt: String, expected: TaskProfile.Complexity) {
    #expect(Self.classifier.classify(prompt: prompt).complexity == expected)
  }

  @Test(
    "the stack is told by words, by named files and by what verifies the task",
    arguments: [
      ("Use SwiftUI here.", [], ["swift"]), ("Change app/models.py.", [], ["python"]),
      ("Do it.", [.shell("cd web && CI=1 /usr/bin/npm test")], ["javascript"]),
      ("Do it.", [.program(["/usr/bin/swift", "test"])], ["swift"]),
      (
        "Go on, say it in C++ and node.js.", [.shell("go test; true")], ["javascript", "go", "c++"]
      ),
      ("e.g. see https://example.com/x.y", [], []), ("cd go", [.shell("echo swift")], []),
    ] as [(String, [VerifyCommand], [String])])
  func stacks(prompt: String, verify: [VerifyCommand], expected: [String]) {
    #expect(Self.classifier.classify(prompt: prompt, verify: verify).stacks == expected)
  }

  @Test("the built-in rules stay small: their bytes are compiled as a list of numbers")
  func size() {
    #expect(PackageResources.classifier_json.count < 5_120)
  }

  @Test("a user's rules are read in place of the built-in ones")
  func ownRules() throws {
    let rules = """
      { types: { poem: ["Verse"], prose: ["essay"] }, otherwise: "prose",
        stacks: { latin: { words: ["amo"] } } }
      """
    let classifier = try TaskClassifier.decode(Array(rules.utf8)).get()
    let profile = classifier.classify(prompt: "A verse with amo")
    #expect(profile.type == "poem")
    #expect(profile.stacks == ["latin"])
    #expect(profile.complexity == .moderate)
    #expect(classifier.classify(prompt: "A table").type == "prose")
  }

  @Test("wrong rules are refused with every mistake in them")
  func refused() throws {
    let rules = """
      { type: {}, complexity: { complex: { files: "4" } }, stacks: { c: { word: [] } } }
      """
    guard case .failure(let errors) = TaskClassifier.decode(Array(rules.utf8)) else {
      Issue.record("the rules were taken")
      return
    }
    #expect(
      errors.errors.map(\.message) == [
        "the classifier file has no `otherwise`", "the classifier file has no key `type`",
        "`files` must be a whole number from 0 to 1000000, not a string",
        "a stack has no key `word`",
      ])
  }

  @Test("megabytes and odd bytes are read like any other prompt")
  func hostile() {
    for piece in ["../..", "a.swift ", "é\u{0}{{", "fix "] {
      let prompt = String(repeating: piece, count: 100_000)
      let first = Self.classifier.classify(prompt: prompt)
      #expect(first == Self.classifier.classify(prompt: prompt))
      #expect(first.hits.count < 10)
    }
  }
}
