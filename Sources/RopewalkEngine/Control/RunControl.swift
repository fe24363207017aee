// Knows which methods a live run's socket has and what each takes. Unaware of how they are carried out.

import RopewalkCore
import RopewalkWire

/// The methods that another terminal may call on a live run.
///
/// ```
/// cancel      {tasks?: [TASK], now?: bool}     status      {}  -> the status object
/// retry       {tasks?: [TASK]}
/// pause       {tasks?: [TASK], drain?: bool}   resume      {tasks?: [TASK]}
/// prioritise  {task: TASK, priority: N}
/// ```
///
/// All but `status` answer `{"accepted": true}` as soon as the engine has been told. No tasks, or an
/// empty list of them, means the whole run.
struct RunControl {
  let execution: RunExecution

  /// A request that says something else than its method takes.
  private struct Refusal: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  func answer(_ method: String, _ params: JSONValue?) -> ControlSocket.Answer {
    do throws(Refusal) {
      switch method {
      case "cancel":
        try check(params, ["tasks", "now"])
        let tasks = try tasks(params)
        execution.cancel(tasks, try bool("now", params) ? .forced : .requested)
      case "retry":
        try check(params, ["tasks"])
        execution.retry(try tasks(params))
      case "pause":
        try check(params, ["tasks", "drain"])
        execution.pause(try tasks(params), drain: try bool("drain", params))
      case "resume":
        try check(params, ["tasks"])
        execution.resume(try tasks(params))
      case "prioritise":
        try check(params, ["task", "priority"])
        execution.prioritise(try task(params?["task"]), try priority(params))
      case "status":
        try check(params, [])
        return try status()
      default: return .failure(code: -32601, "there is no method `\(method)`")
      }
      return .result(["accepted": true])
    } catch {
      return .failure(code: -32602, error.message)
    }
  }

  private func status() throws(Refusal) -> ControlSocket.Answer {
    do throws(SystemError) {
      return .result(try RunStatus.read(execution.folder).report.json)
    } catch {
      return .failure(code: -32000, "\(error)")
    }
  }

  // MARK: - Parameters

  private func check(_ params: JSONValue?, _ names: [String]) throws(Refusal) {
    guard let params else { return }
    guard params.kind == .object else { throw Refusal("the parameters are no object") }
    for member in params.members where !names.contains(member.key) {
      throw Refusal("there is no parameter `\(member.key)`")
    }
  }

  private func bool(_ name: String, _ params: JSONValue?) throws(Refusal) -> Bool {
    guard let value = params?[name] else { return false }
    guard let bool = value.bool else { throw Refusal("`\(name)` is neither true nor false") }
    return bool
  }

  private func tasks(_ params: JSONValue?) throws(Refusal) -> [TaskID]? {
    guard let list = params?["tasks"] else { return nil }
    guard list.kind == .array else { throw Refusal("`tasks` is no list") }
    var tasks: [TaskID] = []
    for element in list.elements { tasks.append(try task(element)) }
    return tasks.isEmpty ? nil : tasks
  }

  private func task(_ value: JSONValue?) throws(Refusal) -> TaskID {
    guard let name = value?.string else { throw Refusal("a task's id is missing, or no text") }
    guard let id = execution.prepared.plan.tasks.first(where: { $0.id.text == name })?.id else {
      throw Refusal("the run has no task `\(name)`")
    }
    return id
  }

  private func priority(_ params: JSONValue?) throws(Refusal) -> Int {
    let range = PlanTask.priorities
    guard let priority = params?["priority"]?.int, range.contains(priority) else {
      throw Refusal(
        "`priority` takes a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return priority
  }
}
