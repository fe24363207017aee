// Knows how the program begins and ends. Unaware of what the commands do.

import Foundation
import RopewalkCore
import RopewalkEngine

/// The door for people: words in, text and an exit status out.
@main
enum Ropewalk {
  /// Not asynchronous, so that there is one thread only when the program has to leave its terminal.
  static func main() {
    StandardStreams.fillGaps()
    // A handler, unlike "ignore", is not handed on to children.
    signal(SIGPIPE) { _ in }
    let words = Array(CommandLine.arguments.dropFirst())
    if RunCommand.isDetached(words) { Detachment.begin() }
    Task.detached {
      let exit = await run(words)
      Detachment.current?.end(exit)
      Foundation.exit(exit.rawValue)
    }
    dispatchMain()
  }

  private static func run(_ words: [String]) async -> ExitCode {
    guard let name = words.first else {
      FileHandle.standardError.write(Data(Help.overview(CommandTable.all.map(\.spec)).utf8))
      return .usage
    }
    let rest = Array(words.dropFirst())
    if ["--help", "-h", "help"].contains(name) { return help(rest) }
    if ["--version", "-V", "version"].contains(name) {
      print("ropewalk \(Product.version)")
      return .success
    }
    guard let command = CommandTable.find(name) else {
      return unknown(name, isJSON: words.contains("--json"))
    }
    return await run(command, rest)
  }

  private static func run(_ command: CommandEntry, _ words: [String]) async -> ExitCode {
    let arguments: Arguments
    do throws(Failure) {
      arguments = try Arguments(words, for: command.spec)
    } catch {
      report(error, isJSON: words.contains("--json"))
      return error.exit
    }
    let output = Output(arguments)
    if arguments.has("help") {
      output.print(Help.page(command.spec))
      return .success
    }
    var exit: ExitCode
    do {
      exit = try await command.run(arguments, output)
    } catch {
      let failure = Failure(telling: error)
      output.report(failure)
      exit = failure.exit
    }
    if let problem = output.problem {
      report(Failure(.environment, "output", problem.description), isJSON: output.isJSON)
      if exit == .success { exit = .environment }
    }
    return exit
  }

  private static func help(_ words: [String]) -> ExitCode {
    if let name = words.first, !name.hasPrefix("-") {
      guard let command = CommandTable.find(name) else { return unknown(name, isJSON: false) }
      print(Help.page(command.spec), terminator: "")
    } else {
      print(Help.overview(CommandTable.all.map(\.spec)), terminator: "")
    }
    return .success
  }

  private static func unknown(_ name: String, isJSON: Bool) -> ExitCode {
    let near = NearName.nearest(to: name, in: CommandTable.names)
    let failure = Failure.usage(
      name.hasPrefix("-") ? "there is no option `\(name)` here" : "there is no command `\(name)`",
      hint: near.map { "did you mean `ropewalk \($0)`?" } ?? "`ropewalk --help` lists the commands")
    report(failure, isJSON: isJSON)
    return failure.exit
  }

  private static func report(_ failure: Failure, isJSON: Bool) {
    let text = isJSON ? failure.json.text + "\n" : failure.text
    FileHandle.standardError.write(Data(text.utf8))
  }
}
