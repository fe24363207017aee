// Knows what is said to an agent around the plan's own words. Unaware of how it reaches the agent.

/// The whole prompts that agents get.
package enum PromptText {
  /// The task's prompt with the agent's role before it, and after it what the engine must ask for.
  package static func complete(
    _ prompt: String, role: String?, expectation: Expectation
  ) -> String {
    var text = role.map { "\($0)\n\n\(prompt)" } ?? prompt
    if expectation == .changes {
      text += """


        If it turns out that nothing has to be changed, change nothing and make the last line \
        of your answer `no-change: REASON`.
        """
    }
    return text
  }

  /// What an agent is told that was interrupted in the midst of its work and still knows its task.
  package static let continuation = """
    You were interrupted before you had finished; the interruption had nothing to do with your \
    work. The folder is as you left it. Look at how far you came, then go on and finish the task.
    """

  /// What goes back to the agent whose result the verification refused.
  ///
  /// - Parameter hasSession: whether the agent still knows the task; otherwise it is told again.
  package static func repair(
    task: String, failure: String, tail: String, hasSession: Bool
  ) -> String {
    let reminder = hasSession ? "" : "The task was:\n\n\(task)\n\nIt was worked on in this folder. "
    let output = tail.isEmpty ? "" : "\n\nIts last lines:\n\n\(tail)"
    return """
      \(reminder)The result was verified, and this failed: \(failure)\(output)

      Mend the cause in this folder. Do not weaken the check.
      """
  }
}
