// Knows how text is brought to the width of a column. Unaware of tables.

extension String {
  /// The text with spaces after it up to `width`; longer text stays as it is.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
