import RopewalkCore
import Testing

@Suite("Text on a terminal")
struct SafeTextTests {
  @Test(
    "fault 31: nothing that steers a terminal gets through",
    arguments: [
      ("plain\ttext\n", "plain\ttext\n"), ("\u{1b}[2J", "^[[2J"),
      ("\u{1b}]0;title\u{7}", "^[]0;title^G"), ("a\rb", "a^Mb"), ("\u{0}", "^@"),
      ("\u{7f}", "^?"), ("\u{9b}31m", "<U+009B>31m"), ("\u{202e}abc", "<U+202E>abc"),
      ("\u{2066}x\u{2069}", "<U+2066>x<U+2069>"), ("grüße 🚀", "grüße 🚀"),
    ])
  func safe(text: String, shown: String) {
    #expect(text.safeForTerminal == shown)
  }

  @Test("a line of it has no line breaks")
  func line() {
    #expect("a\nb\tc\r\nd".safeLine == "a b c^M d")
  }

  @Test("a cut text says that it was cut")
  func cut() {
    #expect("abcdef".cut(to: 4) == "abc…")
    #expect("abcd".cut(to: 4) == "abcd")
  }
}

@Suite("Numbers for people")
struct WordingTests {
  @Test(
    "durations",
    arguments: [
      (0.04, "0.0 s"), (3.26, "3.3 s"), (59, "59 s"), (200, "3 m 20 s"), (7500, "2 h 5 m"),
    ]
  )
  func durations(seconds: Double, text: String) {
    #expect(Wording.duration(seconds) == text)
  }

  @Test(
    "dollars keep what is small",
    arguments: [
      (0.0312, "$0.0312"), (1.5, "$1.50"), (0, "$0.00"), (12.0, "$12.00"), (9.5e15, "$9.5e+15"),
    ])
  func dollars(usd: Double, text: String) {
    #expect(Wording.dollars(usd) == text)
  }
}
