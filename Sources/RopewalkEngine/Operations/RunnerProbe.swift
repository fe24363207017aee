// Knows how a CLI is asked for its version. Unaware of what depends on the answer.

import Foundation
import RopewalkCore

/// Asks programs for their version.
package struct RunnerProbe: Sendable {
  private let environment: [String: String]

  package init(environment: [String: String]) {
    self.environment = environment.filter { variable in
      !RunnerSpec.nestedMarkers.contains(variable.key)
    }
  }

  /// The first word of the answer that begins like a version; nil when there is none.
  ///
  /// - Throws: `SpawnError` when the program cannot be started.
  package func version(_ spec: RunnerSpec, _ program: String) async throws -> String? {
    // A CLI that waits for something instead of answering is given up; without `timeout` it is not.
    let limiter = ProgramSearch(environment: environment, directory: "/").find("timeout")
    let words = (limiter == nil ? [] : ["--kill-after=1", "10", program]) + spec.versionArguments
    let result = try await ChildProcess.run(
      executable: limiter ?? program, arguments: words, environment: environment,
      directory: "/", limit: 64 << 10)
    let answer = String(decoding: result.output + result.errors, as: UTF8.self)
    return answer.split(whereSeparator: \.isWhitespace).map(String.init).first { word in
      word.drop { $0 == "v" }.first?.isNumber == true && word.contains(".")
    }.map { String($0.drop { $0 == "v" }) }
  }
}
