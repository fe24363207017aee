// Knows the names of the files in an attempt's folder. Unaware of what is in them.

/// The files of an attempt's folder, shared by the engine and the attendant.
package enum AttemptFiles {
  package static let spec = "spec.json"
  package static let prompt = "prompt"
  package static let stdout = "stdout"
  package static let stderr = "stderr"
  package static let end = "end.json"
  /// What the attendant itself had to say, when even the end record could not be written.
  package static let attendant = "attendant.log"
}
