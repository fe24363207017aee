// Knows how limits and sandboxes stand in a plan. Unaware of how they are enforced.

import RopewalkCore
import Testing

@Suite("limits and sandboxes in a plan")
struct TaskLimitsTests {
  private static let text = """
    { agents: { dev: { runner: 'claude', limits: { memory: '2G', openFiles: 64 }, sandbox: 'none' } },
      defaults: { limits: { memory: '1G', cpuTime: '20m', output: '100M' }, sandbox: 'write-fence' },
      tasks: [{ id: 'a', prompt: 'x', limits: { openFiles: 32, processes: 9, fileSize: '5k' } },
              { id: 'b', prompt: 'x', sandbox: 'write-fence' }] }
    """

  @Test("a task's word stands over its agent's, and that over the defaults")
  func layers() throws {
    let plan = try PlanCase.decode(Self.text).get()
    let (first, second) = (plan.tasks[0], plan.tasks[1])
    #expect(
      plan.limits(of: first, by: plan.agents[0])
        == TaskLimits(
          memory: 2 << 30, cpuTime: .seconds(1200), processes: 9, fileSize: 5 << 10, openFiles: 32,
          output: 100 << 20))
    #expect(plan.limits(of: first, by: nil).memory == 1 << 30)
    #expect(plan.sandbox(of: first, by: plan.agents[0]) == .none)
    #expect(plan.sandbox(of: second, by: plan.agents[0]) == .writeFence)
    #expect(plan.sandbox(of: first, by: nil) == .writeFence)
  }

  @Test("a plan that is written and read again has the same")
  func roundTrip() throws {
    let plan = try PlanCase.decode(Self.text).get()
    #expect(try PlanCase.decode(plan.json.text).get() == plan)
  }

  @Test("prlimit is told hard and soft limits alike")
  func arguments() {
    #expect(
      TaskLimits(
        memory: 1 << 20, cpuTime: .milliseconds(1500), processes: 3, fileSize: 1024, openFiles: 16,
        output: 1
      ).arguments == [
        "--as=1048576:1048576", "--cpu=2:2", "--nproc=3:3", "--fsize=1024:1024", "--nofile=16:16",
      ])
    #expect(TaskLimits(output: 5000).arguments == [])
  }

  @Test(
    "a limit that cannot be is refused with what to write instead",
    arguments: [
      ("memory: '4X'", "`memory` cannot be `4X`"),
      ("memory: 4", "`memory` must be a size such as \"4G\""),
      ("memory: '1k'", "`memory` must be at least 1M"),
      ("cpuTime: '200ms'", "`cpuTime` must be at least 1 s"), ("openFiles: 2", "`openFiles`"),
      ("memroy: '4G'", "did you mean `memory`?"),
    ])
  func refused(limits: String, message: String) {
    let text = PlanCase.refusal(
      of: PlanCase.tasks("{ id: 'a', prompt: 'x', limits: { \(limits) } }"))
    #expect(text.contains(message), "\(text)")
    #expect(text.contains("tasks[0].limits"))
  }

  @Test("a sandbox that there is not is refused by name")
  func sandbox() {
    let text = PlanCase.refusal(
      of: PlanCase.tasks("{ id: 'a', prompt: 'x', sandbox: 'write-fense' }"))
    #expect(text.contains("did you mean `write-fence`?"), "\(text)")
  }

  @Test("sizes are read as they are spelt")
  func sizes() {
    for bytes in [0, 1, 1023, 1024, 4 << 30, 3 << 40, 5000] {
      #expect(SizeText.parse(SizeText.spelt(bytes)) == bytes)
    }
    for text in ["", "G", "-1", "1.5G", "4GB", "99999999T", "٣"] {
      #expect(SizeText.parse(text) == nil)
    }
  }
}
