// Knows whom a change outside must be charged to. Unaware of files.

import RopewalkCore
import Testing

@Suite("who may have changed what lies outside")
struct EscapeLedgerTests {
  private func suspect(_ name: String) throws -> Suspect {
    Suspect(task: try #require(TaskID(name)), attempt: 1)
  }

  private func look(
    _ ledger: inout EscapeLedger, finds changed: [String] = [], starting: [Suspect] = []
  ) {
    ledger.lookBegan()
    ledger.lookEnded(changed: changed, starting: starting)
  }

  @Test("one that was alone is charged for certain")
  func alone() throws {
    var ledger = EscapeLedger()
    let one = try suspect("one")
    look(&ledger, starting: [one])
    look(&ledger, finds: ["b", "a"])
    let escape = try #require(ledger.escape(of: one))
    #expect(escape.names == ["a", "b"])
    #expect(escape.others == [])
    #expect(escape.message == "outside its worktree it changed `a`, `b`")
  }

  @Test("what changed while nobody ran is charged to nobody")
  func nobody() throws {
    var ledger = EscapeLedger()
    let (one, two) = (try suspect("one"), try suspect("two"))
    look(&ledger, finds: ["before"], starting: [one])
    #expect(ledger.escape(of: one) == nil)
    look(&ledger)
    ledger.ended(one)
    look(&ledger, finds: ["between"], starting: [two])
    #expect(ledger.escape(of: two) == nil)
  }

  @Test("one that ended while a look was under way is no suspect of the next, one that starts is")
  func duringALook() throws {
    var ledger = EscapeLedger()
    let (one, two) = (try suspect("one"), try suspect("two"))
    look(&ledger, starting: [one])
    ledger.lookBegan()
    ledger.ended(one)
    ledger.lookEnded(changed: ["x"], starting: [two])
    #expect(ledger.escape(of: two) == nil)
    look(&ledger, finds: ["y"])
    #expect(ledger.escape(of: two)?.names == ["y"])
    #expect(ledger.escape(of: two)?.others == [])
  }

  @Test("several that were there share the suspicion until it is bound to one of them")
  func several() throws {
    var ledger = EscapeLedger()
    let (one, two) = (try suspect("one"), try suspect("two"))
    look(&ledger, starting: [one, two])
    look(&ledger, finds: ["x"])
    #expect(ledger.escape(of: one)?.others == [two.task])
    ledger.bind("x", to: two)
    #expect(ledger.escape(of: one) == nil)
    #expect(ledger.escape(of: two)?.others == [])
    ledger.drop("x")
    #expect(ledger.escape(of: two) == nil)
  }
}
