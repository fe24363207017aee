import Testing

@testable import RopewalkCore

@Suite("Accounts that sleep because of a limit")
struct AgentSleepTests {
  private let claude = AgentAccount("claude")

  @Test(
    "the time that the CLI printed counts, else a pause that doubles up to a quarter of an hour")
  func pauses() {
    var sleep = AgentSleep()
    var now = Duration.seconds(100)
    var naps: [Duration] = []
    for _ in 0..<7 {
      let nap = sleep.limited(claude, retryAfter: nil, at: now)
      naps.append(nap.until - now)
      #expect(sleep.until(claude) == nap.until)
      now = nap.until
      #expect(sleep.woke(claude, turn: nap.turn) == true)
      #expect(!sleep.isAsleep(claude))
    }
    #expect(naps.map(\.seconds) == [30, 60, 120, 240, 480, 900, 900])
    var printed = AgentSleep()
    let nap = printed.limited(claude, retryAfter: .seconds(5000), at: now)
    #expect(nap.until == now + .seconds(5000))
  }

  @Test("a success makes it forget; one that began before the limit does not")
  func success() {
    var sleep = AgentSleep()
    let nap = sleep.limited(claude, retryAfter: nil, at: .zero)
    #expect(sleep.succeeded(claude, asProbe: false) == false)
    #expect(sleep.isAsleep(claude))
    #expect(sleep.woke(claude, turn: nap.turn) == true)
    #expect(sleep.succeeded(claude, asProbe: false) == true)
    #expect(sleep.succeeded(claude, asProbe: false) == false)
    let next = sleep.limited(claude, retryAfter: nil, at: .zero)
    #expect(next.until == .seconds(30))
  }

  @Test("of several attempts that are limited at once the first counts, and the latest end")
  func together() {
    var sleep = AgentSleep()
    let first = sleep.limited(claude, retryAfter: .seconds(50), at: .zero)
    let second = sleep.limited(claude, retryAfter: nil, at: .seconds(1))
    #expect(second.until == .seconds(50))
    #expect(second.strikes == 1)
    let third = sleep.limited(claude, retryAfter: .seconds(90), at: .seconds(2))
    #expect(third.until == .seconds(92))
    // Its first ends were put off.
    #expect(sleep.woke(claude, turn: first.turn) == false)
    #expect(sleep.woke(claude, turn: second.turn) == false)
    #expect(sleep.woke(claude, turn: third.turn) == true)
  }

  @Test("an end that has come already, told again and again, is no busy loop; a day is the most")
  func bounds() {
    var sleep = AgentSleep()
    let first = sleep.limited(claude, retryAfter: .zero, at: .zero)
    #expect(first.until == .seconds(1))
    _ = sleep.woke(claude, turn: first.turn)
    let second = sleep.limited(claude, retryAfter: .zero, at: .zero)
    #expect(second.until == .seconds(60))
    var far = AgentSleep()
    let longest = far.limited(claude, retryAfter: .seconds(1 << 40), at: .zero)
    #expect(longest.until == .seconds(86_400))
  }

  @Test("one urgent task may try to wake it in each sleep; its success does")
  func probes() {
    var sleep = AgentSleep()
    #expect(!sleep.mayProbe(claude))
    let nap = sleep.limited(claude, retryAfter: .seconds(3600), at: .zero)
    #expect(sleep.mayProbe(claude))
    sleep.probes(claude)
    #expect(!sleep.mayProbe(claude))
    _ = sleep.limited(claude, retryAfter: .seconds(3600), at: .seconds(10))
    #expect(!sleep.mayProbe(claude))
    #expect(sleep.succeeded(claude, asProbe: true) == true)
    #expect(!sleep.isAsleep(claude))
    #expect(sleep.woke(claude, turn: nap.turn + 1) == false)
    _ = sleep.limited(claude, retryAfter: nil, at: .seconds(20))
    #expect(sleep.mayProbe(claude))
  }

  @Test("what another run said lengthens a sleep, and never shortens it")
  func heard() {
    var sleep = AgentSleep()
    func hear(_ until: Duration, _ strikes: Int, at now: Duration, _ account: AgentAccount)
      -> AgentSleep.Nap?
    {
      sleep.heard(account, until: until, strikes: strikes, at: now)
    }
    #expect(hear(.seconds(60), 3, at: .seconds(5), claude)?.until == .seconds(60))
    #expect(hear(.seconds(30), 1, at: .seconds(6), claude) == nil)
    // One's own news, read back.
    #expect(hear(.milliseconds(60_004), 3, at: .seconds(6), claude) == nil)
    #expect(hear(.seconds(90), 1, at: .seconds(7), claude)?.strikes == 3)
    #expect(hear(.seconds(6), 1, at: .seconds(7), AgentAccount("codex")) == nil)
    #expect(hear(.seconds(1 << 30), 1, at: .seconds(7), claude)?.until == .seconds(86_407))
  }

  @Test("other logins are other accounts, and no value can be read from the key")
  func accounts() {
    func account(_ environment: [String: String]) -> String {
      AgentAccount(
        runner: "claude", variables: ["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR"],
        environment: environment
      ).description
    }
    #expect(account([:]) == "claude")
    #expect(account(["PATH": "/bin"]) == "claude")
    let first = account(["ANTHROPIC_API_KEY": "sk-1"])
    #expect(first.hasPrefix("claude-") && first.utf8.count == 23 && !first.contains("sk-1"))
    #expect(first == account(["ANTHROPIC_API_KEY": "sk-1", "HOME": "/x"]))
    #expect(first != account(["ANTHROPIC_API_KEY": "sk-2"]))
    #expect(first != account(["CLAUDE_CONFIG_DIR": "sk-1"]))
    #expect(AgentAccount(first).runner == "claude")
    #expect(AgentAccount("opencode-run").runner == "opencode-run")
    let commands = ["a", "b"].map {
      AgentAccount(runner: "command", variables: [], environment: [:], command: [$0])
    }
    #expect(commands[0] != commands[1])
  }
}
