// Knows which places a runner file may name as its CLI's state. Unaware of fences.

import RopewalkCore
import Testing

@Suite("places of a CLI's state")
struct StatePlaceTests {
  private let environment = [
    "HOME": "/home/me", "GOOD": "/srv/codex/", "RELATIVE": "codex", "ALL": "/", "ABOVE": "/home",
    "SAME": "/home/me/", "BACK": "/srv/../home",
  ]

  @Test("a place is from the root, from the home folder, or from what a variable names")
  func places() {
    #expect(StatePlace.path("/var/lib/x/", environment: environment) == "/var/lib/x/")
    #expect(StatePlace.path("~/.codex/", environment: environment) == "/home/me/.codex/")
    #expect(StatePlace.path("$GOOD/", environment: environment) == "/srv/codex/")
    #expect(StatePlace.path("$GOOD/auth.json", environment: environment) == "/srv/codex/auth.json")
  }

  @Test(
    "a variable that is not set, or that would open the whole fence, opens nothing",
    arguments: ["UNSET", "RELATIVE", "ALL", "ABOVE", "SAME", "BACK"])
  func refused(name: String) {
    #expect(StatePlace.path("$\(name)/", environment: environment) == nil)
  }

  @Test(
    "what leads elsewhere is no place",
    arguments: ["", "~", "~/", "/", "x/", "~/../x/", "$/x", "$a b/", "$GOOD", "$GOOD/../x"])
  func wrong(path: String) { #expect(!StatePlace.isPlain(path)) }

  @Test(
    "the usual ones are", arguments: ["~/.codex/", "~/.claude.json", "/opt/x/", "$CODEX_HOME/"])
  func right(path: String) { #expect(StatePlace.isPlain(path)) }
}
