// Knows which bytes cannot be a plan, whatever is in them. Unaware of JSON.

import RopewalkWire

/// What is checked before a plan's bytes are read as text.
enum PlanText {
  /// The one thing that is wrong with the bytes as a whole; nil when they are UTF-8 text.
  static func refusal(of bytes: [UInt8], maximumBytes: Int) -> PlanError? {
    if bytes.count > maximumBytes {
      return PlanError(
        message: "the plan is larger than \(maximumBytes) bytes, the most that is read",
        hint: "split the plan, or move its prompts into files of their own")
    }
    if let encoding = wideEncoding(of: bytes) {
      return PlanError(message: "the plan is written in \(encoding)", hint: "save it as UTF-8")
    }
    if bytes.allSatisfy({ $0 <= 0x20 && $0 != 0 }) || bytes == [0xEF, 0xBB, 0xBF] {
      return PlanError(
        message: "the plan is empty",
        hint: "a plan is an object, as in { tasks: [{ id: \"hello\", prompt: \"…\" }] }")
    }
    if let offset = bytes.firstIndex(of: 0) {
      return refusal(
        at: offset, in: bytes, "the plan holds a NUL byte at offset \(offset), so it is no text",
        hint: "is it the right file?")
    }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      let offset = error.byteOffsets.lowerBound
      return refusal(
        at: offset, in: bytes, "the plan is not UTF-8 at offset \(offset)",
        hint: "save it as UTF-8")
    }
    return nil
  }

  private static func refusal(
    at offset: Int, in bytes: [UInt8], _ message: String, hint: String
  ) -> PlanError {
    let place = TextPlace(of: offset, in: bytes)
    return PlanError(line: place.line, column: place.column, message: message, hint: hint)
  }

  /// Tells UTF-16 and UTF-32 by their byte order mark, else by the zero beside an ASCII character.
  private static func wideEncoding(of bytes: [UInt8]) -> String? {
    let head = Array(bytes.prefix(4))
    if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] { return "UTF-32" }
    if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
    guard head.count == 4 else { return nil }
    let zeros = head.map { $0 == 0 }
    return zeros == [true, false, true, false] || zeros == [false, true, false, true]
      ? "UTF-16" : nil
  }
}
