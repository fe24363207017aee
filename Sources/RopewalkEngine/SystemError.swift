// Knows how the system's error numbers are worded. Unaware of what was being done.

import Foundation

/// A failed system call: what was tried, on which path, and the system's reason.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  package var action: String
  package var path: String
  package var errno: Int32

  package init(_ action: String, _ path: String, errno: Int32 = Glibc.errno) {
    self.action = action
    self.path = path
    self.errno = errno
  }

  package var description: String { "cannot \(action) `\(path)`: \(Self.reason(errno))" }

  /// The system's words, with its number's name where people search for it.
  package static func reason(_ errno: Int32) -> String {
    String(cString: strerror(errno)).lowercasedFirst
  }
}

extension String {
  package var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
