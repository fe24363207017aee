// Knows how a plan's text is had: from a file or from standard input. Unaware of what is in it.

import Foundation
import RopewalkCore

/// The text of a plan and where it came from.
package struct PlanSource: Sendable {
  /// As the user named it; `-` is standard input.
  package let name: String
  package let bytes: [UInt8]
  /// What the plan's prompt files are relative to.
  package let directory: String

  /// Reads a plan. A text over the decoder's bound is not read to its end.
  ///
  /// - Throws: `PlanErrors` with one error: missing, a folder, unreadable, too large.
  package static func read(_ name: String, directory: String) throws(PlanErrors) -> PlanSource {
    let path =
      name == "-" ? "/dev/stdin" : name.hasPrefix("/") ? name : directory + "/" + name
    do throws(SystemError) {
      return PlanSource(
        name: name == "-" ? "stdin" : name,
        bytes: try FileBytes.read(path, limit: PlanDecoder.maximumBytes + 1),
        directory: name == "-" ? directory : (path as NSString).deletingLastPathComponent)
    } catch {
      throw PlanErrors([refusal(name, error)])
    }
  }

  private static func refusal(_ name: String, _ error: SystemError) -> PlanError {
    switch error.errno {
    case ENOENT:
      PlanError(
        message: "there is no plan `\(name)`",
        hint: "give the path of a plan, or `-` for standard input")
    case EISDIR: PlanError(message: "`\(name)` is a folder, not a plan")
    case EFBIG:
      PlanError(
        message:
          "`\(name)` is larger than a plan may be (\(Wording.bytes(PlanDecoder.maximumBytes)))")
    default:
      PlanError(message: "the plan `\(name)` cannot be read: \(SystemError.reason(error.errno))")
    }
  }

  /// By which it is seen whether the text was changed.
  package var sum: String { JournalLine.sum(of: bytes) }

  /// Whether the plan is written in Markdown, by its name.
  package var isMarkdown: Bool {
    let name = name.lowercased()
    return name.hasSuffix(".md") || name.hasSuffix(".markdown")
  }

  /// Decodes the plan, reading its prompt files from its own folder.
  ///
  /// - Parameter environment: `ROPEWALK_RUNNER` names the runner for a plan that names nobody.
  package func decode(
    variables: [String: String], environment: [String: String]
  ) -> Result<Plan, PlanErrors> {
    let decoder = PlanDecoder(
      variables: variables,
      defaultRunner: environment["ROPEWALK_RUNNER"] ?? PlanDecoder.standardRunner,
      readFile: readPrompt)
    return isMarkdown ? decoder.decode(markdown: bytes) : decoder.decode(bytes)
  }

  /// A prompt file within the plan's folder, not reached through a link that leads out of it.
  private func readPrompt(_ relative: String) -> Result<String, PromptFileError> {
    do throws(InnerFile.Refusal) {
      return .success(try InnerFile.text(relative, in: directory, limit: 10 << 20))
    } catch {
      return .failure(PromptFileError(error.reason(folder: "the plan's folder")))
    }
  }
}

/// A plan that is refused, with the name under which the user knows it.
package struct PlanRefusal: Error, Sendable {
  package var file: String
  package var errors: PlanErrors

  package init(file: String, errors: PlanErrors) {
    self.file = file
    self.errors = errors
  }
}
