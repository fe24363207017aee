// Knows the names of the files in an attempt's folder. Unaware of what is in them.

/// The files of an attempt's folder, shared by the engine and the attendant.
package enum AttemptFiles {
  package static let spec = "spec.json"
  package static let prompt = "prompt"
  package static let stdout = "stdout"
  package static let stderr = "stderr"
  package static let end = "end.json"
  /// The end record's place until there is an end; locked by the attendant, who is named in it.
  package static let endReserved = end + ".tmp"
  /// Whoever finds no attendant in the folder leaves this, so that none can begin in it any more.
  package static let abandoned = "abandoned"
  /// What the attendant itself had to say, when even the end record could not be written.
  package static let attendant = "attendant.log"
}
