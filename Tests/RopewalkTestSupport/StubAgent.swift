// Knows where the stand-ins for agents' CLIs are. Unaware of what they are told to do.

import Foundation

package enum StubAgent {
  /// The folder of the stand-ins, to be put first in `PATH`; a program there has a real CLI's name.
  package static let folder: String =
    ((#filePath as NSString).deletingLastPathComponent as NSString).appendingPathComponent(
      "../../fixtures/agents")
}
