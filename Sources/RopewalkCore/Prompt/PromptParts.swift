// Knows what an agent's prompt is made of. Unaware of where the parts come from.

/// Everything that goes into one prompt.
package struct PromptParts: Sendable, Equatable {
  /// A text that is quoted in the prompt: a file, or what a need answered.
  package struct Quote: Sendable, Equatable {
    /// A file's path, or the id of a task.
    package var name: String
    package var text: String

    package init(_ name: String, _ text: String) {
      self.name = name
      self.text = text
    }
  }

  /// A part that may be cut or summarised; the others are said as they are.
  package enum Place: Sendable, Hashable {
    case project
    case file(Int)
    case need(Int)
  }

  /// The task's own words, names in it resolved.
  package var task: String
  /// The agent's role, as the plan has it.
  package var role: String?
  /// What the task's needs answered, in plan order.
  package var needs: [Quote] = []
  /// The project's standards, by the file that they stand in.
  package var project: Quote?
  /// Files that the plan names.
  package var files: [Quote] = []
  /// Why this agent does the task, as a sentence without its full stop.
  package var agentReason: String?
  /// What has to be said to this kind of agent.
  package var instructions: String?
  package var expectation: Expectation

  package init(task: String, expectation: Expectation) {
    self.task = task
    self.expectation = expectation
  }

  /// Every part that may be cut, in the order in which they are: the project, the longest file first,
  /// then the longest answer first.
  var cuttable: [Place] {
    let longestFirst = { (quotes: [Quote]) in
      quotes.indices.sorted {
        (-quotes[$0].text.utf8.count, $0) < (-quotes[$1].text.utf8.count, $1)
      }
    }
    return (project == nil ? [] : [.project]) + longestFirst(files).map { .file($0) }
      + longestFirst(needs).map { .need($0) }
  }

  /// The text of a part; writing it keeps its name.
  package subscript(place: Place) -> String {
    get {
      switch place {
      case .project: project?.text ?? ""
      case .file(let index): files[index].text
      case .need(let index): needs[index].text
      }
    }
    set {
      switch place {
      case .project: project?.text = newValue
      case .file(let index): files[index].text = newValue
      case .need(let index): needs[index].text = newValue
      }
    }
  }

  /// A part as messages call it: "the output of `schema`".
  package func called(_ place: Place) -> String {
    switch place {
    case .project: "the project's \((project?.name ?? "").quoted)"
    case .file(let index): "the file \(files[index].name.quoted)"
    case .need(let index): "the output of \(needs[index].name.quoted)"
    }
  }
}
