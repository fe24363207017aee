// Knows how `ropewalk plan` is asked for. Unaware of what plans and templates say.

import Foundation
import RopewalkCore
import RopewalkEngine
import RopewalkWire

enum PlanCommand: Command {
  static let spec = CommandSpec(
    name: "plan", operands: "[new KIND | convert FILE.md]", maxOperands: 2,
    summary: "Begin a new plan from a template, or turn a Markdown plan into JSON.",
    details: [
      "Without operands: what can be asked for.",
      "new KIND: print a plan to start from. The kinds are "
        + PlanTemplate.Kind.allCases.map(\.rawValue).joined(separator: ", ") + ".",
      "convert FILE.md: print the plan that a Markdown file stands for; `check` and `run` take the"
        + " file as it is.",
    ],
    options: [
      Option(long: "name", value: "NAME", help: "new: the plan's name (default: the kind)"),
      Option(long: "markdown", help: "new: write the plan in Markdown"),
    ],
    examples: [
      "ropewalk plan new feature --name 'Sign in' > plan.json5",
      "ropewalk plan convert plan.md > plan.json",
    ])

  private enum Verb: String, CaseIterable {
    case new, convert

    var help: String {
      switch self {
      case .new: "new KIND         a plan to start from"
      case .convert: "convert FILE.md  the JSON plan of a Markdown plan"
      }
    }
  }

  static func run(_ arguments: Arguments, _ output: Output) async throws -> ExitCode {
    guard let word = arguments.operands.first else {
      list(output)
      return .success
    }
    guard let verb = Verb(rawValue: word) else {
      throw Failure.usage(
        "`plan` has no verb `\(word)`",
        hint: NearName.hint(for: word, in: Verb.allCases.map(\.rawValue), owner: "the verbs are"))
    }
    let operand = arguments.operands.dropFirst().first
    switch verb {
    case .new: try new(operand, arguments, output)
    case .convert: try convert(operand, output)
    }
    return .success
  }

  private static func list(_ output: Output) {
    let text = Verb.allCases.map { "ropewalk plan \($0.help)\n" }.joined()
    let json: JSON = ["verbs": .array(Verb.allCases.map { .string($0.rawValue) })]
    output.print(output.isJSON ? json.text + "\n" : text)
  }

  private static func new(
    _ operand: String?, _ arguments: Arguments, _ output: Output
  ) throws(Failure) {
    let kinds = PlanTemplate.Kind.allCases.map(\.rawValue)
    guard let operand else {
      throw .usage("which kind of plan?", hint: "the kinds are: " + kinds.joined(separator: ", "))
    }
    guard let kind = PlanTemplate.Kind(rawValue: operand) else {
      throw .usage(
        "there is no kind of plan `\(operand)`",
        hint: NearName.hint(for: operand, in: kinds, owner: "the kinds are"))
    }
    let name = arguments.value("name") ?? operand
    guard PlanTemplate.isName(name) else {
      throw .usage("`--name` must be one line of at most 200 bytes")
    }
    let template = PlanTemplate(kind)
    output.print(arguments.has("markdown") ? template.markdown(name) : template.json5(name))
  }

  private static func convert(_ operand: String?, _ output: Output) throws {
    guard let operand else {
      throw Failure.usage("which file?", hint: "`ropewalk plan convert plan.md`")
    }
    do throws(PlanErrors) {
      let source = try PlanSource.read(
        operand, directory: FileManager.default.currentDirectoryPath)
      guard source.isMarkdown else {
        throw PlanErrors([
          PlanError(
            message: "`\(operand)` is not named as Markdown is",
            hint: "give a file that ends in `.md` or `.markdown`")
        ])
      }
      output.print(try MarkdownPlan(source.bytes).planText())
    } catch {
      throw PlanRefusal(file: operand, errors: error)
    }
  }
}
