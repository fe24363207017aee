import Testing

@testable import RopewalkCore

@Suite("Patterns of paths")
struct PathPatternTests {
  @Test(
    "patterns that could mean the same file overlap, whichever is asked",
    arguments: [
      ("src/api/**", "src/api/users.swift", true), ("src/api/**", "src/ui/**", false),
      ("src", "src/api/**", true), ("src/api", "src/api2", false), ("src/api", "src/api", true),
      ("src/api/", "./src//api/x", true), ("**", "docs/a.md", true), ("**/*.md", "src/**", true),
      ("src/a*", "src/b*", false), ("src/a*", "src/ab/c", true), ("src/a*", "src", true),
      ("src/*.md", "src/*.swift", true), ("docs/[ab].md", "docs/c.md", true),
      ("src/{a,b}/x", "lib/**", false), ("README.md", "readme.md", false),
    ])
  func overlap(left: String, right: String, overlaps: Bool) throws {
    let (left, right) = (try #require(PathPattern(left)), try #require(PathPattern(right)))
    #expect(left.canOverlap(right) == overlaps)
    #expect(right.canOverlap(left) == overlaps)
  }

  @Test(
    "what leads out of the repository, or means nothing, is no pattern",
    arguments: ["", "/", "/etc/**", "../x", "a/../../b", ".", "./"])
  func refused(text: String) { #expect(PathPattern(text) == nil) }
}
