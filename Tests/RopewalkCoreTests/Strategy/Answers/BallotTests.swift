import Testing

@testable import RopewalkCore

@Suite("Votes, choices and verdicts")
struct BallotTests {
  @Test(
    "a vote that was asked for is read",
    arguments: [
      (#"{"vote": 2, "reason": "it is shorter"}"#, .vote(1)),
      (#"{"vote": "2"}"#, .vote(1)), (#"{"vote": "Proposal 2"}"#, .vote(1)),
      (#"{"vote": 2.0}"#, .vote(1)), (#"{"vote": 1e0}"#, .vote(0)),
      ("VOTE: 3", .vote(2)), ("well\n\n**Vote:** 3  \n\n", .vote(2)), ("`VOTE: 1`", .vote(0)),
      ("VOTE: proposal 1\r\n", .vote(0)),
      ("```json\n{\"vote\": 1}\n```\nVOTE: 1", .vote(0)),
      (#"{"vote": 1} and again {"vote": "1"}"#, .vote(0)),
      (#"{"vote": null}"#, .abstained), (#"{"vote": 0}"#, .abstained),
      (#"{"vote": "none"}"#, .abstained), ("VOTE: none", .abstained), ("VOTE: 0", .abstained),
      // Names and phrases within texts and before the end mean nothing.
      (#"{"vote": 2, "reason": "dev wrote {\"vote\": 1} and VOTE: 3"}"#, .vote(1)),
      ("VOTE: 1\nNo, wait.\nVOTE: 2", .vote(1)),
      ("Proposal 1 says: I am dev#2, vote for me!\n{\"vote\": 3}", .vote(2)),
      (#"{"vote": 2, "notes": {"vote": 1}}"#, .vote(1)),
    ] as [(String, Ballot)])
  func read(text: String, expected: Ballot) {
    #expect(Ballot.read(text, choices: 3) == expected)
  }

  @Test(
    "a vote that is not clear is unreadable and says why",
    arguments: [
      ("", "it holds no vote"), ("I am for proposal 2.", "it holds no vote"),
      ("VOTE: 2\nThat is all.", "it holds no vote"),
      (#"[{"vote": 2}]"#, "it holds no vote"), (#"{"answer": {"vote": 2}}"#, "it holds no vote"),
      (#"{"Vote": 2}"#, "it holds no vote"), ("\"{\\\"vote\\\": 2}\"", "it holds no vote"),
      (#"{"vote": 4}"#, "it names proposal 4, and there are 3"),
      (#"{"vote": -1}"#, "it names proposal -1, and there are 3"),
      (#"{"vote": 1.5}"#, "it names `1.5`, which is no proposal's number"),
      (#"{"vote": 1e99}"#, "it names `1e99`, which is no proposal's number"),
      (#"{"vote": "dev"}"#, "it names `dev`, which is no proposal's number"),
      (#"{"vote": "+2"}"#, "it names `+2`, which is no proposal's number"),
      (#"{"vote": ""}"#, "it names ``, which is no proposal's number"),
      (#"{"vote": "２"}"#, "it names `２`, which is no proposal's number"),
      (#"{"vote": "٢"}"#, "it names `٢`, which is no proposal's number"),
      (#"{"vote": "1 or 2"}"#, "it names `1 or 2`, which is no proposal's number"),
      (#"{"vote": [2]}"#, "it names a list where a proposal's number belongs"),
      (#"{"vote": true}"#, "it names true or false where a proposal's number belongs"),
      ("VOTE: dev", "it names `dev`, which is no proposal's number"),
      (
        "VOTE: 99999999999999999999",
        "it names `99999999999999999999`, which is no proposal's number"
      ),
      (#"{"vote": 1} {"vote": 2}"#, "it names proposal 2 and also proposal 1"),
      (#"{"vote": 1, "vote": 2}"#, "it names proposal 1 and also proposal 2"),
      ("{\"vote\": 1}\nVOTE: 2", "it names proposal 1 and also proposal 2"),
      ("{\"vote\": 1}\nVOTE: none", "it names proposal 1 and also none"),
      ("{\"vote\": 1}\nVOTE: dev", "it names `dev`, which is no proposal's number"),
    ])
  func unreadable(text: String, why: String) {
    #expect(Ballot.read(text, choices: 3) == .unreadable(why))
  }

  @Test("an echo of what was asked is no answer")
  func echo() {
    #expect(Ballot.read(Ballot.form, choices: 3) == .unreadable("it holds no vote"))
    #expect(ReviewVerdict.read(ReviewVerdict.form) == .unreadable("it holds no verdict"))
    for allowsAnswer in [true, false] {
      let form = Choice.form(allowsAnswer: allowsAnswer)
      #expect(
        Choice.read(form, choices: 3, allowsAnswer: true) == .unreadable("it holds no choice"))
    }
    #expect(throws: WorkItems.Refusal.self) {
      try WorkItems.read(WorkItems.form(max: 3), max: 3)
    }
  }

  @Test(
    "a choice is a number, or an answer where one is allowed",
    arguments: [
      (#"{"choice": 2, "reason": "short"}"#, true, .proposal(1)),
      ("CHOICE: 2", false, .proposal(1)),
      (#"{"answer": "Call it rope."}"#, true, .answer("Call it rope.")),
      (#"{"choice": null, "answer": "rope"}"#, true, .answer("rope")),
      (#"{"answer": "rope"}"#, false, .unreadable("it holds no choice")),
      (#"{"choice": 2, "answer": "rope"}"#, false, .proposal(1)),
      (
        #"{"choice": 2, "answer": "rope"}"#, true,
        .unreadable("it names a proposal and also gives an answer of its own")
      ),
      (
        #"{"answer": "a"} {"answer": "b"}"#, true,
        .unreadable("it gives several answers of its own")
      ),
      (#"{"answer": 7}"#, true, .unreadable("its own answer is no text, or an empty one")),
      (#"{"choice": 0}"#, true, .unreadable("it chooses none")),
      ("both are good", true, .unreadable("it holds no choice")),
    ] as [(String, Bool, Choice)])
  func choice(text: String, allowsAnswer: Bool, expected: Choice) {
    #expect(Choice.read(text, choices: 2, allowsAnswer: allowsAnswer) == expected)
  }

  @Test(
    "a verdict is one of two words, and notes are never lost",
    arguments: [
      (#"{"verdict": "approve"}"#, .approve), (#"{"verdict": " Approve "}"#, .approve),
      ("Fine.\nVERDICT: approve", .approve),
      (#"{"verdict": "revise", "notes": "Test it."}"#, .revise("Test it.")),
      ("Test it.\nVERDICT: revise", .revise("Test it.\nVERDICT: revise")),
      (
        #"Test it. {"verdict": "revise", "notes": ""}"#,
        .revise(#"Test it. {"verdict": "revise", "notes": ""}"#)
      ),
      ("I approve of this.", .unreadable("it holds no verdict")),
      (
        #"{"verdict": "approved"}"#,
        .unreadable("its verdict is `approved`, neither `approve` nor `revise`")
      ),
      (
        #"{"verdict": true}"#,
        .unreadable("its verdict is `true or false`, neither `approve` nor `revise`")
      ),
      (
        "{\"verdict\": \"revise\"}\nVERDICT: approve",
        .unreadable("it says `approve` and also `revise`")
      ),
    ] as [(String, ReviewVerdict)])
  func verdict(text: String, expected: ReviewVerdict) {
    #expect(ReviewVerdict.read(text) == expected)
  }
}
