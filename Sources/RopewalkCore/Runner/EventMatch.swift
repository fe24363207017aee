// Knows how a runner file says which events it means. Unaware of what is taken from them.

import RopewalkWire

/// A condition on one event: every path holds one of its allowed values.
///
/// ```
/// { "type": "result", "subtype": ["success", null] }
/// ```
package struct EventMatch: Sendable, Equatable {
  /// What a value is compared with.
  package enum Literal: Sendable, Equatable {
    case text(String)
    case number(Double)
    case bool(Bool)
    /// Null or absent.
    case nothing
    /// Anything but null, false, an empty text, list or object.
    case something

    package func matches(_ value: JSONValue?) -> Bool {
      switch self {
      case .text(let text): value?.string == text
      case .number(let number): value?.double == number
      case .bool(let bool): value?.bool == bool
      case .nothing: value?.isNull ?? true
      case .something: value.map(Self.isSomething) ?? false
      }
    }

    private static func isSomething(_ value: JSONValue) -> Bool {
      switch value.kind {
      case .null: false
      case .bool: value.bool == true
      case .number: true
      case .string: value.string?.isEmpty == false
      case .array: value.elements.contains { _ in true }
      case .object: value.members.contains { _ in true }
      }
    }
  }

  package var conditions: [(path: JSONPath, allowed: [Literal])] = []

  package init(_ conditions: [(path: JSONPath, allowed: [Literal])] = []) {
    self.conditions = conditions
  }

  package func matches(_ event: JSONValue) -> Bool {
    conditions.allSatisfy { condition in
      let values = condition.path.values(in: event)
      return condition.allowed.contains { literal in
        values.isEmpty ? literal.matches(nil) : values.contains(where: literal.matches)
      }
    }
  }

  package static func == (left: EventMatch, right: EventMatch) -> Bool {
    left.conditions.elementsEqual(right.conditions) {
      $0.path == $1.path && $0.allowed == $1.allowed
    }
  }
}
