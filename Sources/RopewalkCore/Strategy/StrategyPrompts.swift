// Knows the words by which strategies ask their members. Unaware of who answers.

/// How texts of others stand in a prompt.
package enum StrategyText {
  /// A text of somebody else's, marked off by a fence that does not occur in it.
  package static func quoted(_ title: String, _ text: String) -> String {
    var fence = "====="
    while text.contains(fence) { fence += "=" }
    return "\(title)\n\(fence)\n\(text)\n\(fence)"
  }
}

/// The text around a task that tells a member what its part is.
///
/// What other agents wrote stands between fences that do not occur in it, and is called by number or label,
/// so that nothing in it can be taken for the end of it or for somebody else's.
enum StrategyPrompts {
  private static func quoted(_ title: String, _ text: String) -> String {
    StrategyText.quoted(title, text)
  }

  // MARK: - A chain

  static func handOff(_ earlier: [(label: String, text: String)]) -> String {
    let answers = earlier.map { quoted("The answer of `\($0.label)`:", $0.text) }
    return """
      You work in turn with others on the task above, in the same folder, which holds all that was done so \
      far. Do your part and go on from there.

      \(answers.joined(separator: "\n\n"))
      """
  }

  static let review = """
    You are the reviewer: judge whether the task above is done well. The folder holds the work.
    \(ReviewVerdict.form)
    """

  static func unreadable(_ why: String) -> String {
    "Your last answer could not be read: \(why). Answer again, and end with the form that was asked for."
  }

  static func sentBack(_ notes: String, reviewer: String) -> String {
    """
    The work in this folder was reviewed and sent back. Make the changes that are asked for.

    \(quoted("The notes of the reviewer `\(reviewer)`:", notes))
    """
  }

  // MARK: - Side by side

  static func share(_ label: String, of labels: [String]) -> String {
    """
    The task above is shared out among \(labels.map { "`\($0)`" }.joined(separator: ", ")), who work at the \
    same time in folders of their own. You are `\(label)`: do what belongs to your domain, and nothing of \
    the others'. The results are merged afterwards.
    """
  }

  // MARK: - Debate

  static func critique(_ own: Int?, _ proposals: [(number: Int, text: String)]) -> String {
    let own = own.map { "Proposal \($0) is yours. " } ?? ""
    return """
      Several agents proposed how to do the task above. \(own)Weigh the proposals against each other: say what \
      is wrong or missing in the others, take over what is better than yours, and then give your whole \
      proposal anew, improved. It replaces your last one, so leave nothing out.

      \(list(proposals))
      """
  }

  static func vote(_ proposals: [(number: Int, text: String)]) -> String {
    """
    Several agents proposed how to do the task above. Which proposal is the best? You may vote for any.

    \(list(proposals))

    \(Ballot.form)
    """
  }

  static func moderate(_ proposals: [(number: Int, text: String)]) -> String {
    """
    Several agents proposed how to do the task above, and you decide. Choose one proposal, or write the \
    answer yourself out of the best parts.

    \(list(proposals))

    \(Choice.form(allowsAnswer: true))
    """
  }

  static func judge(count: Int, answers: [(number: Int, text: String)]) -> String {
    """
    \(count) agents did the task above, each on its own. You see what each of them answered and changed.

    \(list(answers, called: "The answer of candidate"))

    Which result is the best? \(Choice.form(allowsAnswer: false))
    """
  }

  private static func list(
    _ proposals: [(number: Int, text: String)], called name: String = "Proposal"
  ) -> String {
    proposals.map { quoted("\(name) \($0.number):", $0.text) }.joined(separator: "\n\n")
  }

  // MARK: - Split

  static func divide(max: Int, capabilities: [String]) -> String {
    let known =
      capabilities.isEmpty
      ? ""
      : " The capabilities that there are: \(capabilities.joined(separator: ", "))."
    return """
      Do not do the task above. Divide it into work items that can be done at the same time by different \
      agents, each in a copy of this folder, and that touch different files. \(WorkItems.form(max: max))\(known)
      """
  }

  static func item(_ prompt: String, number: Int, of count: Int) -> String {
    """
    The task above was divided into \(count) parts, which are done at the same time. Do only part \(number):

    \(prompt)
    """
  }

  // MARK: - All

  /// The results of several members as one text, in the order given.
  static func together(_ results: [(label: String, text: String)]) -> String? {
    if results.isEmpty { return nil }
    return results.map { "## \($0.label)\n\n\($0.text)" }.joined(separator: "\n\n")
  }

}
