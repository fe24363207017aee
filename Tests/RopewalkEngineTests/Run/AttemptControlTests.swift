import RopewalkCore
import RopewalkEngine
import Synchronization
import Testing

@Suite("The handle of a running attempt")
struct AttemptControlTests {
  /// What a program under way was asked for.
  private final class Asked: Sendable {
    private let list = Mutex<[AttemptRequest]>([])
    var all: [AttemptRequest] { list.withLock { $0 } }
    func take(_ request: AttemptRequest) { list.withLock { $0.append(request) } }
  }

  @Test("each program of the attempt is told what it is asked while it runs, and nothing twice")
  func requests() async {
    let (control, first, second) = (AttemptControl(), Asked(), Asked())
    await control.onRequest(first.take) {
      control.pause()
      control.pause()
      control.resume()
      control.resume()
      control.pause()
    }
    control.resume()
    await control.onRequest(second.take) { control.cancel(.requested) }
    #expect(first.all == [.pause, .resume, .pause])
    #expect(second.all == [.end(.requested)])
  }

  @Test("one that starts in a pause is paused at once, one that starts after the end is ended")
  func atOnce() async {
    let (control, first, second) = (AttemptControl(), Asked(), Asked())
    control.pause()
    #expect(control.isPaused)
    await control.onRequest(first.take) { control.cancel(.requested) }
    await control.onRequest(second.take) { control.resume() }
    #expect(first.all == [.pause, .end(.requested)])
    #expect(second.all == [.end(.requested), .resume])
  }

  @Test("what is about to start waits for the end of a pause, or of the attempt")
  func waiting() async {
    let control = AttemptControl()
    await control.untilResumed()
    for end in [{ control.resume() }, { control.cancel(.requested) }] {
      control.pause()
      async let first: Void = control.untilResumed()
      async let second: Void = control.untilResumed()
      end()
      _ = await (first, second)
    }
    #expect(control.isPaused)
  }

  @Test("the time of all pauses is counted, also of one that lasts")
  func time() {
    let control = AttemptControl()
    #expect(control.pausedFor == .zero)
    control.pause()
    let one = control.pausedFor
    control.resume()
    let two = control.pausedFor
    #expect(two >= one)
    #expect(control.pausedFor == two)
    control.pause()
    #expect(control.pausedFor >= two)
  }
}
