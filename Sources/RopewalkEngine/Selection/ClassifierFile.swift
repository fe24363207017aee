// Knows that a user may keep rules for the classifier. Unaware of what they say.

import RopewalkCore

/// The classifier's rules: those of `$XDG_CONFIG_HOME/ropewalk/classifier.json`, else the built-in ones.
package enum ClassifierFile {
  /// - Throws: `UserFileErrors` for a file that is refused; `SystemError` for one that cannot be read.
  package static func classifier(environment: [String: String]) throws -> TaskClassifier {
    guard let (path, text) = try UserFile.classifier.read(environment) else { return .builtIn() }
    do throws(PlanErrors) {
      return try TaskClassifier.decode(text).get()
    } catch {
      throw UserFileErrors(file: .classifier, path: path, errors: error)
    }
  }
}
