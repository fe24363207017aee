// Knows how an event becomes one line that can prove it is whole. Unaware of files.

import RopewalkWire

/// A line of a journal: an event as JSON whose last member, `sum`, is the CRC-32 of all before it.
package enum JournalLine {
  /// The line with its newline.
  package static func encode(_ event: RunEvent) -> [UInt8] {
    var line = event.json.bytes
    line.removeLast()
    let sum = CRC32.of(line[...])
    line.append(contentsOf: #","sum":""#.utf8)
    line.append(contentsOf: CRC32.text(sum))
    line.append(contentsOf: "\"}\n".utf8)
    return line
  }

  /// The CRC-32 of any bytes, in hexadecimal digits.
  package static func sum(of bytes: [UInt8]) -> String {
    String(decoding: CRC32.text(CRC32.of(bytes[...])), as: UTF8.self)
  }

  /// What is wrong with a line.
  package enum Damage: Error, Equatable {
    /// It does not end with a sum, or the sum is another line's.
    case sum
    /// The sum is right, but it is no event.
    case notAnEvent
  }

  /// Reads a line without its newline.
  package static func decode(_ line: ArraySlice<UInt8>) throws(Damage) -> RunEvent {
    // {…,"sum":"xxxxxxxx"}
    let tail = 18
    guard line.count > tail, line.last == UInt8(ascii: "}"),
      line.suffix(tail).starts(with: #","sum":""#.utf8)
    else { throw .sum }
    let content = line.dropLast(tail)
    guard line.suffix(10).prefix(8).elementsEqual(CRC32.text(CRC32.of(content))) else {
      throw .sum
    }
    let document: JSONDocument
    do {
      document = try JSONDocument(Array(line))
    } catch {
      throw .notAnEvent
    }
    guard let event = RunEvent(document.root) else { throw .notAnEvent }
    return event
  }
}

/// The CRC-32 of IEEE 802.3, as in gzip and PNG.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
    }
  }

  static func of(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~table.withUnsafeBufferPointer { table in
      bytes.reduce(~UInt32(0)) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
    }
  }

  /// Eight hexadecimal digits.
  static func text(_ sum: UInt32) -> [UInt8] {
    (0..<8).map { place in
      let digit = UInt8(truncatingIfNeeded: sum >> UInt32(28 - 4 * place)) & 15
      return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
  }
}
