// Knows the plans to start from. Unaware of how they are written down.

extension PlanTemplate.Kind {
  /// What the template is for, as the end of a sentence.
  package var about: String {
    switch self {
    case .feature: "a feature is designed, built, tested and reviewed"
    case .bugfix: "a defect is shown by a test, mended and reviewed"
    case .refactor: "code is reshaped under tests that hold its behaviour"
    case .review: "three reviews side by side become one list of findings"
    case .test: "missing tests are found and written"
    case .release: "a release is prepared: notes, documents, last checks"
    }
  }
}

extension PlanTemplate {
  package init(_ kind: Kind) {
    self.kind = kind
    phases =
      switch kind {
      case .feature: Self.feature
      case .bugfix: Self.bugfix
      case .refactor: Self.refactor
      case .review: Self.review
      case .test: Self.test
      case .release: Self.release
      }
  }

  private typealias Phases = [(name: String, steps: [Step])]

  private static let feature: Phases = [
    (
      "Design",
      [
        Step(
          id: "design", title: "Design", agent: .architect,
          objective: "Design the feature: say here what it has to do.",
          activities: [
            "Read the code that it touches.",
            "Settle interfaces, data and the order of the work; name what can go wrong.",
          ],
          deliverable: "The design as text.", expect: .answer)
      ]
    ),
    (
      "Build",
      [
        Step(
          id: "implement", title: "Implementation", agent: .developer, needs: ["design"],
          objective: "Build the feature as it is designed.",
          activities: [
            "Follow the style of the code around it.", "Change nothing that it does not need.",
          ],
          deliverable: "The feature, working.", isVerified: true),
        Step(
          id: "document", title: "Documentation", agent: .developer, needs: ["design"],
          objective: "Describe the feature for those who use it.",
          activities: ["Find the documents that speak of its surroundings.", "Give one example."],
          deliverable: "The documents, up to date."),
      ]
    ),
    (
      "Prove",
      [
        Step(
          id: "test", title: "Tests", agent: .developer, needs: ["implement"],
          objective: "Test the feature, its limits and its failures.",
          activities: ["Write tests that fail without the feature.", "Mend what they find."],
          deliverable: "Tests that pass.", isVerified: true),
        Step(
          id: "review", title: "Review", agent: .reviewer,
          needs: ["implement", "document"],
          objective: "Review the feature and its documents.",
          activities: [
            "Look for mistakes, missing cases and needless code.",
            "Say for each finding where it is and how grave.",
          ],
          deliverable: "A list of findings, or the statement that there are none.",
          expect: .answer),
      ]
    ),
  ]

  private static let bugfix: Phases = [
    (
      "Understand",
      [
        Step(
          id: "reproduce", title: "Reproduction", agent: .developer,
          objective: "Show the defect by a test: say here what happens and what should.",
          activities: [
            "Find the cause, not only the symptom.", "Write a test that fails because of it.",
          ],
          deliverable: "A failing test and the cause in words.")
      ]
    ),
    (
      "Mend",
      [
        Step(
          id: "fix", title: "Fix", agent: .developer, needs: ["reproduce"],
          objective: "Mend the cause of the defect.",
          activities: [
            "Make the test pass without weakening it.",
            "Look for the same mistake in other places.",
          ],
          deliverable: "The mended code.", isVerified: true)
      ]
    ),
    (
      "Confirm",
      [
        Step(
          id: "review", title: "Review", agent: .reviewer, needs: ["fix"],
          objective: "Judge whether the cause is mended and nothing else broken.",
          activities: ["Read the change and the test.", "Name cases that are still open."],
          deliverable: "A verdict with reasons.", expect: .answer)
      ]
    ),
  ]

  private static let refactor: Phases = [
    (
      "Prepare",
      [
        Step(
          id: "plan", title: "Plan of the change", agent: .architect,
          objective: "Plan the change of shape: say here what is to become of what.",
          activities: [
            "List the steps so small that each leaves the code working.",
            "Name the behaviour that must stay.",
          ],
          deliverable: "The steps as text.", expect: .answer),
        Step(
          id: "pin", title: "Tests that hold the behaviour", agent: .developer,
          objective: "Hold the present behaviour by tests.",
          activities: [
            "Find what no test covers yet.", "Write tests that pass on the code as it is.",
          ],
          deliverable: "Tests that pass.", isVerified: true),
      ]
    ),
    (
      "Change",
      [
        Step(
          id: "reshape", title: "Change of shape", agent: .developer,
          needs: ["plan", "pin"],
          objective: "Carry out the steps without changing behaviour.",
          activities: ["Leave the tests as they are.", "Remove what nothing uses any more."],
          deliverable: "The code in its new shape.", isVerified: true)
      ]
    ),
    (
      "Confirm",
      [
        Step(
          id: "review", title: "Review", agent: .reviewer, needs: ["reshape"],
          objective: "Judge whether behaviour stayed the same and the code is simpler.",
          activities: ["Compare the code before and after.", "Name every change of behaviour."],
          deliverable: "A verdict with reasons.", expect: .answer)
      ]
    ),
  ]

