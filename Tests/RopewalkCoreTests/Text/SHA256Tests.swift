import Testing

@testable import RopewalkCore

@Suite("SHA-256")
struct SHA256Tests {
  @Test(
    "the standard's examples come out",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func examples(text: String, digest: String) {
    #expect(SHA256.hexadecimal(of: Array(text.utf8)) == digest)
  }

  @Test("every length up to three blocks has a digest of its own, the padding's limits included")
  func lengths() {
    let digests = (0...192).map { SHA256.hexadecimal(of: [UInt8](repeating: 97, count: $0)) }
    #expect(Set(digests).count == 193)
    // One million times `a` is the standard's third example; this is 119 times, by sha256sum.
    #expect(
      digests[119] == "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb")
  }
}
