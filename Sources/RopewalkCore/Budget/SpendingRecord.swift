// Knows what is written down of each ended attempt's spending, for good. Unaware of the file.

import RopewalkWire

/// What one ended attempt used, as the book of spending keeps it across runs.
///
/// ```
/// {"time":"2026-11-21T04:02:51.039Z","run":"20261121-040251-k3f9","repository":"/home/me/app",
///  "task":"api","attempt":1,"agent":"dev","runner":"claude","model":"…","usd":0.25,
///  "source":"reported","tokens":{"input":9,"output":4}}
/// ```
package struct SpendingRecord: Sendable, Equatable {
  package var time: Timestamp
  package var run: String
  /// The top folder of the repository.
  package var repository: String
  package var task: String
  package var attempt: Int
  package var agent: String
  package var runner: String
  /// As the CLI said it, else as the plan asked for it; nil when neither did.
  package var model: String?
  package var usage: AttemptResult.Usage

  package init(
    time: Timestamp, run: String, repository: String, task: String, attempt: Int, agent: String,
    runner: String, model: String?, usage: AttemptResult.Usage
  ) {
    self.time = time
    self.run = run
    self.repository = repository
    self.task = task
    self.attempt = attempt
    self.agent = agent
    self.runner = runner
    self.model = model
    self.usage = usage
  }

  /// One line with its newline.
  package var line: [UInt8] {
    let json = JSON.known([
      ("time", .string(time.description)), ("run", .string(run)),
      ("repository", .string(repository)), ("task", .string(task)), ("attempt", .int(attempt)),
      ("agent", .string(agent)), ("runner", .string(runner)), ("model", model.map(JSON.string)),
      ("usd", usage.cost.usd.map(JSON.double)), ("source", .string(usage.cost.source.rawValue)),
      ("tokens", usage.tokens?.json),
    ])
    return json.bytes + [UInt8(ascii: "\n")]
  }

  /// Reads a line of this or another version back; nil when it is none, or torn.
  ///
  /// Fields that are not known here are passed over, and those that are missing are unknown; only
  /// without a time can a line not be placed.
  package init?(line: ArraySlice<UInt8>) {
    // Why a line is no JSON does not matter: it is counted as unreadable.
    guard let value = (try? JSONDocument(Array(line)))?.root,
      let time = value["time"]?.string.flatMap(Timestamp.init)
    else { return nil }
    let source = value["source"]?.string.flatMap(Cost.Source.init) ?? .unknown
    let usd = source == .unknown ? nil : value["usd"]?.double
    self.init(
      time: time, run: value["run"]?.string ?? "", repository: value["repository"]?.string ?? "",
      task: value["task"]?.string ?? "", attempt: value["attempt"]?.int ?? 0,
      agent: value["agent"]?.string ?? "", runner: value["runner"]?.string ?? "",
      model: value["model"]?.string,
      usage: AttemptResult.Usage(
        tokens: value["tokens"].map(TokenCounts.init), cost: Cost(usd: usd, source: source)))
  }
}