  private static let review: Phases = [
    (
      "Look",
      [
        look("correctness", "Correctness", "mistakes: wrong results, missed cases, lost errors"),
        look("security", "Security", "ways to misuse it: unchecked input, leaked secrets"),
        look("clarity", "Clarity", "what is hard to read, needless or twice there"),
      ]
    ),
    (
      "Gather",
      [
        Step(
          id: "summary", title: "Summary", agent: .architect,
          needs: ["correctness", "security", "clarity"],
          objective: "Make one list of the findings.",
          activities: [
            "Drop what is said twice and what does not hold.", "Put the gravest first.",
          ],
          deliverable: "The list, each finding with its place and a remedy.", expect: .answer)
      ]
    ),
  ]

  private static func look(_ id: String, _ title: String, _ what: String) -> Step {
    Step(
      id: id, title: title, agent: .reviewer,
      objective: "Review the code for \(what).",
      activities: ["Read before judging.", "Give file and line for each finding."],
      deliverable: "A list of findings, or the statement that there are none.", expect: .answer)
  }

  private static let test: Phases = [
    (
      "Find",
      [
        Step(
          id: "survey", title: "Survey", agent: .architect,
          objective: "Find what is not tested and should be.",
          activities: [
            "Compare the code with its tests.", "Order the gaps by the harm that they may do.",
          ],
          deliverable: "The gaps as a list.", expect: .answer)
      ]
    ),
    (
      "Write",
      [
        Step(
          id: "units", title: "Unit tests", agent: .developer, needs: ["survey"],
          objective: "Write the missing tests of single parts.",
          activities: [
            "Name each test after the behaviour that it holds.", "Do not sleep in tests.",
          ],
          deliverable: "Tests that pass.", isVerified: true),
        Step(
          id: "whole", title: "Tests of the whole", agent: .developer, needs: ["survey"],
          objective: "Write the missing tests of the program as its users see it.",
          activities: ["Cover failures as well as success.", "Leave nothing behind."],
          deliverable: "Tests that pass.", isVerified: true),
      ]
    ),
    (
      "Judge",
      [
        Step(
          id: "review", title: "Review", agent: .reviewer, needs: ["units", "whole"],
          objective: "Judge whether the new tests would fail if the code were wrong.",
          activities: ["Think of a mistake for each test.", "Name tests that cannot fail."],
          deliverable: "A verdict for each test file.", expect: .answer)
      ]
    ),
  ]

  private static let release: Phases = [
    (
      "Prepare",
      [
        Step(
          id: "notes", title: "Release notes", agent: .developer,
          objective: "Write the notes of the release: say here which version it is.",
          activities: [
            "Go through the commits since the last release.",
            "Say what changes for users; put what breaks first.",
          ],
          deliverable: "The notes where the project keeps them."),
        Step(
          id: "documents", title: "Documents", agent: .developer,
          objective: "Bring the documents in line with the code.",
          activities: ["Try every command and example.", "Correct what is no longer true."],
          deliverable: "Documents that are true."),
      ]
    ),
    (
      "Finish",
      [
        Step(
          id: "version", title: "Version", agent: .developer, needs: ["notes", "documents"],
          objective: "Set the new version everywhere it is written.",
          activities: ["Search for the old one.", "Change nothing else."],
          deliverable: "The new version, set.", isVerified: true)
      ]
    ),
    (
      "Confirm",
      [
        Step(
          id: "approve", title: "Approval", agent: .reviewer, needs: ["version"],
          objective: "Say whether this can be released.",
          activities: ["Compare notes, documents and code.", "List what stands in the way."],
          deliverable: "Yes or no, with reasons.", expect: .answer)
      ]
    ),
  ]
}
