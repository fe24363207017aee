// Knows where a user keeps prices of their own. Unaware of what they are used for.

import Foundation
import RopewalkCore

/// The prices of a user: `$XDG_CONFIG_HOME/ropewalk/prices.json`, else that of `~/.config`.
package struct PriceFile: Sendable {
  private let path: String?

  package init(environment: [String: String]) {
    path = XDG.folder("XDG_CONFIG_HOME", ".config", environment).map { $0 + "/prices.json" }
  }

  /// The built-in prices with the user's own in their place, model by model.
  ///
  /// - Throws: `PriceFileErrors` for a file that is refused; `SystemError` for one that cannot be read.
  package func table() throws -> PriceTable {
    let builtIn = PriceTable.builtIn()
    guard let path else { return builtIn }
    let text: [UInt8]
    do throws(SystemError) {
      text = try FileBytes.read(path, limit: 1 << 20)
    } catch {
      if error.errno == ENOENT { return builtIn }
      throw error
    }
    do throws(PlanErrors) {
      return builtIn.merging(try PriceTable.decode(text).get())
    } catch {
      throw PriceFileErrors(path: path, errors: error)
    }
  }
}

/// A file of prices that is refused.
package struct PriceFileErrors: Error, Sendable {
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
    let named = environment[variable].flatMap { $0.hasPrefix("/") ? $0 : nil }
    return (named ?? environment["HOME"].map { "\($0)/\(usual)" }).map { $0 + "/ropewalk" }
  }
}
