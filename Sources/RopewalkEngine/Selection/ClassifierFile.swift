// Knows where a user keeps rules for the classifier. Unaware of what they say.

import Foundation
import RopewalkCore

/// The classifier's rules: those of `$XDG_CONFIG_HOME/ropewalk/classifier.json`, else the built-in ones.
package enum ClassifierFile {
  /// - Throws: `PlanRefusal` for a file that is refused; `SystemError` for one that cannot be read.
  package static func classifier(environment: [String: String]) throws -> TaskClassifier {
    let home = environment["HOME"].map { $0 + "/.config" }
    guard let folder = environment["XDG_CONFIG_HOME"] ?? home else { return .builtIn() }
    let path = folder + "/ropewalk/classifier.json"
    let text: [UInt8]
    do throws(SystemError) {
      text = try FileBytes.read(path, limit: 1 << 20)
    } catch {
      if error.errno == ENOENT || error.errno == ENOTDIR { return .builtIn() }
      throw error
    }
    do throws(PlanErrors) {
      return try TaskClassifier.decode(text).get()
    } catch {
      throw PlanRefusal(file: path, errors: error)
    }
  }
}
