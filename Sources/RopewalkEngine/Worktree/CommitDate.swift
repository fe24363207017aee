// Knows how a commit's date is written for git. Unaware of which moment it is.

import Foundation

/// The date of a commit that another engine may have to make again, as the same one.
package struct CommitDate: Sendable, Hashable {
  /// Since 1970.
  package let seconds: Int

  package init(seconds: Int) { self.seconds = seconds }

  /// As git reads it: seconds and the user's offset at that time.
  var text: String {
    var (time, local) = (time_t(seconds), tm())
    localtime_r(&time, &local)
    let minutes = local.tm_gmtoff / 60
    let offset = String(format: "%02d%02d", abs(minutes) / 60, abs(minutes) % 60)
    return "@\(seconds) \(minutes < 0 ? "-" : "+")\(offset)"
  }
}
