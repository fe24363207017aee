// Knows where a user keeps files of their own for this program, and how a refused one is told.
// Unaware of what is in them.

import Foundation
import RopewalkCore

/// A file of settings in `$XDG_CONFIG_HOME/ropewalk`, else in that of `~/.config`.
package enum UserFile: String, Sendable {
  case prices, instructions, classifier

  /// The file's path and bytes; nil when there is none.
  func read(_ environment: [String: String]) throws(SystemError) -> (path: String, text: [UInt8])? {
    guard let folder = XDG.folder("XDG_CONFIG_HOME", ".config", environment) else { return nil }
    let path = "\(folder)/\(rawValue).json"
    do throws(SystemError) {
      return (path, try FileBytes.read(path, limit: 1 << 20))
    } catch {
      if error.errno == ENOENT || error.errno == ENOTDIR { return nil }
      throw error
    }
  }
}

/// A user's file that is refused, with everything that is wrong with it.
package struct UserFileErrors: Error, Sendable {
  package var file: UserFile
  package var path: String
  package var errors: PlanErrors
}

/// The folders that a desktop's conventions give a program.
enum XDG {
  /// Our folder below the one that `variable` names, or below the usual one in the home folder.
  ///
  /// The conventions say that a path which is not absolute is to be ignored.
  static func folder(
    _ variable: String, _ usual: String, _ environment: [String: String]
  ) -> String? {
    let absolute = { (name: String) in environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
    return (absolute(variable) ?? absolute("HOME").map { "\($0)/\(usual)" }).map {
      $0 + "/ropewalk"
    }
  }
}
