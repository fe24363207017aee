// Knows what a fence must look like to `bwrap`, word for word. Unaware of bwrap.

import RopewalkCore
import Testing

@Suite("the arguments of a write fence")
struct WriteFenceTests {
  @Test("the fence of a worktree is exactly this")
  func whole() {
    var fence = WriteFence(
      home: "/r", common: "/r/.git", records: "/r/.git/ropewalk", worktree: "/r/w/a",
      gitDirectory: "/r/.git/worktrees/a", hasOwnSettings: true, privateFolder: "/p",
      writable: ["/home/u/.claude"], readable: ["/run/resolv.conf"])
    fence.stand = (outside: "/p/task", inside: "/r/.git/ropewalk/task")
    let expected = """
      --ro-bind / / --dev /dev --proc /proc --ro-bind /proc/sys /proc/sys
      --ro-bind-try /proc/sysrq-trigger /proc/sysrq-trigger
      --bind /p/tmp /tmp --tmpfs /run
      --ro-bind /r /r --ro-bind /r/.git /r/.git --tmpfs /r/.git/ropewalk
      --bind /p/task /r/.git/ropewalk/task
      --ro-bind /r/.git/objects /r/.git/ropewalk/objects
      --bind /p/objects /r/.git/objects --ro-bind /p/objects/info /r/.git/objects/info
      --bind /r/w/a /r/w/a --ro-bind /r/w/a/.git /r/w/a/.git
      --bind /r/.git/worktrees/a /r/.git/worktrees/a
      --ro-bind /r/.git/worktrees/a/commondir /r/.git/worktrees/a/commondir
      --ro-bind /r/.git/worktrees/a/gitdir /r/.git/worktrees/a/gitdir
      --ro-bind /r/.git/worktrees/a/config.worktree /r/.git/worktrees/a/config.worktree
      --ro-bind /run/resolv.conf /run/resolv.conf --bind /home/u/.claude /home/u/.claude
      --cap-drop ALL --unshare-pid --unshare-ipc --unshare-uts --die-with-parent --new-session
      """
    #expect(fence.arguments == expected.split { $0.isWhitespace }.map(String.init))
  }

  @Test("without a worktree none of git's folders can be written")
  func noWorktree() {
    let fence = WriteFence(
      home: "/r", common: "/r/.git", records: "/r/.git/ropewalk", worktree: nil, gitDirectory: nil,
      privateFolder: "/p", writable: [], readable: [])
    let words = fence.arguments
    let written = words.indices.filter { words[$0] == "--bind" }.map { words[$0 + 2] }
    #expect(written == ["/tmp", "/r/.git/objects"])
  }
}
