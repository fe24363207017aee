// Knows how another terminal reaches a live run. Unaware of what its requests lead to.

import CSystem
import Foundation
import RopewalkWire
import Synchronization

/// The private Unix socket of a run: JSON-RPC 2.0, one object a line, for the same user alone.
///
/// ```
/// -> {"jsonrpc":"2.0","id":1,"method":"cancel","params":{"tasks":["api"]}}
/// <- {"jsonrpc":"2.0","id":1,"result":{"accepted":true}}
/// ```
package final class ControlSocket: Sendable {
  /// Answers one request; called on the socket's own thread, must not block.
  package typealias Handler = @Sendable (_ method: String, _ params: JSONValue?) -> Answer

  package enum Answer: Sendable {
    case result(JSON)
    case failure(code: Int, String)
  }

  private struct State {
    var isClosed = false
  }

  private let listener: Int32
  private let path: String
  private let handler: Handler
  private let state = Mutex(State())

  /// Listens at `path`. A file that is there already is a dead engine's: the caller holds the lock.
  package init(path: String, handler: @escaping Handler) throws(SystemError) {
    self.path = path
    self.handler = handler
    unlink(path)
    listener = try Self.socket(at: path, bind)
    guard chmod(path, 0o600) == 0, listen(listener, 16) == 0 else {
      let failure = SystemError("listen at", path)
      Glibc.close(listener)
      throw failure
    }
    let thread = Thread { [self] in accept() }
    thread.name = "control socket"
    thread.start()
  }

  /// Stops listening and removes the socket's file.
  package func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    unlink(path)
    // Wakes the thread out of `accept`; it closes the descriptor.
    shutdown(listener, Int32(SHUT_RDWR))
  }

  private func accept() {
    defer { Glibc.close(listener) }
    while !state.withLock({ $0.isClosed }) {
      let connection = csystem_accept(listener)
      if connection < 0 {
        if errno == ECONNABORTED { continue }
        return
      }
      serve(connection)
      Glibc.close(connection)
    }
  }

  /// One request a connection; a peer that dawdles is dropped after a second.
  private func serve(_ connection: Int32) {
    guard Self.isSameUser(connection) else { return }
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    do throws(SystemError) {
      guard let line = try Self.line(from: connection, path: path) else { return }
      try FileBytes.writeAll(
        answer(to: line).bytes + [UInt8(ascii: "\n")], to: connection, path: path)
    } catch {
      // The peer has gone; what it asked for, if it was understood, is under way.
    }
  }

  private func answer(to line: [UInt8]) -> JSON {
    let request: JSONValue
    do {
      request = try JSONDocument(line).root
    } catch {
      return Self.failure(.null, -32700, "the request is no JSON")
    }
    let id = request["id"].map { JSON.raw(Array($0.document.bytes[$0.range])) } ?? .null
    guard request["jsonrpc"]?.string == "2.0", let method = request["method"]?.string else {
      return Self.failure(id, -32600, "the request is no JSON-RPC 2.0")
    }
    switch handler(method, request["params"]) {
    case .result(let result): return ["jsonrpc": "2.0", "id": id, "result": result]
    case .failure(let code, let message): return Self.failure(id, code, message)
    }
  }

  private static func failure(_ id: JSON, _ code: Int, _ message: String) -> JSON {
    ["jsonrpc": "2.0", "id": id, "error": ["code": .int(code), "message": .string(message)]]
  }

  // MARK: - Asking

  /// Sends one request to the engine of a run and returns its answer.
  ///
  /// - Throws: `SystemError`, with ENOENT or ECONNREFUSED when no engine listens there, and with
  ///   EAGAIN when it does not answer.
  package static func ask(
    _ path: String, method: String, params: JSON
  ) throws(SystemError) -> JSONDocument {
    let connection = try socket(at: path, connect)
    defer { Glibc.close(connection) }
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let request: JSON = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": params]
    try FileBytes.writeAll(request.bytes + [UInt8(ascii: "\n")], to: connection, path: path)
    guard let line = try line(from: connection, path: path) else {
      throw SystemError("read the answer from", path, errno: ECONNRESET)
    }
    do {
      return try JSONDocument(line)
    } catch {
      throw SystemError("understand the answer from", path, errno: EPROTO)
    }
  }

  // MARK: - The system's part

  private typealias Attach = (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32

  /// A socket attached to `path` by `bind` or `connect`. Its folder is opened first and named by
  /// its descriptor, since an address holds 107 bytes and paths are longer.
  private static func socket(at path: String, _ attach: Attach) throws(SystemError) -> Int32 {
    let folder = (path as NSString).deletingLastPathComponent
    let directory = csystem_open(folder, CSYSTEM_O_PATH | O_DIRECTORY | O_CLOEXEC, 0)
    guard directory >= 0 else { throw SystemError("open", folder) }
    defer { Glibc.close(directory) }
    let descriptor = Glibc.socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw SystemError("make a socket for", path) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let name = "/proc/self/fd/\(directory)/\((path as NSString).lastPathComponent)"
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8.prefix(107)) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { attach(descriptor, $0, size) }
    }
    guard result == 0 else {
      let failure = SystemError("reach the socket", path)
      Glibc.close(descriptor)
      throw failure
    }
    return descriptor
  }

  private static func isSameUser(_ connection: Int32) -> Bool {
    let user = csystem_peer_user(connection)
    return user == Int(getuid()) || user == 0
  }

  /// The peer's first line, at most 1 MiB; nil when it closed without one.
  private static func line(
    from descriptor: Int32, path: String
  ) throws(SystemError) -> [UInt8]? {
    var line: [UInt8] = []
    while line.count < 1 << 20,
      let chunk = try FileBytes.chunk(of: descriptor, path: path, at: nil, size: 4096)
    {
      line += chunk
      if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return Array(line[..<end]) }
    }
    return nil
  }
}
