// Knows how the SHA-256 of some bytes is computed. Unaware of what it is used for.

/// FIPS 180-4, for marks that must be the same everywhere and tell nothing of what they stand for.
enum SHA256 {
  static func hexadecimal(of bytes: [UInt8]) -> String {
    digest(of: bytes).map { byte in
      let digits = String(byte, radix: 16)
      return digits.utf8.count == 1 ? "0" + digits : digits
    }.joined()
  }

  static func digest(of bytes: [UInt8]) -> [UInt8] {
    var state = startValues
    var padded = bytes + [0x80]
    padded += [UInt8](repeating: 0, count: (120 - padded.count % 64) % 64)
    let bits = UInt64(bytes.count) &* 8
    padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
    for start in stride(from: 0, to: padded.count, by: 64) {
      fold(padded[start..<start + 64], into: &state)
    }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
    }
  }

  private static func fold(_ block: ArraySlice<UInt8>, into state: inout [UInt32]) {
    var words = [UInt32](repeating: 0, count: 64)
    for (place, byte) in block.enumerated() {
      words[place / 4] = words[place / 4] << 8 | UInt32(byte)
    }
    for place in 16..<64 {
      let (early, late) = (words[place - 15], words[place - 2])
      let first = turned(early, 7) ^ turned(early, 18) ^ early >> 3
      let second = turned(late, 17) ^ turned(late, 19) ^ late >> 10
      words[place] = words[place - 16] &+ first &+ words[place - 7] &+ second
    }
    var now = state
    for place in 0..<64 {
      let mix = turned(now[4], 6) ^ turned(now[4], 11) ^ turned(now[4], 25)
      let choice = now[4] & now[5] ^ ~now[4] & now[6]
      let first = now[7] &+ mix &+ choice &+ constants[place] &+ words[place]
      let other = turned(now[0], 2) ^ turned(now[0], 13) ^ turned(now[0], 22)
      let majority = now[0] & now[1] ^ now[0] & now[2] ^ now[1] & now[2]
      let head = first &+ other &+ majority
      now = [head, now[0], now[1], now[2], now[3] &+ first, now[4], now[5], now[6]]
    }
    for place in 0..<8 { state[place] = state[place] &+ now[place] }
  }

  private static func turned(_ word: UInt32, _ by: UInt32) -> UInt32 {
    word >> by | word << (32 - by)
  }

  /// The first primes, from whose roots the standard's numbers are.
  private static let primes: [UInt64] = {
    var found: [UInt64] = []
    var next: UInt64 = 2
    while found.count < 64 {
      if !found.contains(where: { next % $0 == 0 }) { found.append(next) }
      next += 1
    }
    return found
  }()

  private static let startValues: [UInt32] = primes.prefix(8).map { fraction(of: $0, power: 2) }
  private static let constants: [UInt32] = primes.map { fraction(of: $0, power: 3) }

  /// The first 32 bits after the point of a prime's square or cube root, found bit by bit.
  private static func fraction(of prime: UInt64, power: Int) -> UInt32 {
    var root: UInt64 = 0
    for bit in stride(from: UInt64(36), through: 0, by: -1) {
      let trial = root | 1 << bit
      // trial is the root times 2^32; its power is compared in parts, since it needs more than 64 bits.
      if isAtMost(trial, prime, power) { root = trial }
    }
    return UInt32(truncatingIfNeeded: root)
  }

  private static func isAtMost(_ root: UInt64, _ prime: UInt64, _ power: Int) -> Bool {
    let square = root.multipliedFullWidth(by: root)
    // square >= 2^128 cannot be: roots are below 2^37.
    guard power == 3 else {
      // prime * 2^64: compared by the high half.
      return square.high < prime
    }
    let low = square.low.multipliedFullWidth(by: root)
    let high = square.high.multipliedFullWidth(by: root)
    let (middle, carry) = low.high.addingReportingOverflow(high.low)
    // prime * 2^96: the part above 2^64 is compared with prime * 2^32.
    return (high.high + (carry ? 1 : 0), middle) < (0, prime << 32)
  }
}
