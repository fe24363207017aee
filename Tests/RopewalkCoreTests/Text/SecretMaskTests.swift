import RopewalkCore
import Testing

@Suite("Secrets in what agents print")
struct SecretMaskTests {
  private let mask = SecretMask(environments: [
    ["API_KEY": "sk-12345678", "LONG_TOKEN": "sk-12345678-and-more", "PATH": "/usr/bin:/bin"],
    ["MY_PASSWORD": "short"],
  ])

  @Test(
    "fault 33: the values of variables that are named as secrets are hidden, all others stay",
    arguments: [
      ("key sk-12345678.", "key [masked]."), ("sk-12345678-and-more", "[masked]"),
      ("/usr/bin:/bin short", "/usr/bin:/bin short"), ("", ""),
    ])
  func texts(text: String, shown: String) {
    #expect(mask.mask(text) == shown)
  }

  @Test("fault 33: they are hidden in events and results alike")
  func everywhere() {
    #expect(mask.mask(.message("sk-12345678")) == .message("[masked]"))
    #expect(
      mask.mask(.toolCall(id: "1", name: "Bash", summary: "echo sk-12345678"))
        == .toolCall(id: "1", name: "Bash", summary: "echo [masked]"))
    var result = AttemptResult(failed: .exitCode, "exit code 1: sk-12345678")
    result.text = "sk-12345678"
    result.stderrTail = "sk-12345678\n"
    result.notes = ["sk-12345678"]
    let masked = mask.mask(result)
    #expect(masked.message == "exit code 1: [masked]")
    #expect(masked.text == "[masked]")
    #expect(masked.stderrTail == "[masked]\n")
    #expect(masked.notes == ["[masked]"])
  }
}
