// Knows what a machine must have left so that something more may be started on it.
// Unaware of how it is measured and of what is started.

import RopewalkWire

/// The least that must be left. What is nil is not looked at.
package struct Admission: Sendable, Equatable {
  /// Bytes of memory that programs can still get.
  package var memory: Int?
  /// The highest load of the last minute, for the whole machine.
  package var load: Double?
  /// Bytes free where the run's state and its worktrees are.
  package var disk: Int?

  package static let standard = Admission(memory: 256 << 20, load: nil, disk: 256 << 20)
  package static let none = Admission()
  /// How long a machine may be too busy while nothing of the run is on it. One is started then.
  package static let patience = Duration.seconds(60)
  /// How often a machine is looked at again while something waits for it.
  package static let interval = Duration.seconds(3)

  package init(memory: Int? = nil, load: Double? = nil, disk: Int? = nil) {
    self.memory = memory
    self.load = load
    self.disk = disk
  }

  /// What is short by a reading; nil when something may start. Disk first: without it work is lost.
  ///
  /// A machine that has less in all than is to be left is not waited for: that time never comes.
  package func shortage(_ reading: HostReading) -> Shortage? {
    if let disk, let place = reading.disks.first(where: { $0.free < disk && $0.size >= disk }) {
      return .disk(free: place.free, wanted: disk, path: place.path)
    }
    if let memory, let free = reading.availableMemory, free < memory,
      reading.memory.map({ $0 >= memory }) ?? true
    {
      return .memory(free: free, wanted: memory)
    }
    if let load, let now = reading.load, now > load { return .load(now: now, most: load) }
    return nil
  }

  package enum Shortage: Sendable, Equatable {
    case memory(free: Int, wanted: Int)
    case load(now: Double, most: Double)
    case disk(free: Int, wanted: Int, path: String)

    /// "160 MiB of memory are available and 256 MiB are to be left".
    package var words: String {
      switch self {
      case .memory(let free, let wanted):
        "\(Wording.bytes(free)) of memory are available, and \(Wording.bytes(wanted)) are to be left"
      case .load(let now, let most):
        "the load is \(JSON.double((now * 10).rounded() / 10).text), and at most "
          + "\(JSON.double(most).text) is wanted"
      case .disk(let free, let wanted, let path):
        "\(Wording.bytes(free)) are free at \(path), and \(Wording.bytes(wanted)) are to be left"
      }
    }

    var why: Waiting.Why {
      switch self {
      case .memory: .memory
      case .load: .load
      case .disk: .disk
      }
    }
  }

  /// As a plan has it; sizes in bytes.
  var json: JSON {
    if self == .none { return false }
    let sizes = [("memory", memory), ("disk", disk)].map { name, bytes in
      (name, bytes.map { JSON.string(SizeText.spelt($0)) } ?? false)
    }
    return .object(sizes + [("load", load.map(JSON.double) ?? false)])
  }
}

/// How a machine stands at one moment. What could not be found out is nil, and keeps nobody waiting.
package struct HostReading: Sendable, Equatable {
  package struct Disk: Sendable, Equatable {
    package var path: String
    package var free: Int
    package var size: Int

    package init(path: String, free: Int, size: Int) {
      self.path = path
      self.free = free
      self.size = size
    }
  }

  package var availableMemory: Int?
  /// All that the machine has.
  package var memory: Int?
  package var load: Double?
  package var disks: [Disk]

  package init(
    availableMemory: Int? = nil, memory: Int? = nil, load: Double? = nil, disks: [Disk] = []
  ) {
    self.availableMemory = availableMemory
    self.memory = memory
    self.load = load
    self.disks = disks
  }
}
