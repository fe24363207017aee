// Knows where a CLI keeps its state, as a runner file names the place. Unaware of what is on the disk.

/// A place of a CLI's state: `/path`, `~/path` from the home folder, or `$NAME/path` from the folder that a variable of
/// the user's names.
package enum StatePlace {
  /// Whether a runner file may name the place so.
  package static func isPlain(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count > 1, let first = parts.first,
      !parts.contains(where: { $0 == ".." || $0 == "." })
    else { return false }
    if first.isEmpty || first == "~" { return path.utf8.count > 2 }
    guard first.first == "$", first.utf8.count > 1 else { return false }
    return first.dropFirst().utf8.allSatisfy {
      (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
    }
  }

  /// The place itself; nil where its variable is not set, or names so much that nothing would be left of a fence: the
  /// whole system, the home folder or what holds it, or something that is not said from the root.
  ///
  /// - Parameter environment: the user's, never a plan's: a plan opens no fence.
  package static func path(_ place: String, environment: [String: String]) -> String? {
    let home = environment["HOME"] ?? "/"
    if place.hasPrefix("~/") { return home + place.dropFirst() }
    guard place.hasPrefix("$"), let slash = place.firstIndex(of: "/") else { return place }
    let name = String(place[place.index(after: place.startIndex)..<slash])
    guard let value = environment[name], value.hasPrefix("/") else { return nil }
    let parts = value.split(separator: "/")
    guard !parts.isEmpty, !parts.contains(where: { $0 == ".." || $0 == "." }),
      !home.split(separator: "/").starts(with: parts)
    else { return nil }
    return "/" + parts.joined(separator: "/") + place[slash...]
  }
}
