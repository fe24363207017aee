// Knows how the attendant is called. Unaware of its work.

import Glibc
import RopewalkWire

guard CommandLine.arguments.count == 2 else {
  Complaint.say("usage: ropewalk-attend FOLDER")
  exit(ExitStatus.usage)
}
exit(attend(folder: CommandLine.arguments[1]))

/// Attends the program of one folder; returns the attendant's exit status.
private func attend(folder path: String) -> Int32 {
  StandardStreams.fillGaps()
  let engine = EngineWatch()
  Signals.reset()
  guard let folder = Folder(path) else {
    Complaint.say("the folder `\(path)` cannot be opened: \(reason(errno))")
    return ExitStatus.unreadable
  }
  if folder.holds(AttemptFiles.end) {
    folder.complain("it holds an end record already; each attempt needs a folder of its own")
    return ExitStatus.unreadable
  }
  switch EndFile.reserve(in: folder) {
  case .failure(let failure):
    folder.complain("no end record could be written: \(reason(failure.errno)); nothing was started")
    return ExitStatus.recordFailed
  case .success(let file):
    // Looked for under the lock, under which it is written.
    if folder.holds(AttemptFiles.abandoned) {
      folder.complain("it was given up before the attendant began; nothing was started")
      return ExitStatus.unreadable
    }
    var attend = Attend(folder: folder, end: file, engine: engine)
    return attend.run()
  }
}
