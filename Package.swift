// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "ropewalk",
  products: [
    .library(name: "RopewalkEngine", targets: ["RopewalkEngine"]),
    .executable(name: "ropewalk", targets: ["ropewalk"]),
    .executable(name: "ropewalk-bench", targets: ["ropewalk-bench"]),
  ],
  targets: [
    // The system calls that Swift's Glibc module cannot name.
    .target(name: "CSystem"),
    // What the engine and the attendant say to each other. No Foundation: the attendant starts in 2 ms.
    .target(name: "RopewalkWire", swiftSettings: strict),
    // What should happen: values and decisions. No I/O.
    .target(
      name: "RopewalkCore", dependencies: ["RopewalkWire"],
      resources: [
        .embedInCode("../../runners/claude.json"),
        .embedInCode("../../runners/codex.json"),
        .embedInCode("../../runners/command.json"),
        .embedInCode("../../runners/opencode.json"),
        .embedInCode("../../runners/opencode-run.json"),
        .embedInCode("../../runners/vibe.json"),
        .embedInCode("Selection/classifier.json"),
        .embedInCode("Budget/prices.json"),
        .embedInCode("Prompt/instructions.json"),
      ],
      swiftSettings: strict),
    // Making it happen: the only place with processes, files and time.
    .target(
      name: "RopewalkEngine", dependencies: ["RopewalkCore", "RopewalkWire", "CSystem"],
      swiftSettings: strict),
    // Depending on the attendant makes `swift run ropewalk` build it beside the program.
    .executableTarget(
      name: "ropewalk", dependencies: ["RopewalkEngine", "RopewalkCore", "ropewalk-attend"],
      swiftSettings: strict),
    .executableTarget(
      name: "ropewalk-attend", dependencies: ["RopewalkWire", "CSystem"],
      swiftSettings: strict,
      // Without any shared library it starts as fast as `echo`, wherever its folder is copied to.
      // The default linker warns of `dlopen` in a static program, which is never called here.
      linkerSettings: [
        .unsafeFlags(["-static-executable", "-use-ld=lld"], .when(platforms: [.linux]))
      ]),
    .executableTarget(
      name: "ropewalk-bench", dependencies: ["RopewalkEngine", "RopewalkCore", "ropewalk"],
      swiftSettings: strict),
    .target(
      name: "RopewalkTestSupport",
      dependencies: ["RopewalkEngine", "RopewalkCore", "RopewalkWire", "CSystem"],
      path: "Tests/RopewalkTestSupport", swiftSettings: strict),
    .testTarget(
      name: "RopewalkCoreTests",
      dependencies: ["RopewalkCore", "RopewalkWire", "RopewalkTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "RopewalkEngineTests",
      dependencies: ["RopewalkEngine", "RopewalkTestSupport"], swiftSettings: strict),
    .testTarget(
      name: "CLITests", dependencies: ["RopewalkEngine", "RopewalkTestSupport"],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
