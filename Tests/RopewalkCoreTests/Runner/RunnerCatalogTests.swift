// Knows that the files of `runners/` and the program's own copy are the same. Unaware of users.

import Foundation
import RopewalkCore
import Testing

@Suite("the catalog of runners")
struct RunnerCatalogTests {
  private static let folder = Transcript.top.appending(path: "runners")

  @Test("every file of the folder is built in byte for byte, and nothing else is")
  func sameAsFolder() throws {
    let catalog = RunnerCatalog.builtIn()
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(files.allSatisfy { $0.hasSuffix(".json") })
    #expect(files.map { String($0.dropLast(5)) }.sorted() == catalog.names)
    for name in catalog.names {
      #expect(catalog[name]?.text == Transcript.bytes(Self.folder, "\(name).json"))
      #expect(catalog[name]?.origin == .builtIn)
    }
  }

  @Test("a built-in file stays small: its bytes are compiled as a list of numbers")
  func size() {
    let catalog = RunnerCatalog.builtIn()
    for name in catalog.names { #expect((catalog[name]?.text.count ?? 0) < 5_120, "\(name)") }
  }

  @Test("a later file of one name takes the place of an earlier one")
  func layers() throws {
    var catalog = RunnerCatalog.builtIn()
    let text = Array(#"{"name":"claude","executable":"my-claude","output":"text"}"#.utf8)
    try catalog.add(text, from: "/home/me/claude.json")
    #expect(catalog["claude"]?.spec.executable == "my-claude")
    #expect(catalog["claude"]?.origin == .file("/home/me/claude.json"))
    #expect(catalog.names == RunnerCatalog.builtIn().names)
  }

  @Test("a refused file changes nothing")
  func refusedFile() {
    var catalog = RunnerCatalog.builtIn()
    #expect(throws: PlanErrors.self) {
      try catalog.add(Array(#"{"name":"claude"}"#.utf8), from: "x.json")
    }
    #expect(catalog["claude"]?.origin == .builtIn)
  }

  @Test("one program under one name is told apart by its version")
  func versions() throws {
    let catalog = RunnerCatalog.builtIn()
    let old = try #require(catalog["opencode"]?.spec)
    #expect(old.needsVersion)
    #expect(old.fits(version: "0.0.55") && old.fits(version: "v0.0.55"))
    #expect(!old.fits(version: "1.18.33") && !old.fits(version: "2.0.1") && !old.fits(version: nil))
    let new = try #require(old.otherwise.flatMap { catalog[$0]?.spec })
    #expect(new.name == "opencode-run" && new.executable == old.executable)
    #expect(new.family == old.family && new.family == catalog["claude"]?.spec.family)
  }

  @Test("a version that no file is for is refused, and so is a name that leads nowhere")
  func variants() throws {
    var catalog = RunnerCatalog.builtIn()
    for (version, name) in [
      ("0.0.55", "opencode"), ("1.18.33", "opencode-run"), ("2.0.1", "opencode-run"),
      (nil, "opencode-run"),
    ] {
      #expect(try catalog.variant(of: "opencode", version: version).name == name)
    }
    let file = { (name: String, rest: String) in
      Array(#"{"name":"\#(name)","executable":"x","output":"text",\#(rest)}"#.utf8)
    }
    try catalog.add(file("a", #""versions":["1."],"otherwise":"b""#), from: "r/a.json")
    try catalog.add(file("b", #""versions":["2."],"otherwise":"a""#), from: "r/b.json")
    try catalog.add(file("c", #""versions":["2."],"otherwise":"clade""#), from: "r/c.json")
    let mismatch = #expect(throws: RunnerMismatch.self) {
      try catalog.variant(of: "a", version: "3.0")
    }
    #expect(mismatch == .noVariant(tried: ["a", "b"], version: "3.0"))
    #expect(mismatch?.description == "version `3.0` is none that `a` or `b` is for")
    let unknown = #expect(throws: RunnerMismatch.self) {
      try catalog.variant(of: "c", version: nil)
    }
    #expect(unknown?.description == "there is no runner `clade`, which `c` names")
    #expect(unknown?.hint?.hasPrefix("did you mean `claude`?") == true)
  }

  @Test("two files of one folder cannot say what one name means; a file of another folder can")
  func sameName() throws {
    var catalog = RunnerCatalog.builtIn()
    let text = Array(#"{"name":"x","executable":"x","output":"text"}"#.utf8)
    try catalog.add(text, from: "/user/x.json")
    let refusal = #expect(throws: PlanErrors.self) { try catalog.add(text, from: "/user/y.json") }
    #expect(refusal?.errors.map(\.message) == ["the runner `x` is already that of `/user/x.json`"])
    try catalog.add(text, from: "/repository/x.json")
    #expect(catalog["x"]?.origin == .file("/repository/x.json"))
  }
}
