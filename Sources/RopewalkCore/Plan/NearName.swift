// Knows which of some names somebody may have meant. Unaware of what the names stand for.

/// Suggestions for names that were not found.
package enum NearName {
  /// More known names than this are not listed.
  package static let mostListed = 30

  /// The known name that is the fewest typing errors away, when that is few enough.
  ///
  /// An error is a letter too many, too few, wrong, or swapped with its neighbour; case is none.
  /// Up to a third of the letters may be wrong, three at most. Of equals the first one is taken.
  package static func nearest(to name: String, in known: some Sequence<String>) -> String? {
    let wanted = Array(name.lowercased().utf8)
    guard (1...64).contains(wanted.count) else { return nil }
    var best: String?
    // A name of one letter is one error away from every other.
    var limit = wanted.count == 1 ? 0 : min(3, max(1, wanted.count / 3))
    for candidate in known where abs(candidate.utf8.count - wanted.count) <= limit {
      let distance = distance(wanted, Array(candidate.lowercased().utf8))
      guard distance <= limit else { continue }
      if distance == 0 { return candidate }
      best = candidate
      limit = distance - 1
    }
    return best
  }

  /// A hint for a name that was not found: the nearest one, and all of them when they are few.
  ///
  /// - Parameter owner: who knows the names, with a verb: "the plan defines".
  /// - Returns: "did you mean `lint`? The plan defines: build, lint"; nil when there is nothing to say.
  package static func hint(for name: String, in known: [String], owner: String) -> String? {
    var parts: [String] = []
    if let near = nearest(to: name, in: known) { parts.append("did you mean `\(near)`?") }
    if !known.isEmpty, known.count <= mostListed {
      // It begins a sentence of its own after the question.
      let owner = parts.isEmpty ? owner : owner.prefix(1).uppercased() + owner.dropFirst()
      parts.append("\(owner): \(known.joined(separator: ", "))")
    }
    return parts.isEmpty ? nil : parts.joined(separator: " ")
  }

  /// The number of edits between two texts; a swap of neighbours is one.
  static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for column in right.indices {
        let same = left[row] == right[column]
        var least = min(
          last[column] + (same ? 0 : 1), last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          least = min(least, beforeLast[column - 1] + 1)
        }
        current.append(least)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
