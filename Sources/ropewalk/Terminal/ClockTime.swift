// Knows how an instant reads on this machine's clock. Unaware of what happens then.

import Foundation
import RopewalkCore

/// Instants as people name them who look at a clock.
enum ClockTime {
  /// "14:05"; of another day than today "22 Nov 14:05". A part of a minute counts as a whole one, so
  /// that nobody looks too early.
  static func text(
    _ time: Timestamp, now: Date = Date(), zone: TimeZone = .current
  ) -> String {
    let date = Date(timeIntervalSince1970: (Double(time.milliseconds) / 60_000).rounded(.up) * 60)
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = zone
    formatter.dateFormat = calendar.isDate(date, inSameDayAs: now) ? "HH:mm" : "d MMM HH:mm"
    return formatter.string(from: date)
  }
}
