// Knows what an attempt's processes may use, and how a plan says so. Unaware of how it is enforced.

import RopewalkWire

/// What an attempt may use of the machine; nil is without limit.
package struct TaskLimits: Sendable, Equatable {
  /// Bytes. By default the address space of each process, which is what the system limits for a process, and more
  /// than what it really uses; where control groups can be had, the memory of all of them together.
  package var memory: Int?
  /// Processor time of each process, in whole seconds.
  package var cpuTime: Duration?
  /// Processes and threads of the user's all together, those that ran before included; of the attempt alone where
  /// control groups can be had. Does not bind root otherwise.
  package var processes: Int?
  /// Bytes of any one file that is written.
  package var fileSize: Int?
  /// Descriptors that each process has open.
  package var openFiles: Int?
  /// Bytes that the attempt prints.
  package var output: Int?

  package init(
    memory: Int? = nil, cpuTime: Duration? = nil, processes: Int? = nil, fileSize: Int? = nil,
    openFiles: Int? = nil, output: Int? = nil
  ) {
    self.memory = memory
    self.cpuTime = cpuTime
    self.processes = processes
    self.fileSize = fileSize
    self.openFiles = openFiles
    self.output = output
  }

  /// These, and where one is not set the other's.
  package func over(_ other: TaskLimits) -> TaskLimits {
    TaskLimits(
      memory: memory ?? other.memory, cpuTime: cpuTime ?? other.cpuTime,
      processes: processes ?? other.processes, fileSize: fileSize ?? other.fileSize,
      openFiles: openFiles ?? other.openFiles, output: output ?? other.output)
  }

  package var isEmpty: Bool { self == TaskLimits() }

  /// The arguments by which `prlimit` sets them, hard and soft alike; none when it has nothing to do.
  package var arguments: [String] {
    let limits: [(String, Int?)] = [
      ("as", memory), ("cpu", cpuTime.map { Int($0.seconds.rounded(.up)) }), ("nproc", processes),
      ("fsize", fileSize), ("nofile", openFiles),
    ]
    return limits.compactMap { name, value in value.map { "--\(name)=\($0):\($0)" } }
  }

  /// As the plan's text would have it; nil where there is none.
  var json: JSON? {
    guard !isEmpty else { return nil }
    let size = { (bytes: Int?) in bytes.map { JSON.string(SizeText.spelt($0)) } }
    return .known([
      ("memory", size(memory)), ("cpuTime", cpuTime.map { .string(DurationText.spelt($0)) }),
      ("processes", processes.map(JSON.int)), ("fileSize", size(fileSize)),
      ("openFiles", openFiles.map(JSON.int)), ("output", size(output)),
    ])
  }
}

extension StrictReader {
  private static let limitKeys = Keys(
    owner: "`limits`",
    known: ["memory", "cpuTime", "processes", "fileSize", "openFiles", "output"])

  /// Reads limits. Each has a least value: below it no program would start, so it is more likely a slip.
  mutating func taskLimits(_ value: JSONValue) -> TaskLimits {
    var limits = TaskLimits()
    object(value, Self.limitKeys) { reader, key, value in
      switch key {
      case "memory": limits.memory = reader.size(value, atLeast: 1 << 20)
      case "cpuTime": limits.cpuTime = reader.cpuTime(value)
      case "processes": limits.processes = reader.whole(value, in: 1...4_194_304)
      case "fileSize": limits.fileSize = reader.size(value, atLeast: 1 << 10)
      case "openFiles": limits.openFiles = reader.whole(value, in: 16...1_048_576)
      default: limits.output = reader.size(value, atLeast: 1 << 10)
      }
    }
    return limits
  }

  private mutating func cpuTime(_ value: JSONValue) -> Duration? {
    guard let time = duration(value) else { return nil }
    if time >= .seconds(1) { return time }
    note(
      "\(label) must be at least 1 s", hint: "the system counts it in whole seconds",
      at: value.start)
    return nil
  }

  /// A size in bytes such as `"4G"`.
  private mutating func size(_ value: JSONValue, atLeast least: Int) -> Int? {
    guard value.kind == .string, let text = value.string else {
      wrongType(value, "a size such as \"4G\"", hint: SizeText.rule)
      return nil
    }
    guard let bytes = SizeText.parse(text) else {
      note("\(label) cannot be \(text.quoted)", hint: SizeText.rule, at: value.start)
      return nil
    }
    if bytes >= least { return bytes }
    note(
      "\(label) must be at least \(SizeText.spelt(least))", hint: SizeText.rule, at: value.start)
    return nil
  }
}
