// Knows what this product calls itself. Unaware of everything else.

package enum Product {
  package static let version = "0.1.0"
}
