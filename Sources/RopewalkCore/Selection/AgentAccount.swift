// Knows by what two agents are told to share one provider's limits. Unaware of what the limits are.

/// The account under which an agent's CLI works: its runner, and a mark where the agent uses another
/// login than the CLI's usual one. What is limited for one agent of an account is limited for all.
package struct AgentAccount: Hashable, Sendable, CustomStringConvertible {
  /// "claude", or "claude-1f8a6c0e9b3d2457".
  package let description: String

  package init(_ text: String) { description = text }

  /// - Parameters:
  ///   - variables: the names by which the runner's file says that logins differ.
  ///   - environment: the values that the agent's program gets.
  ///   - command: the program of a `command`, which is a CLI of its own.
  ///
  /// The mark is the beginning of a SHA-256: the same for the same values in every run, and nothing
  /// from which a key could be told.
  package init(
    runner: String, variables: [String], environment: [String: String], command: [String]? = nil
  ) {
    let known = variables.sorted().compactMap { name in
      environment[name].map { "\(name)=\($0)" }
    }
    let marks = (command ?? []) + known
    guard !marks.isEmpty else {
      description = runner
      return
    }
    let text = marks.map { "\($0.utf8.count):\($0)" }.joined()
    description = "\(runner)-\(SHA256.hexadecimal(of: Array(text.utf8)).prefix(16))"
  }

  /// The runner's name, as people know it.
  package var runner: String {
    guard let dash = description.lastIndex(of: "-") else { return description }
    let mark = description[description.index(after: dash)...]
    let isMark = mark.utf8.count == 16 && mark.allSatisfy { $0.isASCII && $0.isHexDigit }
    return isMark ? String(description[..<dash]) : description
  }
}

/// The accounts of everyone who may be asked in a run.
package struct AgentAccounts: Sendable, Equatable {
  private var accounts: [AgentRole.Identity: AgentAccount] = [:]

  package init() {}

  /// Nil where nobody knows it; then its limits are its own affair, and it never sleeps.
  package subscript(agent: AgentRole) -> AgentAccount? {
    get { accounts[agent.identity] }
    set { accounts[agent.identity] = newValue }
  }

  package var all: Set<AgentAccount> { Set(accounts.values) }
}
