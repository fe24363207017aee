import Synchronization
import Testing

@testable import RopewalkEngine

@Suite(.timeLimit(.minutes(10))) struct StartGroupTests {
  @Test func nobodyGoesOnBeforeAllAreReady() async {
    let group = StartGroup(count: 3)
    let ready = Counter()
    await withTaskGroup(of: Int.self) { tasks in
      for member in [group.member(), group.member(), group.member()] {
        tasks.addTask {
          ready.count.withLock { $0 += 1 }
          await member.arrive()
          return ready.count.withLock { $0 }
        }
      }
      for await seen in tasks { #expect(seen == 3) }
    }
  }

  private final class Counter: Sendable {
    let count = Mutex(0)
  }

  @Test func whoeverLeavesIsNotWaitedFor() async {
    let group = StartGroup(count: 2)
    group.member().leave()
    await group.member().arrive()
  }

  @Test func aMemberCountsOnceHoweverOftenItLeaves() async {
    let group = StartGroup(count: 3)
    let (first, second, third) = (group.member(), group.member(), group.member())
    first.leave()
    first.leave()
    async let arrived: Void = second.arrive()
    await third.arrive()
    await arrived
    second.leave()
    third.leave()
  }
}
