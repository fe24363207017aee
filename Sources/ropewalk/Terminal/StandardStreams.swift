// Knows that a program may be started without its standard streams. Unaware of what goes through them.

import Foundation

/// Descriptors 0 to 2.
enum StandardStreams {
  /// Opens `/dev/null` on those that are closed, so that no file of ours takes their place: progress
  /// would be written into a journal, and Foundation ends the program over a number it holds twice.
  static func fillGaps() {
    while true {
      let descriptor = open("/dev/null", O_RDWR | O_CLOEXEC)
      guard descriptor >= 0 else { return }
      if descriptor > STDERR_FILENO {
        close(descriptor)
        return
      }
    }
  }
}
