// Knows how the attendant is heard when there is no end record to speak for it.
// Unaware of what it complains about.

import CSystem
import Glibc

/// What goes to the attendant's own standard error.
enum Complaint {
  static func say(_ message: String) {
    let bytes = Array("ropewalk-attend: \(message)\n".utf8)
    // When nobody listens there is nobody left to tell.
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }
}

/// The system's words for an error number.
func reason(_ errno: Int32) -> String { String(cString: strerror(errno)) }

/// A failed system call, by its error number.
struct SystemFailure: Error {
  let errno: Int32
}

/// Descriptors 0 to 2.
enum StandardStreams {
  /// Opens `/dev/null` on those that are closed, so that no file of ours takes their place and is
  /// then overwritten while the program's own streams are put there.
  static func fillGaps() {
    while true {
      let descriptor = csystem_open("/dev/null", O_RDWR | O_CLOEXEC, 0)
      guard descriptor >= 0 else { return }
      if descriptor > STDERR_FILENO {
        close(descriptor)
        return
      }
    }
  }
}
