// Knows how a program's environment is made of the inherited one, byte for byte.
// Unaware of what the variables mean.

import Glibc
import RopewalkWire

/// The environment of a spec: what was inherited without what is unset, with what is set, with `PWD`.
///
/// Names are compared as bytes and inherited values never become text, since neither need be
/// UTF-8, and Swift holds some strings equal that differ in their bytes.
struct Environment {
  private var changes: [(name: [UInt8], value: [UInt8])]
  private var unset: [[UInt8]]

  init(_ spec: AttemptSpec) {
    var set = spec.environment
    set["PWD"] = spec.directory
    changes = set.sorted { $0.key < $1.key }.map { (Array($0.key.utf8), Array($0.value.utf8)) }
    unset = spec.unset.map { Array($0.utf8) }
  }

  /// `NAME=VALUE` strings with their closing zeros.
  var strings: [[UInt8]] {
    let kept = Self.inherited.filter { entry in
      let name = entry.prefix { $0 != UInt8(ascii: "=") }
      return !changes.contains { $0.name.elementsEqual(name) } && !isUnset(name)
    }
    return (kept + changes.map { $0.name + [UInt8(ascii: "=")] + $0.value }).map { $0 + [0] }
  }

  private static var inherited: [[UInt8]] {
    var entries: [[UInt8]] = []
    var at = environ
    while let entry = at.pointee {
      entries.append(Array(UnsafeRawBufferPointer(start: entry, count: strlen(entry))))
      at += 1
    }
    return entries
  }

  private func isUnset(_ name: ArraySlice<UInt8>) -> Bool {
    unset.contains { pattern in
      pattern.last == UInt8(ascii: "*")
        ? name.starts(with: pattern.dropLast()) : name.elementsEqual(pattern)
    }
  }
}
