// Knows how an instant is written and read. Unaware of what the time is now.

/// An instant by the wall clock, to the millisecond: for people and records, never for measuring.
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Milliseconds since 1970 in UTC.
  package var milliseconds: Int

  package init(milliseconds: Int) { self.milliseconds = milliseconds }

  /// ISO 8601 in UTC: `2026-11-21T04:02:51.039Z`.
  package var description: String {
    let (days, inDay) = milliseconds.quotientAndRemainder(flooringBy: 86_400_000)
    let date = Self.date(ofDay: days)
    let seconds = inDay / 1000
    return "\(Self.digits(date.year, 4))-\(Self.digits(date.month, 2))-\(Self.digits(date.day, 2))"
      + "T\(Self.digits(seconds / 3600, 2)):\(Self.digits(seconds / 60 % 60, 2))"
      + ":\(Self.digits(seconds % 60, 2)).\(Self.digits(inDay % 1000, 3))Z"
  }

  /// Reads back what `description` wrote; nil for any other form.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    let separators: [(Int, Character)] = [
      (4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "."), (23, "Z"),
    ]
    guard bytes.count == 24, separators.allSatisfy({ bytes[$0.0] == $0.1.asciiValue }) else {
      return nil
    }
    func number(_ range: Range<Int>) -> Int? {
      Int(String(decoding: bytes[range], as: UTF8.self))
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      let millisecond = number(20..<23)
    else { return nil }
    let inDay = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
    milliseconds = Self.day(year: year, month: month, day: day) * 86_400_000 + inDay
  }

  /// The instant so much later.
  package func adding(_ time: Duration) -> Timestamp {
    Timestamp(milliseconds: milliseconds + Int(time / .milliseconds(1)))
  }

  /// How much later another instant is; negative for one that is earlier.
  package func distance(to other: Timestamp) -> Duration {
    .milliseconds(other.milliseconds - milliseconds)
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// Days since 1970 to a date of the proleptic Gregorian calendar; years begin in March inside.
  private static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
    let (era, dayOfEra) = (day + 719_468).quotientAndRemainder(flooringBy: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let civilMonth = month < 10 ? month + 3 : month - 9
    return (
      yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0), civilMonth,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  private static func day(year: Int, month: Int, day: Int) -> Int {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = shifted.quotientAndRemainder(flooringBy: 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func digits(_ value: Int, _ count: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, count - text.count)) + text
  }
}

extension Int {
  fileprivate func quotientAndRemainder(flooringBy divisor: Int) -> (Int, Int) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
