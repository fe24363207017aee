// Knows that a user may keep prices of their own. Unaware of what they are used for.

import RopewalkCore

/// The prices of a user: `$XDG_CONFIG_HOME/ropewalk/prices.json`.
package struct PriceFile: Sendable {
  private let environment: [String: String]

  package init(environment: [String: String]) { self.environment = environment }

  /// The built-in prices with the user's own in their place, model by model.
  ///
  /// - Throws: `UserFileErrors` for a file that is refused; `SystemError` for one that cannot be read.
  package func table() throws -> PriceTable {
    let builtIn = PriceTable.builtIn()
    guard let (path, text) = try UserFile.prices.read(environment) else { return builtIn }
    do throws(PlanErrors) {
      return builtIn.merging(try PriceTable.decode(text).get())
    } catch {
      throw UserFileErrors(file: .prices, path: path, errors: error)
    }
  }
}
